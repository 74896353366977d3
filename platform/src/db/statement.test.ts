import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { cloneDatabase } from '../testing/index.ts'
import { inOneGo } from './pipelined.ts'
import { statement } from './statement.ts'

let house: Awaited<ReturnType<typeof cloneDatabase>>
const texts: string[] = []
beforeAll(async () => {
  house = await cloneDatabase(inject('cluster'), (event) => void (event.level === 'query' && texts.push(event.query.sql)))
})
afterAll(() => house.close())

const greeting = statement<{ who: string; times: number }, { saidToWhom: string; fixed: number }>(
  ({ who, times }) => sql`select repeat(${who}::text, ${times}::int) || ${who} as said_to_whom, ${7}::int as fixed`,
)

test('a statement is put together once, and answers what is put into it each time', async () => {
  assert.deepEqual(await greeting(house.db, { who: 'Ada ', times: 2 }), [{ saidToWhom: 'Ada Ada Ada ', fixed: 7 }])
  assert.deepEqual(await greeting(house.db, { who: 'Bo', times: 1 }), [{ saidToWhom: 'BoBo', fixed: 7 }])
  const [first, second] = texts.slice(-2)
  assert.equal(first, second)
})

test('what is asked in one go is answered by one connection, in that order; of what fails the first is told when all is answered', async () => {
  const pid = (at: typeof house.db) => sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(at)
  const [one, other] = await inOneGo(house.db, (at) => [pid(at), pid(at)])
  assert.equal(one.rows[0]!.pid, other.rows[0]!.pid)

  const answered: string[] = []
  const asked = (at: typeof house.db, text: string) =>
    sql`select ${sql.raw(text)}`.execute(at).finally(() => void answered.push(text)) as Promise<unknown>
  await assert.rejects(
    inOneGo(house.db, (at) => [asked(at, '1'), asked(at, '1/0'), asked(at, '2')]),
    /division by zero/,
  )
  assert.deepEqual(answered.toSorted(), ['1', '1/0', '2'])
})
