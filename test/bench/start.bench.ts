// How long `npm start` takes until the first page is served, and what the idle hub weighs.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pssMiB, report } from './rig.ts'

const checkout = join(import.meta.dirname, '../..')
const rounds = 5
const idleMs = 60_000

const folder = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
const first: number[] = []
const again: number[] = []
for (let round = 0; round < rounds; round++) {
  const data = join(folder, `data-${round}`)
  for (const times of [first, again]) {
    const hub = await startUntilPage(['npm', 'start', '--', '--data', data], {})
    times.push(hub.seconds)
    await hub.stop()
  }
}

const idle = await startUntilPage([process.execPath, 'server/src/main.ts'], { ATRIUM_DATA: join(folder, 'data-0') })
await sleep(idleMs)
const memory = pssMiB([idle.pid])
await idle.stop()
await rm(folder, { recursive: true })

const isReached = report('Start and weight', [
  { what: '`npm start` → first page, new data directory', unit: 's', ours: first, reach: { atMost: 3 } },
  { what: '`npm start` → first page, existing data directory', unit: 's', ours: again, reach: { atMost: 1.5 } },
  { what: `memory (PSS) of hub and database, ${idleMs / 1_000} s after start`, unit: 'MiB', ours: [memory], reach: { atMost: 200 } },
])
process.exitCode = isReached ? 0 : 1

async function startUntilPage([program, ...args]: string[], env: Record<string, string>) {
  const port = await freePort()
  const begun = performance.now()
  const child = spawn(program!, program === 'npm' ? [...args, '--port', `${port}`] : args, {
    cwd: checkout,
    env: { ...process.env, ...env, ATRIUM_PORT: `${port}` },
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  for (;;) {
    const page = await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => (response.ok ? response.text() : ''),
      () => '',
    )
    if (page.includes('<html')) break
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode} before it served a page`)
    await sleep(5)
  }
  return {
    seconds: (performance.now() - begun) / 1_000,
    pid: child.pid!,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
