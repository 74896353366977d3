import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Latest } from './latest.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('the first is told at once, those that follow together, and what waits at the latest when nothing may wait', () => {
  const told: number[] = []
  const sut = new Latest<number>((value) => told.push(value))
  for (const value of [1, 2, 3]) sut.soon(value, { everyMs: 100 })
  expect(told).toEqual([1])
  vi.advanceTimersByTime(100)
  expect(told).toEqual([1, 3])
  vi.advanceTimersByTime(1_000)
  expect(told).toEqual([1, 3])
  sut.soon(4, { everyMs: 100 })
  sut.soon(5, { everyMs: 100 })
  sut.flush()
  expect(told).toEqual([1, 3, 4, 5])
  vi.advanceTimersByTime(1_000)
  expect(told).toEqual([1, 3, 4, 5])
})

test('what is set aside waits for the next that is told, and the first may wait, too', () => {
  const told: number[] = []
  const sut = new Latest<number>((value) => told.push(value))
  sut.aside(1)
  vi.advanceTimersByTime(1_000)
  expect(told).toEqual([])
  sut.soon(2, { everyMs: 100, firstMs: 50 })
  vi.advanceTimersByTime(49)
  expect(told).toEqual([])
  vi.advanceTimersByTime(1)
  expect(told).toEqual([2])
  sut.aside(3)
  sut.flush()
  expect(told).toEqual([2, 3])
})
