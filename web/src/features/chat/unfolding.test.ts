import { expect, test } from 'vitest'
import { stretchOf } from './unfolding.svelte.ts'

const lines = Array.from({ length: 100 }, (_, n) => ({ isFirst: n % 10 === 0 }))

test('from the end as many lines as the window can hold at most, never fewer', () => {
  // Ten lines of which one says who speaks are 270 px high at least.
  expect(stretchOf(lines, 100, 540, 0)).toEqual([80, 100])
  expect(stretchOf(lines, 100, 541, 0)).toEqual([79, 100])
})

test('around the middle a window on either side, and more of both with every step', () => {
  expect(stretchOf(lines, 50, 270, 0)).toEqual([40, 60])
  expect(stretchOf(lines, 50, 270, 30)).toEqual([10, 90])
  expect(stretchOf(lines, 50, 270, Infinity)).toEqual([0, 100])
})

test('what fits as a whole is built as a whole', () => {
  expect(stretchOf(lines.slice(0, 5), 5, 800, 0)).toEqual([0, 5])
  expect(stretchOf([], 0, 800, 0)).toEqual([0, 0])
})
