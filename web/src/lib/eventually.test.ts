import { expect, test, vi } from 'vitest'
import { eventually } from './eventually.ts'

test('what could not be fetched is fetched later, and only while somebody wants it', async () => {
  vi.useFakeTimers()
  let tries = 0
  const taken: string[] = []
  const fetch = () => (++tries < 3 ? Promise.reject(new TypeError('no network')) : Promise.resolve('bar'))
  eventually(fetch, (what) => taken.push(what))
  await vi.advanceTimersByTimeAsync(20_000)
  expect([tries, taken]).toEqual([3, ['bar']])

  tries = 0
  eventually(fetch, (what) => taken.push(what))()
  await vi.advanceTimersByTimeAsync(20_000)
  expect([tries, taken]).toEqual([1, ['bar']])
  vi.useRealTimers()
})
