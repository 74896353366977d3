import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { File, FileId } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { Walk } from './walk.svelte.ts'

const folder = (id: string) => ({ id: id as FileId, kind: 'folder', name: id }) as File

/** A hub whose answers wait until they are let go. */
function slow() {
  const waiting = new Map<string, () => void>()
  const hub = {
    call: (_name: string, { folderId }: { folderId: string }) =>
      new Promise((resolve) =>
        waiting.set(folderId, () => resolve({ ok: true, data: { files: [folder(`in ${folderId}`)], may: 'write' } })),
      ),
  } as unknown as HubConnection
  return { walk: new Walk(hub), answer: (id: string) => waiting.get(id)!() }
}

test('who goes on before a folder was listed sees the folder they are in, not the one they left', async () => {
  const { walk, answer } = slow()
  const [first, second] = [walk.enter(folder('a')), walk.enter(folder('b'))]
  answer('b')
  await second
  answer('a')
  await first
  assert.deepEqual([walk.here?.id, walk.inside?.map(({ id }) => id), walk.may], ['b', ['in b'], 'write'])
})

test('up from the first folder is where one began', async () => {
  const { walk, answer } = slow()
  const entered = walk.enter(folder('a'))
  answer('a')
  await entered
  await walk.up()
  assert.deepEqual([walk.here, walk.inside, walk.path], [undefined, undefined, []])
})
