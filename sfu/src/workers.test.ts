import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { afterEach, beforeEach, test } from 'vitest'
import { jsonLog } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import { usualProgram } from './testing/node.ts'
import { Workers } from './workers.ts'

const program = usualProgram()
beforeEach(({ skip }) => skip(!existsSync(program), 'needs the media worker'))
const open: Workers[] = []
afterEach(() => open.splice(0).forEach((workers) => workers.stop()))
function workers(more: Partial<ConstructorParameters<typeof Workers>[0]> = {}): Workers {
  const made = new Workers({ program, max: 2, listening: [{ ip: '127.0.0.1' }], firstPort: 0, log: jsonLog('silent'), ...more })
  open.push(made)
  return made
}
const portsOf = async ({ server }: Awaited<ReturnType<Workers['take']>>) => {
  const { udpSockets, tcpServers } = await server.dump()
  return [...udpSockets, ...tcpServers].map(({ port }) => port)
}

test('one worker waits; a second begins with the second meeting, and there are no more than allowed', async () => {
  const all = workers()
  const first = await all.take()
  assert.equal(await all.take(), first)
  first.peers = 2
  const second = await all.take()
  assert.notEqual(second, first)
  second.peers = 1
  assert.equal(await all.take(), second)
  assert.deepEqual(
    all.running.map(({ n }) => n),
    [0, 1],
  )
})

test('meetings that begin at once do not start a worker each', async () => {
  const all = workers({ max: 8 })
  assert.equal(new Set(await Promise.all([all.take(), all.take(), all.take()])).size, 1)
})

// Below the ports that the kernel gives away: a test beside this one may have been given any of those.
test('each worker has the next port, for UDP and TCP', async () => {
  const all = workers({ firstPort: 25_310 })
  const first = await all.take()
  first.peers = 1
  assert.deepEqual(await portsOf(first), [25_310, 25_310])
  assert.deepEqual(await portsOf(await all.take()), [25_311, 25_311])
})

test('a port that was chosen and is taken is an error; one that nobody chose is another one', async () => {
  await workers({ firstPort: 25_320 }).take()
  await assert.rejects(workers({ firstPort: 25_320 }).take())
  await workers({ firstPort: null }).take()
  const [udp] = await portsOf(await workers({ firstPort: null }).take())
  assert.notEqual(udp, 40_000)
})

test('the only worker dies: another one takes its number and its port, before anybody asks', async () => {
  const all = workers({ firstPort: 25_330 })
  const first = await all.take()
  process.kill(first.worker.pid, 'SIGKILL')
  await until('another runs', () => all.running.some(({ worker }) => worker.pid !== first.worker.pid))
  assert.deepEqual(await portsOf(all.running[0]!), [25_330, 25_330])
})

test('what is stopped starts nothing more', async () => {
  const all = workers()
  const { worker } = await all.take()
  all.stop()
  await until('the process is gone', () => worker.subprocessClosed)
  assert.deepEqual(all.running, [])
})
