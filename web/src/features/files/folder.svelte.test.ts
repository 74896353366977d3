import assert from 'node:assert/strict'
import { beforeEach, expect, test } from 'vitest'
import type { Failure, File, FileId, Reply } from '@atrium/protocol'
import type { People } from '#features/people/people.svelte.ts'
import { compareEntries } from '@atrium/protocol/files.apply'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { FolderView } from './folder.svelte.ts'

const id = (n: number) => `0190c0de-0000-7000-8000-${n.toString().padStart(12, '0')}` as FileId
const here = id(1)
const entry = (n: number, name: string, more: Partial<File> = {}) =>
  ({ id: id(n), kind: 'file', parentId: here, name, bytes: n * 10, changedAt: `2026-01-0${n}T00:00:00Z`, trashedAt: null, ...more }) as File

type Followed = { load(): Promise<unknown>; apply(name: string, payload: unknown, seq?: number): void; gone(): void }
let followed: Followed
/** Who hears of the folders above. */
let above: Record<string, Followed>
let asked: Record<string, unknown>[]
let answer: Reply<unknown>

/** What a folder asks of its connection: to be followed, and to be listed. */
function hub() {
  const feed = {
    follow: (topic: string, handlers: Followed) => {
      if (topic.startsWith('folder:')) followed = handlers
      else above[topic] = handlers
      return { leave: () => void delete above[topic] }
    },
    reload: () => followed.load(),
  }
  const call = async (_name: string, input: Record<string, unknown>) => {
    asked.push(input)
    return answer
  }
  return { feed, call } as unknown as HubConnection
}
const listing = (files: File[], hasMore = false, seq = 7, path: { id: FileId; name: string }[] = []) =>
  ({
    ok: true,
    data: {
      files,
      folder: entry(1, 'here'),
      may: 'write',
      path,
      hasMore,
      people: [],
      at: { topic: `folder:${here}`, seq },
      epoch: 'e',
    },
  }) as Reply<unknown>
const view = () => new FolderView(hub(), { learn: () => undefined } as unknown as People, here)
const names = (folder: FolderView) => folder.files.map(({ name }) => name)

beforeEach(() => {
  asked = []
  above = {}
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

/** A folder of the hub: what lies in it, what was told of it, and how pages are read from it. */
function shelf(count: number) {
  const entries = new Map(Array.from({ length: count }, (_, n) => [id(n + 10), entry(2, `file ${n * 10}`, { id: id(n + 10) })]))
  const told: { name: string; payload: unknown; seq: number }[] = []
  const all = () => [...entries.values()].sort((one, other) => compareEntries({ sort: 'name', isDescending: false }, one, other))
  return {
    entries,
    told,
    all,
    put(file: File) {
      entries.set(file.id, file)
      told.push({ name: 'files.entry.changed', payload: file, seq: told.length + 1 })
    },
    take(fileId: FileId) {
      entries.delete(fileId)
      told.push({ name: 'files.entry.gone', payload: { fileId }, seq: told.length + 1 })
    },
    read(after: FileId | undefined) {
      const from = all().findIndex((file) => file.id === after) + 1
      return listing(all().slice(from, from + 5), all().length > from + 5, told.length)
    },
  }
}

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8])
  test(`however facts and stretches overtake each other, there is never a hole (seed ${seed})`, async () => {
    let state = seed
    const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below
    const there = shelf(30)
    let heard = 0
    let isLoading = 0
    /** Answers are on their way until they are let go; what they say was read when they were asked for, or a little later. */
    const waiting: (() => void)[] = []
    const call = async (_name: string, { after }: { after?: FileId }) => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      const said = there.read(after)
      await new Promise<void>((resolve) => waiting.push(resolve))
      return said
    }
    const connection = Object.assign(hub(), { call })
    const load = async () => {
      isLoading++
      const { at } = (await followed.load()) as { at: { seq: number } }
      heard = at.seq
      isLoading--
    }
    connection.feed.reload = async () => void load()
    const folder = new FolderView(connection as unknown as HubConnection, { learn: () => undefined } as unknown as People, here)
    const settle = async () => {
      await Promise.resolve()
      for (let n = 0; n < 20; n++) await Promise.resolve()
    }
    const steps = [
      () => waiting.splice(random(waiting.length || 1), 1)[0]?.(),
      () => {
        const known = there.all()
        const some = known[random(known.length)]
        if (some) there.put({ ...some, name: `file ${random(300)}` })
      },
      () => there.put(entry(2, `file ${random(300)}`, { id: id(100 + random(10_000)) })),
      () => {
        const known = there.all()
        if (known.length > 3) there.take(known[random(known.length)]!.id)
      },
      () => {
        // As the feed does: while it loads, facts are kept aside.
        const next = isLoading === 0 ? there.told[heard] : undefined
        if (next) followed.apply(next.name, next.payload, ++heard)
      },
      () => void (isLoading === 0 && folder.hasMore && folder.more()),
    ]
    void load()
    for (let n = 0; n < 600; n++) {
      steps[random(steps.length)]!()
      await settle()
    }
    for (let n = 0; n < 400 && (waiting.length > 0 || heard < there.told.length || isLoading > 0); n++) {
      waiting.shift()?.()
      steps[4]!()
      await settle()
    }
    const shown = folder.files.map(({ name }) => name)
    assert.deepEqual(shown, there.all().slice(0, shown.length).map(({ name }) => name)) // prettier-ignore
    if (!folder.hasMore) assert.equal(shown.length, there.entries.size)
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

test('the way here follows what lies above: a new name at once, another place by asking', async () => {
  const way = [
    { id: id(8), name: 'Yard' },
    { id: id(9), name: 'Plans' },
    { id: here, name: 'here' },
  ]
  answer = listing([], false, 7, way)
  const folder = view()
  await followed.load()
  above[`file:${id(8)}`]!.apply('files.file.changed', entry(8, 'Boatyard', { kind: 'folder', parentId: null }))
  assert.deepEqual(
    folder.path.map(({ name }) => name),
    ['Boatyard', 'Plans', 'here'],
  )
  const before = asked.length
  above[`file:${id(9)}`]!.apply('files.file.changed', entry(9, 'Plans', { kind: 'folder', parentId: id(7) }))
  assert.equal(asked.length, before + 1, 'what lies above it now, the hub knows')
  folder.leave()
  assert.deepEqual(Object.keys(above), [])
})
