import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { found } from '@atrium/platform/testing/programs'
import { freePort, program, type Program } from './program.ts'
import { answers } from './redis.ts'

const module = '/usr/lib/nginx/modules/ngx_rtmp_module.so'
/** nginx with its RTMP module, as Debian has it. */
export const rtmpProgram = () => (existsSync(module) ? found('nginx') : undefined)

/** As root, its workers would be somebody else's, who may not write where we look. */
const userLine = () => (process.getuid?.() === 0 ? 'user root;' : '')
const configuration = (port: number, folder: string) => `
load_module ${module};
${userLine()}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
rtmp {
  log_format said '$command $tcurl';
  access_log ${folder}/said.log said;
  server {
    listen 127.0.0.1:${port};
    application live {
      live on;
      record all;
      record_path ${folder}/recorded;
      record_unique on;
    }
  }
}
`

/** A real RTMP server on loopback, which keeps all that it is sent. `port`: the one it had before, for who stops it and starts it again. */
export async function rtmp(options: { port?: number } = {}) {
  const command = rtmpProgram()
  if (!command) throw new Error('needs nginx with its RTMP module')
  const folder = await mkdtemp(join(tmpdir(), 'atrium-rtmp-'))
  const recorded = join(folder, 'recorded')
  await mkdir(recorded)
  const port = options.port ?? (await freePort())
  await writeFile(join(folder, 'nginx.conf'), configuration(port, folder))
  const start = () =>
    program('nginx', command, ['-p', folder, '-c', 'nginx.conf', '-e', `${folder}/error.log`], { isReady: () => answers(port) })
  let running: Program = await start()
  return {
    url: `rtmp://127.0.0.1:${port}/live`,
    port,
    /** What it kept, oldest first; the stream's key begins the file's name. */
    files: async () => (await readdir(recorded)).sort().map((name) => join(recorded, name)),
    /** As what it was addressed, by everybody who has gone by now. */
    addressedAs: async () =>
      (await readFile(join(folder, 'said.log'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[1] ?? ''),
    /** Everybody is cut off, and nobody comes in. */
    down: () => running.stop('SIGTERM', 1_000),
    async up() {
      running = await start()
    },
    async stop() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
