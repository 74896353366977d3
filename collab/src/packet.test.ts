import assert from 'node:assert/strict'
import { test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { change, outbox, parcel, readChange, unpack, unparcel } from './packet.ts'

test('what is said in one turn comes in one buffer, in order; what many are told is in it once', async () => {
  const sent: Uint8Array[] = []
  const post = outbox((packed) => void sent.push(packed), setImmediate)
  const broadcast = new Uint8Array(1_000).fill(7)
  post('frame', 1, Uint8Array.of(1, 2))
  for (const id of [2, 3, 4_000_000_000]) post('frame', id, broadcast)
  post('saved', 2, broadcast)
  post('leave', 5, new Uint8Array())
  await until('it was sent', () => sent.length > 0)
  assert.equal(sent.length, 1)
  const pieces = [...unpack(sent[0]!)]
  assert.deepEqual(
    pieces.map(({ kind, id, bytes }) => [kind, id, bytes.length]),
    [
      ['frame', 1, 2],
      ['frame', 2, 1_000],
      ['frame', 3, 1_000],
      ['frame', 4_000_000_000, 1_000],
      ['saved', 2, 1_000],
      ['leave', 5, 0],
    ],
  )
  assert.ok(sent[0]!.length < 2_200, `${sent[0]!.length} bytes`)
})

test('words and bytes come out as they went in', () => {
  const parts = [Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3)]
  const { words, parts: read } = unparcel(parcel({ verb: 'load' }, parts))
  assert.deepEqual([words, read.map((part) => [...part])], [{ verb: 'load' }, [[1], [], [2, 3]]])
  const [fileId, accountId] = ['0199aaaa-0000-7000-8000-000000000001', '0199aaaa-0000-7000-8000-000000000002']
  const said = readChange(change(fileId, accountId, Uint8Array.of(9, 8)))
  assert.deepEqual([said.fileId, said.accountId, [...said.update]], [fileId, accountId, [9, 8]])
})
