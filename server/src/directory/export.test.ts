import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'vitest'
import { exportOf, WithContent } from './export.ts'

test('bytes come through whole, however they were cut into pieces', async () => {
  const bytes = randomBytes(1_000)
  for (const size of [1, 2, 3, 4, 7, 1_000]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
    const open = async () =>
      (async function* () {
        yield* pieces
      })()
    const of = async function* () {
      yield new WithContent({ id: 'a "name"' }, open)
      yield { id: 'plain' }
    }
    let text = ''
    for await (const piece of exportOf('somebody', new Date(0), [{ name: 'things', of }])) text += piece
    const [first, second] = JSON.parse(text).things
    assert.equal(first.id, 'a "name"')
    assert.ok(Buffer.from(first.content, 'base64').equals(bytes), `in pieces of ${size}`)
    assert.deepEqual(second, { id: 'plain' })
  }
})
