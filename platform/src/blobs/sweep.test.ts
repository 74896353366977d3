import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, inject, test } from 'vitest'
import { metrics as openMetrics } from '../metrics.ts'
import { cloneDatabase } from '../testing/index.ts'
import { diskBlobs } from './disk.ts'
import type { Blobs } from './index.ts'
import { sweepBlobs } from './sweep.ts'

const dayMs = 86_400_000
let clone: Awaited<ReturnType<typeof cloneDatabase>>
let folder: string
let blobs: Blobs
const said: string[] = []
const note = (_line: object, sentence = '') => void said.push(sentence)
const metrics = openMetrics()
beforeAll(async () => {
  clone = await cloneDatabase(inject('cluster'))
  await sql`create table shelf (blob_key text not null)`.execute(clone.db)
  await sql`create table shelf_upload (blob_key text not null)`.execute(clone.db)
})
afterAll(() => clone.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atrium-sweep-'))
  blobs = await diskBlobs(folder)
  said.splice(0)
})
afterEach(async () => {
  await sql`truncate shelf, shelf_upload`.execute(clone.db)
  await rm(folder, { recursive: true })
})

const kept = async () => {
  const keys: string[] = []
  for await (const { key } of blobs.list()) keys.push(key)
  return keys.sort()
}
async function stored(count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, () => randomUUID()).sort()
  await Promise.all(keys.map((key) => blobs.put(key, Buffer.from(key))))
  return keys
}
const name = (table: 'shelf' | 'shelf_upload', keys: string[]) =>
  sql`insert into ${sql.table(table)} (blob_key) select unnest(${keys}::text[])`.execute(clone.db)
const sweep = (aheadMs: number, store: Blobs = blobs) =>
  sweepBlobs({
    ...{ db: clone.db, blobs: store, metrics, now: () => new Date(Date.now() + aheadMs) },
    log: { info: note, error: note },
  })

test('what no row names goes after a day; what one names, and what is on its way to one, stays', async () => {
  const [shelved, coming, orphans] = [await stored(20), await stored(3), await stored(5)]
  await name('shelf', shelved)
  await name('shelf_upload', coming)
  assert.deepEqual(await sweep(dayMs - 60_000), { blobs: 28, removed: 0, spared: 0, lost: 0 })
  assert.deepEqual(await sweep(dayMs + 60_000), { blobs: 28, removed: 5, spared: 0, lost: 0 })
  assert.deepEqual(await kept(), [...shelved, ...coming].sort())
  for (const key of orphans) assert.equal(await blobs.stat(key), undefined)
  assert.match((await metrics.render()).text, /atrium_blobs_removed_total 5/)
})

test('what comes while it is looked is not touched, nor missed', async () => {
  const shelved = await stored(3)
  await name('shelf', shelved)
  const [orphan, late] = [randomUUID(), randomUUID()]
  await blobs.put(orphan, Buffer.from('named in the last moment'))
  const busy: Blobs = {
    ...blobs,
    async *list() {
      yield* blobs.list()
      await name('shelf', [orphan])
      await blobs.put(late, Buffer.from('late'))
      await name('shelf', [late])
    },
  }
  assert.deepEqual(await sweep(2 * dayMs, busy), { blobs: 4, removed: 0, spared: 0, lost: 0 })
  assert.deepEqual(await kept(), [...shelved, orphan, late].sort())
})

test('a row whose blob is gone is counted, said and kept; one that may still come is not', async () => {
  const [there, gone] = [await stored(2), [randomUUID(), randomUUID()]]
  await name('shelf', [...there, ...gone, gone[0]!])
  await name('shelf_upload', [randomUUID()])
  assert.deepEqual(await sweep(0), { blobs: 2, removed: 0, spared: 0, lost: 2 })
  assert.deepEqual(said, ['blobs that rows name are gone'])
  assert.match((await metrics.render()).text, /atrium_blobs_lost 2/)
  const { rows } = await sql<{ lost: number }>`select lost from blob_sweep`.execute(clone.db)
  assert.deepEqual(rows, [{ lost: 2 }])
})

test('a store that mostly belongs to somebody else is left alone', async () => {
  const theirs = await stored(101)
  const ours = await stored(200)
  await name('shelf', ours)
  assert.deepEqual(await sweep(2 * dayMs), { blobs: 301, removed: 0, spared: 101, lost: 0 })
  assert.equal((await kept()).length, 301)
  assert.match(said.join(), /nothing was removed/)
  await name('shelf', theirs.slice(0, 1))
  assert.equal((await sweep(2 * dayMs)).removed, 100)
})
