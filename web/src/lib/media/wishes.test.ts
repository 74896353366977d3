import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { freshMs, Wishes } from './wishes.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())
const camera = { id: 'consumer', producerId: 'camera', source: 'camera' } as const
const sound = { id: 'heard', producerId: 'microphone', source: 'microphone' } as const
const large = { width: 1280, height: 720 }
const small = { width: 200, height: 112 }

test('a picture flows before its tile was measured, then as large as its largest tile, and stops where none shows it', () => {
  const wishes = new Wishes()
  const told = () => wishes.news([camera]).get('consumer')
  expect(told()).toEqual({ isPaused: false, width: 640, height: 360 })
  const [one, other] = [{}, {}]
  wishes.show('camera', small, one)
  expect(told()).toEqual({ isPaused: false, ...small })
  wishes.show('camera', large, other)
  expect(told()).toEqual({ isPaused: false, ...large })
  wishes.show('camera', undefined, other)
  expect(told()).toEqual({ isPaused: false, ...small })
  wishes.show('camera', undefined, one)
  expect(told()).toEqual({ isPaused: false, width: 640, height: 360 })
  vi.advanceTimersByTime(freshMs)
  expect(told()).toEqual({ isPaused: true })
})

test('nothing is told twice, but to another node everything', () => {
  const wishes = new Wishes()
  wishes.show('camera', large, {})
  expect(wishes.news([camera, sound]).size).toBe(2)
  expect(wishes.news([camera, sound]).size).toBe(0)
  wishes.begin()
  expect(wishes.news([camera, sound]).size).toBe(2)
})

test('where nobody looks pictures stop, and sound goes on', () => {
  const wishes = new Wishes()
  wishes.show('camera', large, {})
  wishes.news([camera, sound])
  wishes.isHidden = true
  expect([...wishes.news([camera, sound])]).toEqual([['consumer', { isPaused: true }]])
})
