import { expect, test } from 'vitest'
import { closest, cropOf } from './cropping.ts'

test('untouched, it is the middle of the picture', () => {
  expect(cropOf(800, 600, 1, 0, 0)).toEqual({ side: 600, x: 100, y: 0 })
})

test('closer keeps the middle and takes less', () => {
  expect(cropOf(800, 600, 2, 0, 0)).toEqual({ side: 300, x: 250, y: 150 })
})

test.each([
  [9_999, 9_999],
  [-9_999, -9_999],
])('moved by %i, %i it stays inside', (dx, dy) => {
  const { x, y, side } = cropOf(800, 600, 1.5, dx, dy)
  expect(x).toBeGreaterThanOrEqual(0)
  expect(y).toBeGreaterThanOrEqual(0)
  expect(x + side).toBeLessThanOrEqual(800)
  expect(y + side).toBeLessThanOrEqual(600)
})

test('no closer than there is something to see', () => {
  expect(cropOf(800, 600, 99, 0, 0).side).toBe(600 / closest)
})
