import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, inject, test } from 'vitest'
import { sql } from 'kysely'
import { journalDays } from './db/partitions.ts'
import { maintain } from './db/maintenance.ts'
import { factsAfter, movedTopics, since, type Span } from './sync.ts'
import { cloneDatabase } from './testing/index.ts'
import { workshop } from './work.ts'

let house: Awaited<ReturnType<typeof cloneDatabase>>
let epoch: string
beforeAll(async () => {
  house = await cloneDatabase(inject('cluster'))
  epoch = (await house.db.selectFrom('epoch').select('id').executeTakeFirstOrThrow()).id
})
afterAll(() => house.close())

const topics = ['room:a', 'room:b'] as const
beforeEach(async () => {
  await sql`truncate journal, topic`.execute(house.db)
  const { work } = workshop(house.db, { publish() {} })()
  for (let i = 1; i <= 10; i++)
    await work(async (_, announce) => {
      for (const topic of topics) announce(topic, 'chat.message.deleted', { id: `${i}` as never, roomId: topic as never, seq: i })
    })
})

const everything: Span[] = [{ from: 1, to: null }]

const usual = { page: 50, backlog: 50, bytes: 1_000_000 }
async function ask(after: number, spans: Span[] = everything, limits = usual, asEpoch = epoch) {
  const positions = topics.map((topic) => ({ topic, seq: after }))
  const deltas = await since(house.db, { epoch: asEpoch, positions }, new Map(topics.map((topic) => [topic, spans])), limits)
  return deltas.map((delta) =>
    delta.kind === 'delta' ? [delta.facts.map((fact) => fact.at.seq).join(), delta.seq, delta.hasMore] : delta.kind,
  )
}
const both = <T>(answer: T): [T, T] => [answer, answer]

test('who was away gets what it missed, in pages that all topics share', async () => {
  assert.deepEqual(await ask(7), both(['8,9,10', 10, false]))
  assert.deepEqual(await ask(10), both(['', 10, false]))
  assert.deepEqual(await ask(4, everything, { ...usual, page: 8 }), [
    ['5,6,7,8,9,10', 10, false],
    ['5,6', 6, true],
  ])
})

test('long words make short pages, and whoever asks on gets all of them, in order, once', async () => {
  const { rows } = await sql<{ bytes: number }>`select max(octet_length(payload::text)) as bytes from journal`.execute(house.db)
  const limits = { ...usual, bytes: 2 * rows[0]!.bytes + 1 }
  assert.deepEqual(await ask(7, everything, limits), [
    ['8,9,10', 10, false],
    ['', 7, true],
  ])
  assert.deepEqual(await ask(5, everything, limits), [
    ['6,7,8', 8, true],
    ['', 5, true],
  ])
  assert.deepEqual(await ask(9, everything, { ...usual, bytes: 1 }), [
    ['10', 10, false],
    ['', 9, true],
  ])
})

test('where loading afresh is right or cheaper, it is said', async () => {
  assert.deepEqual(await ask(11), both('reset'), 'ahead of the database')
  assert.deepEqual(await ask(0, everything, { ...usual, backlog: 9 }), both('reset'), 'too many')
  assert.deepEqual(await ask(7, everything, undefined, randomUUID()), both('reset'), 'another epoch')
  await sql`delete from journal where topic = 'room:a' and seq < 9`.execute(house.db)
  assert.deepEqual(await ask(7), ['reset', ['8,9,10', 10, false]], 'pruned')
})

const stretches: [string, number, Span[], unknown][] = [
  ['joined after 4, left after 7', 4, [{ from: 5, to: 7 }], ['5,6,7', 7, false]],
  ['left before it asked', 8, [{ from: 1, to: 7 }], ['', 8, false]],
  ['was not there yet', 3, [{ from: 5, to: null }], 'reset'],
  [
    'came back, and missed what was not for it',
    3,
    [
      { from: 1, to: 5 },
      { from: 8, to: null },
    ],
    'reset',
  ],
  [
    'came back, and asks from there on',
    8,
    [
      { from: 1, to: 5 },
      { from: 8, to: null },
    ],
    ['9,10', 10, false],
  ],
  [
    'came back just now',
    5,
    [
      { from: 1, to: 5 },
      { from: 11, to: null },
    ],
    'reset',
  ],
  [
    'left and came back without missing anything',
    3,
    [
      { from: 6, to: null },
      { from: 1, to: 5 },
    ],
    ['4,5,6,7,8,9,10', 10, false],
  ],
  [
    'has seats that overlap',
    3,
    [
      { from: 1, to: 6 },
      { from: 1, to: null },
    ],
    ['4,5,6,7,8,9,10', 10, false],
  ],
  [
    'was there twice, and is gone',
    7,
    [
      { from: 1, to: 3 },
      { from: 7, to: 8 },
    ],
    ['8', 8, false],
  ],
  ['has no seat', 3, [], 'not_found'],
]
test.each(stretches)('whoever %s gets only what was said in its presence', async (_who, after, spans, answer) => {
  assert.deepEqual(await ask(after, spans), both(answer))
})

test('a topic that nobody named to the reader is not found, whether it exists or not', async () => {
  const positions = ['room:a', 'room:nowhere'].map((topic) => ({ topic, seq: 0 }))
  assert.deepEqual(
    await since(house.db, { epoch, positions }, new Map()),
    positions.map(({ topic }) => ({ kind: 'not_found', topic })),
  )
})

test('a look at what moved finds what the bus lost', async () => {
  await sql`update journal set at = now() - interval '1 minute' where topic = 'room:b' or seq <= 5`.execute(house.db)
  assert.deepEqual(await movedTopics(house.db, 35_000), [{ topic: 'room:a', seq: 10 }])
  const lost = await factsAfter(house.db, [{ topic: 'room:a', seq: 8 }], 100)
  assert.deepEqual(
    lost.map(({ topic, seq, name }) => [topic, seq, name]),
    [
      ['room:a', 9, 'chat.message.deleted'],
      ['room:a', 10, 'chat.message.deleted'],
    ],
  )
})

const partitions = async () =>
  (
    await sql<{
      name: string
    }>`select inhrelid::regclass::text as name from pg_inherits where inhparent = 'journal'::regclass order by 1`.execute(house.db)
  ).rows.map(({ name }) => name)

test('the journal has its days ahead, forgets those that are over, and loses nothing when a clock jumps', async () => {
  assert.ok((await partitions()).length >= 9, 'from the first migration on')
  // These tests may have begun yesterday.
  await maintain(house.db)
  const before = await partitions()
  const [oldest = ''] = before
  const ages = { far: 40, gone: journalDays + 2, kept: journalDays - 2 }
  for (const [seq, days] of Object.entries(ages))
    await sql`insert into journal (topic, seq, name, at) values ('room:old', ${days}, ${seq}, now() - make_interval(days => ${days}))`.execute(
      house.db,
    )
  await sql`insert into journal (topic, seq, name, at) values ('room:old', 1, 'tomorrow week', now() + interval '7 days')`.execute(house.db)

  // A day whose partition was never made: its facts lie with the others until it is.
  const late = before.filter((name) => name !== 'journal_other').at(-1)!
  await sql`create table moved as select * from ${sql.table(late)}`.execute(house.db)
  await sql`drop table ${sql.table(late)}`.execute(house.db)
  await sql`insert into journal select * from moved`.execute(house.db)
  await sql`create table journal_20200101 partition of journal for values from ('2020-01-01') to ('2020-01-02')`.execute(house.db)

  await Promise.all([maintain(house.db), maintain(house.db)])
  await maintain(house.db)
  assert.deepEqual(await partitions(), before)
  const { rows } = await sql<{ name: string; place: string }>`
    select name, tableoid::regclass::text as place from journal where topic = 'room:old' order by at`.execute(house.db)
  assert.deepEqual(rows, [
    { name: 'kept', place: 'journal_other' },
    { name: 'tomorrow week', place: late },
  ])
  assert.ok(oldest < late)
})
