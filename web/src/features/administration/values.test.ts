import { expect, test } from 'vitest'
import { GB, inUnits } from './values.ts'

test.each([
  [0, 0],
  [10 * GB, 10],
  [Math.round(0.01 * GB), 0.01],
  [Math.round(0.0002 * GB), 0.0002],
  [1_500 * GB, 1_500],
  [GB / 4, 0.25],
])('%i bytes are written as %f GB', (bytes, shown) => expect(inUnits(bytes, GB)).toBe(shown))

test('what is shown means the value that it is of', () => {
  for (const bytes of [1, 999, 123_456_789, 2 ** 40 + 1, 7 * GB + 3]) expect(Math.round(inUnits(bytes, GB) * GB)).toBe(bytes)
})
