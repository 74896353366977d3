import assert from 'node:assert/strict'
import { test } from 'vitest'
import { levelOf } from './usage.ts'

test('[FILE-18] space is getting full at 80 per cent, almost full at 90, and full at 100', () => {
  const at = (bytes: number) => levelOf({ bytes, maxBytes: 1_000 })
  assert.deepEqual([799, 800, 899, 900, 999, 1_000, 1_200].map(at), [undefined, 80, 80, 90, 90, 100, 100])
  assert.equal(levelOf({ bytes: 0, maxBytes: 0 }), 100)
})
