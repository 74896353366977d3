import { flushSync } from 'svelte'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Running, RoomId } from '@atrium/protocol'
import { alice, bob, roomId, wire } from '#features/chat/testing.ts'
import { RunningMeetings } from './running.svelte.ts'

beforeEach(() => void vi.useFakeTimers())
const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
  vi.useRealTimers()
})
const meeting = (inside: number) =>
  ({ roomId, slug: 'abcd-efgh-jkmn', startedAt: '2030-01-01T00:00:00.000Z', startedBy: bob, inside }) as unknown as Running

/** A screen that looks on, and what the hub says when it is asked in which rooms people meet. */
async function screen(first: Running[] = []) {
  const hub = wire()
  let now = first
  hub.answers['meetings.running'] = () => ({ ok: true, data: now })
  const chat = hub.chat()
  const running = new RunningMeetings()
  const mentioned: number[] = []
  stops.push(
    chat.stop,
    running.begin(chat.hub, alice, ({ inside }) => void mentioned.push(inside)),
  )
  const calm = async (ms = 50) => {
    flushSync()
    await vi.advanceTimersByTimeAsync(ms)
    flushSync()
  }
  await calm()
  return {
    hub,
    calm,
    mentioned,
    inside: () => running.of(roomId as RoomId)?.inside,
    hears(one: Running | null | undefined): void {
      hub.ears().heard('chat.stirring', { rooms: [{ roomId, sent: [], isStale: false, running: one }] }, `account:${alice}`)
    },
    answers: (those: Running[]) => void (now = those),
    asked: () => hub.askedFor('meetings.running').length,
  }
}

test('a meeting that runs already is marked and not mentioned; when the last one leaves, the mark goes', async () => {
  const { inside, hears, mentioned } = await screen([meeting(2)])
  expect(inside()).toBe(2)
  hears(meeting(3))
  expect(inside()).toBe(3)
  hears(undefined)
  expect(inside()).toBe(3)
  hears(null)
  expect(inside()).toBeUndefined()
  expect(mentioned).toEqual([])
})

test('one that begins is mentioned once', async () => {
  const { inside, hears, mentioned } = await screen()
  for (const count of [1, 2, 1]) hears(meeting(count))
  expect([inside(), mentioned]).toEqual([1, [1]])
})

test('what was missed while the line was cut is asked for', async () => {
  const { hub, calm, inside, answers, asked } = await screen([meeting(2)])
  hub.drop()
  await calm()
  answers([])
  hub.back()
  await calm(2_000)
  expect([asked(), inside()]).toEqual([2, undefined])
})

test('a mark whose end was not heard goes within a minute; without one nothing is asked', async () => {
  const { calm, inside, answers, asked, hears } = await screen([meeting(2)])
  answers([])
  await calm(61_000)
  expect([asked(), inside()]).toEqual([2, undefined])
  await calm(180_000)
  expect(asked()).toBe(2)
  hears(meeting(1))
  answers([meeting(1)])
  await calm(61_000)
  expect([asked(), inside()]).toEqual([3, 1])
})

test('what is told while the answer is on its way is newer than the answer', async () => {
  const { hub, calm, inside, hears, answers, asked } = await screen()
  hears(meeting(1))
  answers([meeting(1)])
  hub.settings.isHolding = true
  await calm(61_000)
  expect(asked()).toBe(2)
  hears(null)
  hub.release()
  await calm()
  expect(inside()).toBeUndefined()
})
