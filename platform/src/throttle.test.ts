import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { cloneDatabase } from './testing/index.ts'
import { forgetStrikes, throttle, type Count } from './throttle.ts'

let house: Awaited<ReturnType<typeof cloneDatabase>>
beforeAll(async () => {
  house = await cloneDatabase(inject('cluster'))
})
afterAll(() => house.close())

const three = { times: 3, perMs: 3_000 }

test('a bucket gives what it holds at once, then as it fills up again', () => {
  let time = 0
  const { take } = throttle(house.db, () => time)
  assert.deepEqual(
    [1, 2, 3, 4].map(() => take('alice', three)),
    [0, 0, 0, 1_000],
  )
  assert.equal(take('bob', three), 0, 'everyone has one')
  time = 500
  assert.equal(take('alice', three), 500)
  time = 1_000
  assert.deepEqual([take('alice', three), take('alice', three)], [0, 1_000])
  time = 600_000
  assert.deepEqual(
    [1, 2, 3, 4].map(() => take('alice', three)),
    [0, 0, 0, 1_000],
    'never more than it holds',
  )
})

test('wrong tries are counted for all processes together, fade with time, and are forgiven', async () => {
  const [here, there] = [throttle(house.db), throttle(house.db)]
  const hour = { times: 3, perMs: 3_600_000 }
  const [alice, bob] = [
    { key: 'alice', rate: hour },
    { key: 'bob', rate: { times: 30, perMs: 3_600_000 } },
  ]
  const wait = async (...counts: Count[]) => (await here.check(counts)).retryAfterMs
  assert.deepEqual(await here.check([alice, bob]), { retryAfterMs: 0, struck: [] })
  await Promise.all([here.hit([alice, bob]), there.hit([bob, alice]), there.hit([alice])])
  const waitMs = await wait(bob, alice)
  assert.ok(waitMs > 1_190_000 && waitMs <= 1_200_000, `${waitMs}`)
  assert.equal(await wait(bob), 0, 'each by its own rate')
  assert.deepEqual((await there.check([alice, bob])).struck.toSorted(), ['alice', 'bob'])

  await sql`update strike set at = at - interval '20 minutes' where key = 'alice'`.execute(house.db)
  assert.equal(await wait(alice), 0, 'one of the three has faded')
  await there.hit([alice])
  assert.ok((await wait(alice)) > 1_190_000)

  await here.clear(['alice', 'nobody'])
  assert.deepEqual(await there.check([alice, bob]), { retryAfterMs: 0, struck: ['bob'] })
  await there.clear(['bob'])
})

test('what nobody counts any more is forgotten', async () => {
  const { hit } = throttle(house.db)
  await hit([{ key: 'old', rate: three }])
  await hit([{ key: 'new', rate: three }])
  await sql`update strike set at = at - interval '2 days' where key = 'old'`.execute(house.db)
  await forgetStrikes(house.db)
  const { rows } = await sql<{ key: string }>`select key from strike`.execute(house.db)
  assert.deepEqual(rows, [{ key: 'new' }])
})
