import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { toasts } from './toasts.svelte.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => {
  for (const toast of toasts.shown) toasts.dismiss(toast.id)
  vi.useRealTimers()
})

test('a toast goes by itself, unless somebody must answer it', () => {
  toasts.show('Saved.')
  toasts.show('A new version is ready.', { isLasting: true })
  vi.advanceTimersByTime(10_000)
  expect(toasts.shown.map((toast) => toast.text)).toEqual(['A new version is ready.'])
})

test('under the pointer nothing disappears', () => {
  toasts.show('Person locked.')
  toasts.pause()
  vi.advanceTimersByTime(60_000)
  expect(toasts.shown).toHaveLength(1)
  toasts.resume()
  vi.advanceTimersByTime(10_000)
  expect(toasts.shown).toHaveLength(0)
})

test('the same news is told once, and three at most stand there', () => {
  for (const text of ['one', 'two', 'two', 'three', 'four']) toasts.show(text)
  expect(toasts.shown.map((toast) => toast.text)).toEqual(['two', 'three', 'four'])
})
