import assert from 'node:assert/strict'
import { test } from 'vitest'
import { byName, size } from './words.ts'

test('sizes are counted as space is given out, and bytes are never broken', () => {
  assert.equal(size(0), '0 bytes')
  assert.equal(size(1_023), '1,023 bytes')
  assert.equal(size(1_024), '1 kB')
  assert.equal(size(2.44 * 1024 ** 2), '2.4 MB')
  assert.equal(size(184.4 * 1024), '184 kB')
  assert.equal(size(10 * 1024 ** 3), '10 GB')
})

test('names are in the order in which people count, whatever the case', () => {
  assert.deepEqual(['Plan 10', 'plan 2', 'Über', 'Plan 1', 'zebra'].sort(byName), ['Plan 1', 'plan 2', 'Plan 10', 'Über', 'zebra'])
})
