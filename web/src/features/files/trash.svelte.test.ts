import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { File, FileId } from '@atrium/protocol'
import type { People } from '#features/people/people.svelte.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { Trash } from './trash.svelte.ts'

/** A hub with this many files in the trash. */
async function full(count: number) {
  let ids = Array.from({ length: count }, (_, n) => `file ${n}` as FileId)
  const calls = {
    'files.trash.list': ({ after, limit }: { after?: FileId; limit: number }) => {
      const from = after === undefined ? 0 : ids.indexOf(after) + 1
      return { files: ids.slice(from, from + limit).map((id) => ({ id }) as File), people: [], hasMore: from + limit < ids.length }
    },
    'files.delete': ({ fileIds }: { fileIds: FileId[] }) => {
      assert.ok(fileIds.length <= 500, 'more at once are refused')
      ids = ids.filter((id) => !fileIds.includes(id))
      return { fileIds }
    },
  }
  const hub = { newId: () => 'id', call: async (name: keyof typeof calls, input: never) => ({ ok: true, data: calls[name](input) }) }
  const trash = new Trash(hub as unknown as HubConnection, { learn: () => undefined } as unknown as People)
  await trash.load()
  return { trash, left: () => ids.length }
}

test('who empties the trash empties all of it, not only what was on screen', async () => {
  const { trash, left } = await full(1_234)
  assert.deepEqual([trash.files?.length, trash.hasMore], [200, true])
  const all = (await trash.whole())!
  assert.equal(all.length, 1_234)
  assert.equal(await trash.destroy(all.map(({ id }) => id)), undefined)
  assert.deepEqual([left(), trash.files], [0, []])
})

test('what is deleted by itself leaves the rest', async () => {
  const { trash, left } = await full(3)
  await trash.destroy(['file 1' as FileId])
  assert.deepEqual([left(), trash.files?.map(({ id }) => id)], [2, ['file 0', 'file 2']])
})
