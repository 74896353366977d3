import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import type { RoomId } from '@atrium/protocol'
import { deaf, notebooks, say, type Notes } from './testing/notebook.ts'
import { workshop, type Announce, type Tx } from './work.ts'

let house: Awaited<ReturnType<typeof notebooks>>
beforeAll(async () => void (house = await notebooks(inject('cluster'))))
afterAll(() => house.close())

test('a fact that replaces others leaves their numbers and takes their words, in every topic and within one commit', async () => {
  const { work, heard } = await house.notebook()
  const about = (topic: string, text: string, mark: Parameters<Announce>[3]) =>
    work(async (_, announce) => say(announce, topic, text, mark))
  await about('room:1', 'secret one', { about: 'x' })
  await about('account:1', 'secret preview', { about: 'x' })
  await about('room:1', 'untouched', { about: 'y' })
  await Promise.all([
    about('room:1', 'opens the lane', {}),
    about('room:1', 'secret two', { replaces: 'x' }),
    about('room:1', 'last', { replaces: 'x' }),
  ])
  const { rows } = await sql<{
    topic: string
    seq: number
    text: string | null
  }>`select topic, seq, payload->>'roomId' as text from journal order by topic desc, seq`.execute(house.db)
  assert.deepEqual(
    rows.map((row) => [row.topic, row.seq, row.text]),
    [
      ['room:1', 1, null],
      ['room:1', 2, 'untouched'],
      ['room:1', 3, 'opens the lane'],
      ['room:1', 4, null],
      ['room:1', 5, 'last'],
      ['account:1', 1, null],
    ],
  )
  assert.equal(heard.length, 6)
})

test('a fact may replace several subjects; a later one about the first of them replaces it in turn', async () => {
  const { work } = await house.notebook()
  const about = (text: string, mark: Parameters<Announce>[3]) => work(async (_, announce) => say(announce, 'room:1', text, mark))
  await about('words', { about: 'message' })
  await about('thumbs', { about: 'reactions' })
  await about('edited', { replaces: 'message' })
  assert.deepEqual(await house.texts(), [null, 'thumbs', 'edited'])
  await about('deleted', { replaces: ['message', 'reactions'] })
  assert.deepEqual(await house.texts(), [null, null, null, 'deleted'])
})

test('a payload is asked for with its number, inside the transaction, and so is the result', async () => {
  const { work, heard } = await house.notebook()
  const send = (id: number) =>
    work(async (tx, announce) => {
      let text = ''
      announce('account:1', 'chat.room.read', async (seq) => {
        text = `number ${seq}`
        await tx.insertInto('note').values({ id, text }).execute()
        return { roomId: text as RoomId, read: seq }
      })
      return () => text
    })
  assert.deepEqual(await Promise.all([1, 2, 3].map(send)), ['number 1', 'number 2', 'number 3'])
  assert.deepEqual(
    heard.map(({ seq, payload }) => [seq, payload]),
    [1, 2, 3].map((seq) => [seq, { roomId: `number ${seq}`, read: seq }]),
  )
  assert.deepEqual(await house.texts(), ['number 1', 'number 2', 'number 3'])
})

test('a payload that fails undoes its own unit only, and leaves no gap', async () => {
  const { work, write, ids, seqs } = await house.notebook()
  const failing = (id: number, run: (tx: Tx<Notes>) => unknown) =>
    work(async (tx, announce) => {
      await tx.insertInto('note').values({ id, text: 'never' }).execute()
      announce('account:1', 'chat.room.read', async () => {
        await run(tx)
        throw new Error('no payload')
      })
    })
  const broken = (tx: Tx<Notes>) => tx.insertInto('note').values({ id: 1, text: 'taken' }).execute()
  const results = await Promise.allSettled([
    write(1, 'account:1'),
    write(2, 'account:1'),
    failing(8, () => {}),
    failing(9, broken),
    write(3, 'account:1'),
    work(async () => () => {
      throw new Error('no result')
    }),
  ])
  assert.deepEqual(
    results.map((result) => (result.status === 'rejected' ? String(result.reason.message).slice(0, 13) : 'kept')),
    ['kept', 'kept', 'no payload', 'duplicate key', 'kept', 'no result'],
  )
  assert.deepEqual(await ids(), [1, 2, 3])
  assert.deepEqual(seqs(), [1, 2, 3])
})

test('statements that a unit asks together are sent together, and of several payloads the one that failed says why', async () => {
  const { work, write } = await house.notebook()
  await write(1)
  const add = (tx: Tx<Notes>, id: number) =>
    tx
      .insertInto('note')
      .values({ id, text: `${id}` })
      .execute()
  await work(async (tx) => void (await Promise.all([2, 3, 4].map((id) => add(tx, id)))))
  const failing = work(
    async (tx, announce) => {
      announce('account:1', 'chat.room.read', async (seq) => {
        await sql`select 1`.execute(tx)
        await add(tx, 5)
        return { roomId: 'later' as RoomId, read: seq }
      })
      announce('account:1', 'chat.room.read', async (seq) => {
        await add(tx, 1)
        return { roomId: 'taken' as RoomId, read: seq }
      })
    },
    { alone: true },
  )
  await assert.rejects(failing, /duplicate key/)
  assert.deepEqual(await house.texts(), ['1', '2', '3', '4'])
})

test('ten processes that do one thing at once do it once, and all get the same answer', async () => {
  await house.notebook()
  const once = (n: number) =>
    workshop(house.db, deaf)<Notes>().work(async (tx, announce) => {
      const already = await tx.selectFrom('note').select('text').where('id', '=', 7).executeTakeFirst()
      if (already) return already.text
      announce('account:1', 'chat.room.read', async (seq) => {
        await tx
          .insertInto('note')
          .values({ id: 7, text: `by ${n}` })
          .execute()
        return { roomId: `by ${n}` as RoomId, read: seq }
      })
      return `by ${n}`
    })
  const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => once(n)))
  assert.equal(new Set(answers).size, 1)
  assert.deepEqual(await house.texts(), [answers[0]])
})

test('a snapshot is of one moment, and says where topics stood in it', async () => {
  const { write } = await house.notebook()
  const { snapshot } = workshop(house.db, deaf)<Notes>()
  await write(1, 'account:1')
  const seen = await snapshot(async (db, standing) => {
    const before = await standing('account:1')
    await write(2, 'account:1')
    const notes = await db.selectFrom('note').select('id').execute()
    return { before, notes, after: await standing('account:1'), unknown: await standing('account:9') }
  })
  const at = { topic: 'account:1', seq: 1 }
  assert.deepEqual(seen, { before: at, notes: [{ id: 1 }], after: at, unknown: { topic: 'account:9', seq: 0 } })
})
