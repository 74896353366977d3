import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Countdown } from './countdown.svelte.ts'
import { nextOf } from './next.ts'

const here = 'https://hub.example.org'

test.each([
  ['/r/0199?x=1', '/r/0199?x=1'],
  [null, '/'],
  ['https://elsewhere.org/', '/'],
  ['//elsewhere.org/', '/'],
  ['/\\elsewhere.org', '/'],
  ['/.//elsewhere.org/', '/'],
  ['/x/..//elsewhere.org/', '/'],
  ['javascript:alert(1)', '/'],
  ['', '/'],
])('after signing in, %j leads to %s', (asked, path) => {
  expect(nextOf(asked, here)).toBe(path)
})

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('a countdown ends when it says, also after a sleep', () => {
  const wait = new Countdown()
  wait.start(42_000)
  expect(wait.seconds).toBe(42)
  vi.advanceTimersByTime(2_000)
  expect(wait.seconds).toBe(40)
  vi.setSystemTime(Date.now() + 60_000)
  vi.advanceTimersByTime(250)
  expect(wait.seconds).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})
