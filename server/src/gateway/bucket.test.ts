import assert from 'node:assert/strict'
import { test } from 'vitest'
import { bucket } from './bucket.ts'

test('lets a burst through, then what the rate allows, and saves up no more than a burst', () => {
  let clock = 0
  const allowance = bucket({ size: 3, perSecond: 2 }, () => clock)
  const taken = (times: number) => Array.from({ length: times }, () => allowance.take())

  assert.deepEqual(taken(4), [true, true, true, false])
  clock = 1_000
  assert.deepEqual(taken(3), [true, true, false])
  clock = 1_000_000
  assert.deepEqual(taken(4), [true, true, true, false])
})
