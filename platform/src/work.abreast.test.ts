import assert from 'node:assert/strict'
import { afterAll, beforeAll, beforeEach, inject, test } from 'vitest'
import { sql, type Kysely } from 'kysely'
import type { RoomId } from '@atrium/protocol'
import { fail } from './errors.ts'
import type { Receipt } from './receipts.ts'
import { inRequest } from './request.ts'
import { notebooks, type Notes } from './testing/notebook.ts'
import { gathered } from './together.ts'
import type { Reading, Tx } from './work.ts'

let house: Awaited<ReturnType<typeof notebooks>>
beforeAll(async () => void (house = await notebooks(inject('cluster'))))
afterAll(() => house.close())

const textsOf = gathered(async (db: Reading<Notes>, ids: number[]) => {
  const { rows } = await sql<{ id: number; text: string }>`select id, text from note where id = any(${ids})`.execute(db as Kysely<Notes>)
  return ids.map((id) => rows.find((row) => row.id === id)?.text)
})
const addNote = gathered(async (tx: Tx<Notes>, notes: Notes['note'][]) => {
  await tx.insertInto('note').values(notes).execute()
  return notes.map(() => undefined)
})

let notebook: Awaited<ReturnType<typeof house.notebook>>
beforeEach(async () => {
  notebook = await house.notebook()
  for (const seen of [house.statements, house.faults]) seen.length = 0
})

/** Writes a note that is not there yet, in the payload of its fact. */
const note = (id: number, then: (db: Reading<Notes>) => unknown = () => {}) =>
  notebook.workAbreast(async (db, announce) => {
    if ((await textsOf(db, id)) !== undefined) throw fail('conflict', 'conflict')
    await then(db)
    announce('account:1', 'chat.room.read', async (seq, tx) => {
      await addNote(tx, { id, text: `number ${seq}` })
      return { roomId: `${id}` as RoomId, read: seq }
    })
    return id
  })
const outcomes = async (asked: Promise<unknown>[]) =>
  (await Promise.allSettled(asked)).map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message.split(':')[0]))
const broken = (db: Reading<Notes>) => sql`select 1 / 0`.execute(db as Kysely<Notes>)

test('units that write only in payloads share each statement, and need no savepoints', async () => {
  assert.deepEqual(await outcomes([1, 2, 3, 4, 5].map((id) => note(id))), [1, 2, 3, 4, 5])
  assert.deepEqual(await house.texts(), ['number 1', 'number 2', 'number 3', 'number 4', 'number 5'])
  const asked = (word: string) => house.statements.filter((statement) => statement.startsWith(word)).length
  assert.deepEqual([asked('begin'), asked('select id, text'), asked('insert into "note"'), asked('savepoint')], [1, 1, 1, 0])
})

test('of several side by side, one that is refused is refused alone', async () => {
  await note(2)
  assert.deepEqual(await outcomes([1, 2, 3, 4].map((id) => note(id))), [1, 'conflict', 3, 4])
  assert.deepEqual(notebook.seqs(), [1, 2, 3, 4])
  assert.deepEqual(house.faults, [])
})

test.each([
  ['says so', broken],
  ['swallows it', (db: Reading<Notes>) => broken(db).catch(() => {})],
])('one that the database refuses something, and that %s, is undone alone', async (_, breaking) => {
  const [first, second, wrong, last] = await outcomes([note(1), note(2), note(3, breaking), note(4)])
  assert.deepEqual([first, second, last], [1, 2, 4])
  assert.match(`${wrong}`, /division by zero|transaction/)
  assert.deepEqual(await notebook.ids(), [1, 2, 4])
  assert.deepEqual(notebook.seqs(), [1, 2, 3])
})

test('two that say the same at the same moment: one does, and the other finds it done', async () => {
  assert.deepEqual(await outcomes([note(1), note(2), note(2), note(3)]), [1, 2, 'conflict', 3])
  assert.deepEqual(notebook.seqs(), [1, 2, 3])
})

test('among units of the other kind each sees what those before it did', async () => {
  const asked = [note(1), note(2), notebook.write(3).then(() => 'written'), note(3), note(4)]
  assert.deepEqual(await outcomes(asked), [1, 2, 'written', 'conflict', 4])
  assert.deepEqual(await notebook.ids(), [1, 2, 3, 4])
})

test('a unit that swallows what the database refused is told so by the commit, even if it says nothing', async () => {
  const silent = notebook.work(async (tx) => void (await broken(tx).catch(() => {})), { alone: true })
  await assert.rejects(silent, /was undone/)
})

test('a command with a receipt writes at once, so it gets its savepoint', async () => {
  const ask = (id: number) => {
    const [accountId, clientId] = [crypto.randomUUID(), crypto.randomUUID()]
    const receipt: Receipt = { accountId, clientId, operation: 'note', inputHash: '', isSecret: false, state: 'open' }
    return inRequest({ id: clientId, receipt }, () => note(id))
  }
  assert.deepEqual(await outcomes([note(1), ask(2), ask(2), ask(3)]), [1, 2, 'conflict', 3])
  const { rows } = await sql<{ output: number }>`select output from receipt order by output`.execute(house.db)
  assert.deepEqual(rows, [{ output: 2 }, { output: 3 }])
})
