import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { Reply } from '@atrium/protocol'
import { inOnePiece } from './everything.ts'

type Page = { things: number[]; next: string | null }
const pages: Record<string, Page> = { '': { things: [1, 2], next: 'b' }, b: { things: [3], next: 'c' }, c: { things: [4], next: null } }

test('a list of several pages is read in one piece', async () => {
  const asked: (string | undefined)[] = []
  const all = await inOnePiece(
    async ({ after }): Promise<Reply<Page>> => (asked.push(after), { ok: true, data: pages[after ?? '']! }),
    ({ things }) => things,
  )
  assert.deepEqual(all, { ok: true, data: [1, 2, 3, 4] })
  assert.deepEqual(asked, [undefined, 'b', 'c'])
})

test('of a list that breaks off, the reason is the answer', async () => {
  const failure = { ok: false, error: { code: 'unavailable', key: 'unavailable' } } as const
  const all = await inOnePiece(
    async ({ after }): Promise<Reply<Page>> => (after === 'b' ? failure : { ok: true, data: pages[after ?? '']! }),
    ({ things }) => things,
  )
  assert.deepEqual(all, failure)
})
