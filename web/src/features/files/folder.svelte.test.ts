import assert from 'node:assert/strict'
import { beforeEach, expect, test } from 'vitest'
import type { Failure, File, FileId, Reply } from '@atrium/protocol'
import type { People } from '#features/people/people.svelte.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { FolderView } from './folder.svelte.ts'

const id = (n: number) => `0190c0de-0000-7000-8000-${n.toString().padStart(12, '0')}` as FileId
const here = id(1)
const entry = (n: number, name: string, more: Partial<File> = {}) =>
  ({ id: id(n), kind: 'file', parentId: here, name, bytes: n * 10, changedAt: `2026-01-0${n}T00:00:00Z`, trashedAt: null, ...more }) as File

type Followed = { load(): Promise<unknown>; apply(name: string, payload: unknown): void; gone(): void }
let followed: Followed
let asked: Record<string, unknown>[]
let answer: Reply<unknown>

/** What a folder asks of its connection: to be followed, and to be listed. */
function hub() {
  const feed = {
    follow: (_topic: string, handlers: Followed) => {
      followed = handlers
      return { leave: () => undefined }
    },
    reload: () => followed.load(),
  }
  const call = async (_name: string, input: Record<string, unknown>) => {
    asked.push(input)
    return answer
  }
  return { feed, call } as unknown as HubConnection
}
const listing = (files: File[], hasMore = false) =>
  ({
    ok: true,
    data: { files, folder: entry(1, 'here'), may: 'write', path: [], hasMore, people: [], at: 7, epoch: 'e' },
  }) as Reply<unknown>
const view = () => new FolderView(hub(), { learn: () => undefined } as unknown as People, here)
const names = (folder: FolderView) => folder.files.map(({ name }) => name)

beforeEach(() => {
  asked = []
  answer = listing([entry(2, 'b'), entry(3, 'c 2')])
})

test('what is new lies where it belongs: folders first, then as people sort', async () => {
  const folder = view()
  await followed.load()
  followed.apply('files.entry.changed', entry(4, 'C 10'))
  followed.apply('files.entry.changed', entry(5, 'z', { kind: 'folder' }))
  followed.apply('files.entry.changed', entry(6, 'A'))
  assert.deepEqual(names(folder), ['z', 'A', 'b', 'c 2', 'C 10'])
})

test('a renamed entry is there once; one that went, was moved or trashed is not', async () => {
  const folder = view()
  await followed.load()
  followed.apply('files.entry.changed', entry(2, 'x'))
  assert.deepEqual(names(folder), ['c 2', 'x'])
  followed.apply('files.entry.changed', entry(2, 'x', { parentId: id(9) }))
  assert.deepEqual(names(folder), ['c 2'])
  followed.apply('files.entry.gone', { fileId: id(3) })
  assert.deepEqual(names(folder), [])
  folder.put(entry(3, 'c 2', { trashedAt: '2026-01-01T00:00:00Z' }))
  assert.deepEqual(names(folder), [])
})

test('another order is asked for, newest or largest first; pressed again it turns', async () => {
  const folder = view()
  await followed.load()
  folder.order('size')
  expect(asked.at(-1)).toMatchObject({ sort: 'size', isDescending: true })
  folder.put(entry(7, 'large', { bytes: 999 }))
  assert.equal(names(folder)[0], 'large')
  folder.order('size')
  expect(asked.at(-1)).toMatchObject({ sort: 'size', isDescending: false })
})

test('the next page continues after the last one, and shows nothing twice', async () => {
  const folder = view()
  answer = listing([entry(2, 'b'), entry(3, 'c 2')], true)
  await followed.load()
  answer = listing([entry(3, 'c 2'), entry(4, 'd')])
  await folder.more()
  expect(asked.at(-1)).toMatchObject({ after: id(3) })
  assert.deepEqual([names(folder), folder.hasMore], [['b', 'c 2', 'd'], false])
})

test('a folder that cannot be had says why; one that went says that', async () => {
  const folder = view()
  const failure: Failure = { code: 'unavailable', key: 'unavailable' }
  answer = { ok: false, error: failure }
  await followed.load()
  assert.deepEqual([folder.failure, folder.isLoading], [failure, false])
  followed.gone()
  assert.ok(folder.isGone)
})
