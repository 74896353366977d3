// One message to a room that a thousand people have on screen: what each delivery costs the hub and its database.
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Witness } from '../faults/witness.ts'
import { addPeople, addRooms } from './crowd.ts'
import { benchHub, helper } from './processes.ts'
import { alternate, cpuSeconds, report } from './rig.ts'
import type { Answer, Order } from './sinks.ts'

const members = 1_000
const perSecond = 20
const roundMs = 5_000

const { hub, db, stop } = await benchHub()
const people = await addPeople(db, members)
const [roomId] = await addRooms(db, [{ members: people }])
const listeners = helper<Order, Answer>('sinks.ts')
await listeners.ask({
  order: 'connect',
  url: hub.url,
  kind: 'hub',
  clients: people.map(({ cookie }) => ({ cookie, topics: [`room:${roomId}`] })),
  atOnce: 50,
})
const speakers = await Promise.all(
  people.slice(0, 4).map((one, n) => new Witness({ url: hub.url, cookie: one.cookie, name: `speaker ${n}` }).open([])),
)

const bare = fork(join(import.meta.dirname, 'bare.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
const { port } = await new Promise<{ port: number }>((resolve) => bare.once('message', resolve as never))
const bareListeners = helper<Order, Answer>('sinks.ts')
await bareListeners.ask({
  order: 'connect',
  url: `http://127.0.0.1:${port}`,
  kind: 'bare',
  clients: people.map(() => ({ cookie: '', topics: [] })),
  atOnce: 50,
})

const latencies: number[] = []
let bytesPerFrame = 400

/** Microseconds of CPU per frame that arrived. */
async function ours(): Promise<number> {
  await listeners.ask({ order: 'count' })
  const before = cpuSeconds([hub.pid])
  await onSchedule((n) => speakers[n % speakers.length]!.send(roomId!, `due ${Date.now()} ${'and so on '.repeat(8)}`))
  const spent = cpuSeconds([hub.pid]) - before
  const counted = await counts(listeners)
  if (counted.frames !== members * ((perSecond * roundMs) / 1_000) || counted.outOfOrder > 0)
    throw new Error(`${counted.frames} frames arrived, ${counted.outOfOrder} out of order`)
  latencies.push(...counted.latenciesMs)
  bytesPerFrame = counted.bytes / counted.frames
  return (spent * 1e6) / counted.frames
}

async function baseline(): Promise<number> {
  await bareListeners.ask({ order: 'count' })
  const before = cpuSeconds([bare.pid!])
  await onSchedule(
    (n) =>
      new Promise((resolve) => {
        bare.once('message', resolve)
        bare.send({ broadcast: `{"seq":${n + 1}}`.padEnd(bytesPerFrame, 'x') })
      }),
  )
  const spent = cpuSeconds([bare.pid!]) - before
  const { frames } = await counts(bareListeners)
  return (spent * 1e6) / frames
}

async function onSchedule(send: (n: number) => Promise<unknown>): Promise<void> {
  const begun = performance.now()
  const sent: Promise<unknown>[] = []
  for (let n = 0; n < (perSecond * roundMs) / 1_000; n++) {
    await sleep(Math.max(0, begun + (n * 1_000) / perSecond - performance.now()))
    sent.push(send(n))
  }
  await Promise.all(sent)
  await sleep(500) // what was sent last arrives
}
const counts = (those: typeof listeners) => those.ask<Extract<Answer, { answer: 'count' }>>({ order: 'count' })

await ours() // warms both up, and tells how large a frame is
await baseline()
latencies.length = 0
const figures = await alternate(5, baseline, ours)
const isReached = report('Chat fan-out', [
  {
    what: `CPU of hub and database per delivered message, ${members} on screen, ${perSecond} sends/s`,
    unit: 'µs',
    ours: figures.ours,
    baseline: { what: `bare ws broadcast of ${bytesPerFrame.toFixed(0)} bytes with one committed insert`, values: figures.baseline },
    reach: { atMost: 1.4 },
  },
  { what: 'latency from the due time to the screen', unit: 'ms', ours: latencies },
])
for (const speaker of speakers) await speaker.close()
await listeners.ask({ order: 'close' })
await bareListeners.ask({ order: 'close' })
bare.kill('SIGTERM')
await stop()
process.exit(isReached ? 0 : 1)
