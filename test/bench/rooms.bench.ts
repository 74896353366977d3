// What one send asks of the database, among ten members and among ten thousand.
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { openDatabase, workshop } from '@atrium/platform'
import { composed } from './composed.ts'
import { addPeople, addRooms } from './crowd.ts'
import { median, report } from './rig.ts'

const sizes = [10, 100, 1_000, 10_000]
const sends = 50

const product = await composed()
const roomIds: string[] = []
let speaker = ''
// On a connection of its own: what it wrote is counted when it is gone.
await counted(async (db) => {
  const people = await addPeople(db, Math.max(...sizes))
  speaker = people[0]!.accountId
  const rooms = sizes.map((size) => ({ members: people.slice(0, size), said: 100 }))
  roomIds.push(...(await addRooms(db, rooms)))
})

interface Work {
  statements: number
  written: number
  read: number
  ms: number
}

/** Statements are counted as they leave the process; rows by the server, which has counted a connection when it is closed. */
async function workOf(roomId: string): Promise<Work> {
  let statements = 0
  const times: number[] = []
  const before = await rows()
  await counted(
    async (db) => {
      const send = product.sender(workshop(db, product.bus))
      for (let n = 0; n < sends; n++) {
        const begun = performance.now()
        await send(speaker, roomId, `word ${n}`)
        times.push(performance.now() - begun)
      }
    },
    () => void statements++,
  )
  const after = await rows()
  const each = (count: number) => Math.round((count / sends) * 10) / 10
  return {
    statements: each(statements),
    written: each(after.written - before.written),
    read: each(after.read - before.read),
    ms: median(times),
  }
}

async function counted(run: (db: typeof product.db) => Promise<void>, onStatement: () => void = () => {}): Promise<void> {
  const db = openDatabase({ ...product.connection, max: 1 }, onStatement)
  const connection = await pidOf(db)
  await run(db)
  await db.destroy()
  while (await isThere(connection)) await sleep(10)
}

async function pidOf(db: typeof product.db): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)
  return rows[0]!.pid
}
async function isThere(pid: number): Promise<boolean> {
  const { rows } = await sql`select from pg_stat_activity where pid = ${pid}`.execute(product.db)
  return rows.length > 0
}
async function rows(): Promise<{ written: number; read: number }> {
  const { rows } = await sql<{ written: number; read: number }>`
    select sum(n_tup_ins + n_tup_upd + n_tup_del) as written, sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as read
    from pg_stat_user_tables
    where relname in ('message', 'topic', 'receipt', 'search_entry', 'mention', 'seat', 'room') or relname like 'journal%'`.execute(
    product.db,
  )
  return { written: Number(rows[0]!.written), read: Number(rows[0]!.read) }
}

const works: Work[] = []
for (const roomId of roomIds) works.push(await workOf(roomId))
const few = works[0]!
const many = works.at(-1)!
console.log('\n  members   statements   rows written   rows read   ms')
for (const [i, { statements, written, read, ms }] of works.entries())
  console.log(
    `  ${`${sizes[i]}`.padEnd(9)} ${`${statements}`.padEnd(12)} ${`${written}`.padEnd(14)} ${`${read}`.padEnd(11)} ${ms.toFixed(2)}`,
  )

const equal = (what: string, of: (work: Work) => number) => ({
  what: `${what} of one send among 10,000`,
  unit: '',
  ours: [of(many)],
  baseline: { what: 'among 10', values: [of(few)] },
  reach: { atMost: 1 },
})
const isReached = report('One send and the size of its room', [
  equal('statements', ({ statements }) => statements),
  equal('rows written', ({ written }) => written),
  equal('rows read', ({ read }) => read),
])
await product.close()
process.exit(isReached ? 0 : 1)
