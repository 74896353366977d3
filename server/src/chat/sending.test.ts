import assert from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { house, type House } from './testing/house.ts'

let hub: House
beforeAll(async () => void (hub = await house(inject('cluster'))))
afterEach(() => assert.deepEqual(hub.faults.splice(0), [], 'something broke on the way'))
afterAll(() => hub.close())

async function conversation() {
  const [alice, bob] = [await hub.person('Alice'), await hub.person('Bob')]
  return { alice, bob, ...(await hub.room(alice, bob)) }
}

test('300 people talk at once: no number is missing or given twice, and all hear them in order', async () => {
  const { alice, bob, roomId, heard } = await conversation()
  const sent = await Promise.all(Array.from({ length: 300 }, (_, i) => (i % 2 ? alice : bob).say(roomId, `word ${i}`)))
  const all = Array.from({ length: 300 }, (_, i) => i + 1)
  assert.deepEqual(
    sent.map(({ seq }) => seq).sort((one, other) => one - other),
    all,
  )
  assert.deepEqual(
    heard.map(({ seq }) => seq),
    all,
  )
  const { rows } = await sql<{ seq: number }>`select seq from message where room_id = ${roomId} order by seq`.execute(hub.db)
  assert.deepEqual(
    rows.map(({ seq }) => seq),
    all,
  )
})

test('a send costs the same among ten and among ten thousand', async () => {
  const cost = async (size: number) => {
    const { alice, bob, roomId } = await conversation()
    await sql`insert into seat (account_id, room_id, joined_seq, from_seq, role, read_seq)
      select gen_random_uuid(), ${roomId}, 0, 1, 'member', 0 from generate_series(3, ${size})`.execute(hub.db)
    hub.statements.length = 0
    const { id } = await alice.say(roomId, 'to all of you, and Bob', { mentions: [bob.accountId] })
    const statements = hub.statements.filter((statement) => !['begin', 'commit'].includes(statement))
    return { statements, rows: await rowsWrittenWith(id) }
  }
  const [few, many] = [await cost(10), await cost(10_000)]
  assert.deepEqual(many, few)
  // What there is to know; the number; the message with its search entry and mention; the journal.
  assert.equal(few.statements.length, 4, few.statements.join('\n'))
  assert.equal(few.rows, 5)
})

/** By the transaction that wrote a message, in all tables. */
async function rowsWrittenWith(messageId: string): Promise<number> {
  const { rows: tables } = await sql<{ name: string }>`
    select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`.execute(hub.db)
  let count = 0
  for (const { name } of tables) {
    const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(name)} as any_row
      where any_row.xmin = (select xmin from message where id = ${messageId})`.execute(hub.db)
    count += rows[0]!.count
  }
  return count
}
