import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { found } from '@atrium/platform/testing/programs'
import { freePort, program } from './program.ts'

export const redisProgram = () => found('redis-server')

/** A real Redis on loopback, without anything on disk. `port`: the one it had before, for who stops it and starts it again. */
export async function redis(options: { port?: number } = {}) {
  const command = redisProgram()
  if (!command) throw new Error('needs redis-server')
  const folder = await mkdtemp(join(tmpdir(), 'atrium-redis-'))
  const port = options.port ?? (await freePort())
  const running = await program(
    'Redis',
    command,
    ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    {
      isReady: () => answers(port),
    },
  )
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: running.pid,
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      await running.stop(signal)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Something accepts connections there. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    socket.once('connect', () => socket.end(() => resolve(true)))
    socket.once('error', () => resolve(false))
  })
}
