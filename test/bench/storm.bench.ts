// Two thousand people lose the connection at once and come back at once: how long until all of them know everything?
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { sql } from 'kysely'
import { Witness } from '../faults/witness.ts'
import { addPeople, addRooms } from './crowd.ts'
import { benchHub, helper } from './processes.ts'
import { alternate, cpuSeconds, report } from './rig.ts'
import type { StormAnswer, StormOrder } from './storm-clients.ts'

const clientCount = 2_000
const topicsEach = 20
const roomCount = 200
/** One room in ten hears something while they are away. */
const stirred = roomCount / 10

const { hub, db, stop } = await benchHub()
const people = await addPeople(db, clientCount)
const roomsOf = (n: number) => Array.from({ length: topicsEach }, (_, i) => (n * 7 + i * 11) % roomCount)
const roomIds = await addRooms(
  db,
  Array.from({ length: roomCount }, (_, room) => ({ members: people.filter((_, n) => n === 0 || roomsOf(n).includes(room)) })),
)
const { rows } = await sql<{ id: string }>`select id from epoch`.execute(db)

const crowd = helper<StormOrder, StormAnswer>('storm-clients.ts')
await crowd.ask({
  order: 'connect',
  url: hub.url,
  kind: 'hub',
  epoch: rows[0]!.id,
  clients: people.map(({ cookie }, n) => ({ cookie, topics: roomsOf(n).map((room) => `room:${roomIds[room]}`) })),
})
const speaker = await new Witness({ url: hub.url, cookie: people[0]!.cookie, name: 'speaker' }).open([])

const bare = fork(join(import.meta.dirname, 'bare.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
const { port } = await new Promise<{ port: number }>((resolve) => bare.once('message', resolve as never))
const bareCrowd = helper<StormOrder, StormAnswer>('storm-clients.ts')
await bareCrowd.ask({
  order: 'connect',
  url: `http://127.0.0.1:${port}`,
  kind: 'bare',
  epoch: '',
  clients: people.map(() => ({ cookie: '', topics: [] })),
})

let lost = 0
let twice = 0
/** What a client that comes back costs server and database, in microseconds of CPU. */
const cpu = { ours: [] as number[], baseline: [] as number[] }
async function costing<T>(side: 'ours' | 'baseline', pid: number, run: () => Promise<T>): Promise<T> {
  const before = cpuSeconds([pid])
  const result = await run()
  cpu[side].push(((cpuSeconds([pid]) - before) / clientCount) * 1e6)
  return result
}

async function ours(): Promise<number> {
  await crowd.ask({ order: 'drop' })
  for (let n = 0; n < stirred; n++) await speaker.send(roomIds[n * 10]!, 'while you were away')
  const { rows: standings } = await sql<{ name: string; seq: number }>`select name, seq from topic where name like 'room:%'`.execute(db)
  const newest = Object.fromEntries(standings.map(({ name, seq }) => [name, seq]))
  const level = await costing('ours', hub.pid, () => crowd.ask<Level>({ order: 'return', newest }))
  lost += level.lost
  twice += level.twice
  return level.ms
}
async function baseline(): Promise<number> {
  await bareCrowd.ask({ order: 'drop' })
  return (await costing('baseline', bare.pid!, () => bareCrowd.ask<Level>({ order: 'return', newest: {} }))).ms
}
type Level = Extract<StormAnswer, { answer: 'level' }>

// The first of each compiles what the others run.
await ours()
await baseline()
for (const side of ['ours', 'baseline'] as const) cpu[side].splice(0)
const figures = await alternate(5, baseline, ours)
const isReached = report('Reconnect storm', [
  {
    what: `${clientCount} clients with ${topicsEach} topics each, dropped at once, until all are level`,
    unit: 'ms',
    ours: figures.ours,
    baseline: { what: 'bare handshakes plus one query each', values: figures.baseline },
    reach: { atMost: 2 },
  },
  {
    what: 'CPU of server and database for each of them',
    unit: 'µs',
    ours: cpu.ours,
    baseline: { what: 'bare handshakes plus one query each', values: cpu.baseline },
  },
  { what: 'facts that somebody never got', unit: '', ours: [lost], reach: { atMost: 0 } },
  { what: 'facts that somebody got twice', unit: '', ours: [twice], reach: { atMost: 0 } },
])
await speaker.close()
crowd.end()
bareCrowd.end()
bare.kill('SIGTERM')
await stop()
process.exit(isReached ? 0 : 1)
