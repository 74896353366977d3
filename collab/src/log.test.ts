import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { jsonLog, migrate, openDatabase } from '@atrium/platform'
import { cloneDatabase, until } from '@atrium/platform/testing'
import { migrations } from '../migrations/index.ts'
import { changeLog } from './log.ts'
import { begin, forget, stored } from './store.ts'
import { aFile, anAccount } from './testing/index.ts'

const log = jsonLog('silent')
let clone: Awaited<ReturnType<typeof cloneDatabase>>
beforeAll(async () => {
  clone = await cloneDatabase(inject('cluster'))
  await migrate(clone.db, migrations)
})
afterAll(() => clone.close())

const bytesOf = (text: string) => Buffer.from(text)
const textsOf = async (fileId: ReturnType<typeof aFile>) => (await stored(clone.db, fileId))!.tail.map(({ bytes }) => bytes.toString())

test('what gathers is written together, in order, and durable only then', async () => {
  const [one, other] = [aFile(), aFile()]
  for (const fileId of [one, other]) await begin(clone.db, fileId)
  const written: string[] = []
  const changes = changeLog({ db: clone.db, log, onLost: () => assert.fail(), onWritten: (rows) => written.push(...rows.map(({ fileId }) => fileId)) }) // prettier-ignore
  for (let n = 0; n < 50; n++) changes.append({ fileId: n % 2 ? one : other, accountId: anAccount(), bytes: bytesOf(`${n}`) })
  assert.equal(await changes.durable(one), true)
  assert.equal(written.length, 50)
  assert.deepEqual(
    await textsOf(one),
    Array.from({ length: 25 }, (_, n) => `${2 * n + 1}`),
  )
  assert.equal(changes.durable(one), undefined)
})

test('changes of a document that was deleted meanwhile are dropped, and hold up nobody', async () => {
  const [gone, stays] = [aFile(), aFile()]
  for (const fileId of [gone, stays]) await begin(clone.db, fileId)
  await clone.db.transaction().execute((tx) => forget(tx as never, gone, new Date()))
  const changes = changeLog({ db: clone.db, log, onLost: () => assert.fail(), onWritten: () => {} })
  for (const fileId of [gone, stays]) changes.append({ fileId, accountId: anAccount(), bytes: bytesOf('x') })
  await changes.settled()
  assert.deepEqual(await textsOf(stays), ['x'])
  assert.equal(await stored(clone.db, gone), undefined)
})

test('without a database changes wait, up to a limit; beyond it they are given up, and nobody is told that they are saved', async () => {
  const nowhere = openDatabase({ host: '/nonexistent', user: 'nobody', database: 'none', connectionTimeoutMillis: 200 })
  let lost = 0
  const changes = changeLog({ db: nowhere, log, maxBytes: 10_000, onLost: () => lost++, onWritten: () => assert.fail() })
  const fileId = aFile()
  changes.append({ fileId, accountId: anAccount(), bytes: Buffer.alloc(1_000) })
  const first = changes.durable(fileId)!
  // The first is under way; the limit is for what waits behind it.
  await until(
    'it was tried',
    async () => (await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 20, 'waits'))])) === 'waits',
  )
  for (let n = 0; n < 10; n++) changes.append({ fileId, accountId: anAccount(), bytes: Buffer.alloc(1_000) })
  assert.equal(lost, 0)
  const second = changes.durable(fileId)!
  changes.append({ fileId, accountId: anAccount(), bytes: Buffer.alloc(1_000) })
  assert.equal(lost, 1)
  assert.deepEqual([await first, await second], [false, false])
  assert.equal(changes.durable(fileId), undefined)
  await nowhere.destroy()
})

test('what becomes too much while it gathers is dropped, and what comes later is written', async () => {
  const fileId = aFile()
  await begin(clone.db, fileId)
  let lost = 0
  const changes = changeLog({ db: clone.db, log, maxBytes: 1_000, onLost: () => lost++, onWritten: () => {} })
  const append = (bytes: Buffer) => changes.append({ fileId, accountId: anAccount(), bytes })
  append(Buffer.alloc(800))
  const first = changes.durable(fileId)!
  append(Buffer.alloc(800))
  assert.deepEqual([lost, await first], [1, false])
  await new Promise((resolve) => setTimeout(resolve, 40))
  append(bytesOf('later'))
  assert.equal(await changes.durable(fileId), true)
  assert.deepEqual(await textsOf(fileId), ['later'])
})
