// How long `npm start` takes until the first page is served, and what the idle hub weighs.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@atrium/infra/servers'
import { embeddedPostgres } from '@atrium/platform'
import { pssMiB, report } from './rig.ts'

const checkout = join(import.meta.dirname, '../..')
const compiled = join(checkout, 'node_modules/.cache/compiled')
const rounds = 5
const idleMs = 60_000
// A terminal of somebody who starts Atrium knows nothing of the programs that npm put beside the sources.
const env = { ...process.env, PATH: process.env['PATH']!.replaceAll(/[^:]*node_modules[^:]*:/g, '') }

// Whatever is missing or older than its sources is built now, not while it is measured.
await ended(spawn('npm', ['run', 'build'], { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] }))

const folder = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
const first: number[] = []
const again: number[] = []
const npms: number[] = []
const databases: number[] = []
for (let round = 0; round < rounds; round++) {
  const start = () => startUntilPage(['npm', 'start', '--', '--data', join(folder, `data-${round}`)])
  // What the last start compiled would be there no more than its data: only what the build left.
  await rm(compiled, { recursive: true, force: true })
  await ended(spawn(process.execPath, ['infra/compile.mjs'], { cwd: checkout, stdio: 'ignore' }))
  for (const times of [first, again]) {
    const hub = await start()
    times.push(hub.seconds)
    await hub.stop()
  }
  npms.push(await seconds(() => ended(spawn('npm', ['run', 'nothing', '--if-present'], { cwd: checkout, stdio: 'ignore', env }))))
  databases.push(await seconds(() => startDatabase(join(folder, `bare-${round}`))))
}

const idle = await startUntilPage([process.execPath, 'server/src/main.ts', '--data', join(folder, 'data-0')])
await sleep(idleMs)
const memory = pssMiB([idle.pid])
await idle.stop()
await rm(folder, { recursive: true })

const isReached = report('Start and weight', [
  { what: '`npm start` → first page, new data directory', unit: 's', ours: first, reach: { atMost: 3 } },
  { what: '`npm start` → first page, existing data directory', unit: 's', ours: again, reach: { atMost: 1.5 } },
  { what: 'of each, npm itself', unit: 's', ours: npms },
  { what: 'of the first, creating and starting PostgreSQL', unit: 's', ours: databases },
  { what: `memory (PSS) of hub and database, ${idleMs / 1_000} s after start`, unit: 'MiB', ours: [memory], reach: { atMost: 200 } },
])
process.exitCode = isReached ? 0 : 1

async function startUntilPage([program, ...args]: string[]) {
  const port = await freePort()
  const begun = performance.now()
  const child = spawn(program!, [...args, '--port', `${port}`], { cwd: checkout, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const end = ended(child)
  for (;;) {
    const page = await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => (response.ok ? response.text() : ''),
      () => '',
    )
    if (page.includes('<html')) break
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode} before it served a page: ${complaints}`)
    await sleep(5)
  }
  return {
    seconds: (performance.now() - begun) / 1_000,
    pid: child.pid!,
    async stop() {
      child.kill('SIGTERM')
      await end
    },
  }
}

async function startDatabase(dir: string): Promise<void> {
  const database = await embeddedPostgres({
    dir,
    onLost: (error) => {
      throw error
    },
  })
  await database.close()
}

async function seconds(run: () => Promise<void>): Promise<number> {
  const begun = performance.now()
  await run()
  return (performance.now() - begun) / 1_000
}

function ended(child: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve) => child.once('exit', () => resolve()))
}
