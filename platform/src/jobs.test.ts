import assert from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, beforeEach, inject, test } from 'vitest'
import { sql } from 'kysely'
import { memoryBus } from './bus/memory.ts'
import { enqueue, jobs, maxTries, withdraw, type Jobs } from './jobs.ts'
import type { Line } from './log.ts'
import { cloneDatabase, until } from './testing/index.ts'
import { workshop } from './work.ts'

let house: Awaited<ReturnType<typeof cloneDatabase>>
beforeAll(async () => {
  house = await cloneDatabase(inject('cluster'))
})
afterAll(() => house.close())
beforeEach(() => sql`truncate job, job_round`.execute(house.db))

const never = 3_600_000
const open: Jobs[] = []
afterEach(() => Promise.all(open.splice(0).map((each) => each.drain())))

function process(bus = memoryBus({ onBug: (error) => assert.fail(String(error)) }), more: { lookEveryMs?: number } = {}) {
  const logged: Line[] = []
  const line = (entry: Line) => void logged.push(entry)
  const log = { debug: line, info: line, warn: line, error: line, of: () => log }
  const queue = jobs({ db: house.db, bus, log, lookEveryMs: never, pauseMs: () => 0, ...more })
  open.push(queue)
  const { work } = workshop(house.db, bus)()
  const ask = (payload: unknown, how?: { runAt?: Date }) => work((tx) => enqueue(tx, 'greet', payload, how))
  return { queue, work, ask, logged }
}
const rows = async () =>
  (
    await sql<{
      payload: unknown
      tries: number
      isParked: boolean
      fault: string | null
    }>`select payload, tries, parked_at is not null as is_parked, fault from job order by id`.execute(house.db)
  ).rows

test('a job is done as soon as the change that asks for it has committed, wherever it is registered', async () => {
  const bus = memoryBus({ onBug: (error) => assert.fail(String(error)) })
  const [here, there] = [process(bus), process(bus)]
  const greeted: unknown[] = []
  there.queue.register('greet', async (payload) => void greeted.push(payload))
  await here.ask({ name: 'Ada' })
  await until('Ada is greeted', () => greeted.length === 1)
  assert.deepEqual(greeted, [{ name: 'Ada' }])
  await until('the job is gone', async () => (await rows()).length === 0)
})

test('a change that did not happen asks for nothing', async () => {
  const { work } = process()
  const refused = work(async (tx) => {
    await enqueue(tx, 'greet', {})
    throw new Error('no')
  })
  await assert.rejects(refused, /no/)
  assert.deepEqual(await rows(), [])
})

test('two processes share what waits, and nothing is done twice', async () => {
  const asking = process()
  for (let i = 0; i < 40; i++) await asking.ask(i)
  const greeted: number[] = []
  const busy = new Set<number>()
  for (const n of [0, 1])
    process().queue.register<number>('greet', async (payload) => {
      busy.add(n)
      // One alone could take them all before the other looks.
      await until('both have begun', () => busy.size === 2)
      greeted.push(payload)
    })
  await until('all are greeted', () => greeted.length >= 40)
  assert.deepEqual(
    greeted.toSorted((one, other) => one - other),
    Array.from({ length: 40 }, (_, i) => i),
  )
})

test('what waits for its time is not done before it', async () => {
  const { ask, queue } = process(undefined, { lookEveryMs: 5 })
  const greeted: unknown[] = []
  queue.register('greet', async (payload) => void greeted.push(payload))
  await ask('tomorrow', { runAt: new Date(Date.now() + 86_400_000) })
  await ask('now')
  await until('the other is done and forgotten', async () => greeted.length > 0 && (await rows()).length === 1)
  await sql`update job set run_at = now()`.execute(house.db)
  await until('tomorrow has come', () => greeted.length > 1)
  assert.deepEqual(greeted, ['now', 'tomorrow'])
})

test('a job that fails is tried again, and after five tries it is parked with its fault; others go on', async () => {
  const { ask, queue, logged } = process(undefined, { lookEveryMs: 5 })
  let tries = 0
  const greeted: unknown[] = []
  queue.register('greet', async (payload) => {
    if (payload === 'poison') throw new Error(`no ${++tries}`)
    greeted.push(payload)
  })
  await ask('poison')
  await ask('well')
  await until('the poison is parked, and nothing else is left', async () => (await rows()).every(({ isParked }) => isParked))
  assert.deepEqual(await rows(), [{ payload: 'poison', tries: maxTries, isParked: true, fault: 'Error: no 5' }])
  assert.deepEqual([tries, greeted, logged.length], [maxTries, ['well'], maxTries])
})

test('a job whose process died belongs to nobody when its lease ends, and one that ends processes is parked', async () => {
  const { ask, queue } = process(undefined, { lookEveryMs: 5 })
  for (const payload of ['unlucky', 'deadly']) await ask(payload)
  // As a process that was killed leaves them: taken, and never put off.
  await sql`update job set run_at = now() - interval '1 second', tries = case payload #>> '{}' when 'deadly' then ${maxTries}::int else 1 end`.execute(
    house.db,
  )
  const greeted: unknown[] = []
  queue.register('greet', async (payload) => void greeted.push(payload))
  await until('the deadly one is parked', async () => {
    const left = await rows()
    return left.length === 1 && left[0]!.isParked
  })
  assert.deepEqual(greeted, ['unlucky'])
})

test('what is taken back is not done, whether it waits or was given up; others of its kind are', async () => {
  const { queue, work, ask } = process()
  for (const name of ['Ada', 'Bob', 'Ada']) await ask({ name, from: 'the hub' })
  await sql`update job set parked_at = now(), fault = 'no Ada here' where id = (select max(id) from job)`.execute(house.db)
  await work((tx) => withdraw(tx, 'greet', { name: 'Ada' }))
  assert.deepEqual(
    (await rows()).map(({ payload }) => payload),
    [{ name: 'Bob', from: 'the hub' }],
  )
  const greeted: unknown[] = []
  queue.register('greet', async (payload) => void greeted.push(payload))
  await until('Bob is greeted', () => greeted.length === 1)
})

test('drain takes nothing more and waits for what is under way', async () => {
  const { ask, queue } = process(undefined, { lookEveryMs: 5 })
  const { promise: isAllowed, resolve: allow } = Promise.withResolvers<void>()
  const steps: string[] = []
  queue.register('greet', async (payload) => {
    steps.push(`begins ${payload}`)
    await isAllowed
    steps.push(`ends ${payload}`)
  })
  await ask('first')
  await until('the first one begins', () => steps.length === 1)
  const drained = queue.drain().then(() => steps.push('drained'))
  await ask('second')
  allow()
  await drained
  assert.deepEqual(steps, ['begins first', 'ends first', 'drained'])
  assert.deepEqual(
    (await rows()).map(({ payload }) => payload),
    ['second'],
  )
})

test('what a look finds while the process ends is given back as it was', async () => {
  const { ask, queue } = process()
  await ask('late')
  queue.register('greet', () => assert.fail('it was begun'))
  await queue.drain()
  assert.deepEqual(
    (await rows()).map(({ payload, tries, fault }) => [payload, tries, fault]),
    [['late', 0, null]],
  )
  const greeted: unknown[] = []
  process().queue.register('greet', async (payload) => void greeted.push(payload))
  await until('another process does it, before a lease would be over', () => greeted.length === 1)
})

test('what is done again and again is done by one process each time', async () => {
  let rounds = 0
  const all = [process(), process(), process()]
  for (const { queue } of all) queue.every('sweep', never, async () => void rounds++)
  const due = async () => (await sql<{ n: number }>`select count(*) as n from job_round where kind = 'sweep'`.execute(house.db)).rows[0]!.n
  await until('the first round', async () => rounds > 0 && (await due()) === 1)
  await Promise.all(all.map(({ queue }) => queue.drain()))
  assert.equal(rounds, 1)

  await sql`update job_round set due_at = now()`.execute(house.db)
  process().queue.every('sweep', never, async () => void rounds++)
  await until('the second round', () => rounds === 2)
})

test('a job may do units of work of its own', async () => {
  const { ask, work, queue, logged } = process()
  queue.register<string>('greet', async (payload) => {
    if (payload === 'first') await work((tx) => enqueue(tx, 'greet', 'second'))
    else await work((tx) => enqueue(tx, 'other', 'third'))
  })
  await ask('first')
  await until('the second is done', async () => (await rows()).map(({ payload }) => payload).join() === 'third')
  assert.deepEqual(logged, [])
})
