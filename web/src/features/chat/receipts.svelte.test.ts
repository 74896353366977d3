import { flushSync } from 'svelte'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RoomId, Values } from '@atrium/protocol'
import { language } from '#lib/i18n/index.ts'
import { own } from '#features/profile/own.svelte.ts'
import { receiptsIn, seenWords } from './receipts.svelte.ts'
import { alice, bob, roomId, wire } from './testing.ts'

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  shows(true)
})
const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
  vi.useRealTimers()
})
const shows = (isOn: boolean) => own.take({ 'preferences.showReceipts': isOn } as Values)
/** The words come from the network, on no clock of a test. */
async function calm() {
  await vi.advanceTimersByTimeAsync(50)
  await language.also('people')
  await vi.advanceTimersByTimeAsync(50)
}
const at = '2026-01-02T10:05:00.000Z'
const carol = '0190c0de-0000-7000-8000-00000000000c'

async function opened(kind: 'direct' | 'group', read: Record<string, number>) {
  const hub = wire()
  hub.room.kind = kind
  const answered = Object.entries(read).map(([accountId, seq]) => ({ accountId, after: 0, read: seq, at }))
  hub.answers['chat.receipts'] = () => ({ ok: true, data: { receipts: answered, people: [] } })
  for (const [n, authorId] of [alice, bob, alice, alice].entries()) hub.store({ authorId, clientId: `c${n}`, body: `${n}` })
  const chat = hub.chat([])
  stops.push(chat.stop)
  const room = chat.open(roomId as RoomId)
  await calm()
  await room.ready
  const receipts = receiptsIn(chat, room)
  stops.push(receipts.follow())
  flushSync()
  await calm()
  return { hub, room, receipts, asked: () => hub.asked.filter(({ name }) => name === 'chat.receipts').length }
}

test('in a room of two the last of mine that the other one has seen says so, and goes on as they read on', async () => {
  const read = { [bob]: 3 }
  const { hub, receipts } = await opened('direct', read)
  expect(receipts.last).toEqual({ seq: 3, at: new Date(at) })
  hub.ears().heard('chat.reading', { roomId, accountId: bob, after: 0, read: 4, at }, `account:${alice}`)
  expect(receipts.last?.seq).toBe(4)
  // What comes late changes nothing, and what is of another room is none of this one's.
  hub.ears().heard('chat.reading', { roomId, accountId: bob, after: 0, read: 2, at }, `account:${alice}`)
  hub.ears().heard('chat.reading', { roomId: carol, accountId: bob, after: 0, read: 1, at }, `account:${alice}`)
  expect(receipts.last?.seq).toBe(4)
})

test('when they saw it is said only where it was the last there was', async () => {
  const { receipts } = await opened('direct', { [bob]: 2 })
  expect(receipts.last).toEqual({ seq: 1, at: undefined })
})

test('whoever switched it off sees nothing, at once, and asks nothing', async () => {
  const { receipts } = await opened('direct', { [bob]: 4 })
  expect(receipts.last?.seq).toBe(4)
  shows(false)
  expect(receipts.last).toBeUndefined()
  const { asked } = await opened('direct', { [bob]: 4 })
  expect(asked()).toBe(0)
})

test('in a group it is asked for when a menu is about to open, and who has seen which message is known then', async () => {
  const { room, receipts, asked } = await opened('group', { [bob]: 3, [carol]: 1 })
  expect([asked(), receipts.of(room.messages[2]!), receipts.last]).toEqual([0, undefined, undefined])
  receipts.look()
  receipts.look()
  await calm()
  expect(asked()).toBe(1)
  expect(room.messages.map((message) => receipts.of(message))).toEqual([[bob, carol], [bob], [bob], []])
  shows(false)
  expect(receipts.of(room.messages[0]!)).toBeUndefined()
})

test('some names stand in a menu, and all of them are said when it is pressed', () => {
  expect(seenWords([])).toEqual({ label: 'Seen by nobody yet', whole: 'Seen by nobody yet' })
  expect(seenWords(['Ada', 'Kwame']).label).toBe('Seen by Ada and Kwame')
  const { label, whole } = seenWords(['Ada', 'Kwame', 'Tom', 'Zoe', 'Finn'])
  expect(label).toBe('Seen by Ada, Kwame, Tom and 2 more')
  expect(whole).toMatch(/^Seen by Ada, Kwame, Tom, Zoe,? and Finn$/)
})
