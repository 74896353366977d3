import assert from 'node:assert/strict'
import { test } from 'vitest'
import { duration, unitName, wholeUnit } from './durations.ts'

test('a time is said in the largest unit that it is a whole number of', () => {
  assert.equal(duration(86_400), '1 day')
  assert.equal(duration(14 * 86_400), '14 days')
  assert.equal(duration(3_600), '1 hour')
  assert.equal(duration(5_400), '90 minutes')
  assert.equal(duration(61), '61 seconds')
  assert.equal(duration(0), '0 minutes')
  assert.equal(duration(0, 'day'), '0 days')
  assert.equal(wholeUnit(36 * 3_600), 'hour')
})

test('the unit stands alone after a number that can be changed', () => {
  assert.equal(unitName('day'), 'days')
  assert.equal(unitName('day', 1), 'day')
  assert.equal(unitName('minute', 0), 'minutes')
})
