// How many sends a second are on the disk, asked at `dispatch`, beside bare inserts; and what sharing commits brings in one busy room.
import { sql } from 'kysely'
import { openDatabase, workshop } from '@atrium/platform'
import { composed, type Send } from './composed.ts'
import { addPeople, addRooms } from './crowd.ts'
import { alternate, cpuSeconds, report } from './rig.ts'

const senders = 50
const connections = 10
const roundMs = 2_000

const product = await composed()
const people = await addPeople(product.db, senders)
const ownRooms = await addRooms(
  product.db,
  people.map((one) => ({ members: [one] })),
)
const [shared] = await addRooms(product.db, [{ members: people }])

const bare = openDatabase({ ...product.connection, max: connections })
await sql`create table said (id bigserial primary key, room_id uuid not null, author_id uuid not null, body text not null, at timestamptz not null default now())`.execute(
  bare,
)
const words = 'the tide turns and the harbour light comes on'

/** How often a second `count` loops come round; into `micros` goes the CPU time of each round, of ours and the database's processes. */
async function perSecond(count: number, once: (n: number) => Promise<unknown>, micros: number[] = []): Promise<number> {
  let done = 0
  const cpu = cpuSeconds([process.pid])
  const begun = performance.now()
  const until = begun + roundMs
  const loop = async (n: number) => {
    for (; performance.now() < until; done++) await once(n)
  }
  await Promise.all(Array.from({ length: count }, (_, n) => loop(n)))
  const ms = performance.now() - begun
  micros.push(((cpuSeconds([process.pid]) - cpu) * 1e6) / done)
  return (done * 1_000) / ms
}
const insert = (n: number) =>
  sql`insert into said (room_id, author_id, body) values (${shared}, ${people[n]!.accountId}, ${words})`.execute(bare)
const inserts = (micros?: number[]) => () => perSecond(connections, insert, micros)
const inOwnRooms = (send: Send, micros?: number[]) => () =>
  perSecond(senders, (n) => send(people[n]!.accountId, ownRooms[n]!, words), micros)
const inOneRoom = (send: Send) => () => perSecond(senders, (n) => send(people[n]!.accountId, shared!, words))

const send = product.sender()
const sendAlone = product.sender(workshop(product.db, product.bus, { lanes: connections, maxTogether: 1 }))
for (const warmUp of [inserts(), inOwnRooms(send), inOneRoom(send), inOneRoom(sendAlone)]) await warmUp()
const cpu = { ours: [] as number[], baseline: [] as number[] }
const many = await alternate(5, inserts(cpu.baseline), inOwnRooms(send, cpu.ours))
const one = await alternate(5, inOneRoom(sendAlone), inOneRoom(send))

const isReached = report('Durable sends', [
  {
    what: `${senders} senders in ${senders} rooms`,
    unit: 'sends/s',
    ours: many.ours,
    baseline: { what: `bare inserts of one row each on ${connections} connections`, values: many.baseline },
    reach: { atLeast: 0.2 },
  },
  {
    what: 'CPU time of one send in many rooms',
    unit: 'µs',
    ours: cpu.ours,
    baseline: { what: 'of one bare insert', values: cpu.baseline },
  },
  {
    what: `${senders} senders in one room`,
    unit: 'sends/s',
    ours: one.ours,
    baseline: { what: 'the same with one transaction each', values: one.baseline },
    reach: { atLeast: 2 },
  },
])
await bare.destroy()
await product.close()
process.exit(isReached ? 0 : 1)
