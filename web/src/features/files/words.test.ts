import assert from 'node:assert/strict'
import { test } from 'vitest'
import { byName, size } from './words.ts'

test('sizes are said in thousands, and bytes are never broken', () => {
  assert.equal(size(0), '0 bytes')
  assert.equal(size(999), '999 bytes')
  assert.equal(size(1_000), '1 kB')
  assert.equal(size(2_449_000), '2.4 MB')
  assert.equal(size(184_000), '184 kB')
  assert.equal(size(64 * 1024 ** 3), '68.7 GB')
})

test('names are in the order in which people count, whatever the case', () => {
  assert.deepEqual(['Plan 10', 'plan 2', 'Über', 'Plan 1', 'zebra'].sort(byName), ['Plan 1', 'plan 2', 'Plan 10', 'Über', 'zebra'])
})
