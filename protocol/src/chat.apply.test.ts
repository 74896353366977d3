import assert from 'node:assert/strict'
import { test } from 'vitest'
import { applyChat, readTo, stir, unreadOf } from './chat.apply.ts'
import { maxUnread, maxWaiting, type Message, type RoomEntry, type RoomView, type Stirring } from './chat.ts'

const me = { accountId: 'me' }
const message = (seq: number, more: Partial<Record<keyof Message, unknown>> = {}) =>
  ({
    id: `m${seq}`,
    roomId: 'garden',
    seq,
    authorId: 'bob',
    body: `${seq}`,
    edits: 0,
    mentions: [],
    files: [],
    reactions: [],
    ...more,
  }) as unknown as Message
const view = (more: Partial<RoomView> = {}) =>
  ({
    room: { id: 'garden', name: 'Garden' },
    seat: { role: 'member', isMuted: false, isLent: false },
    seen: { read: 0, waiting: [], mentions: [] },
    messages: [],
    hasEarlier: false,
    hasLater: false,
    ...more,
  }) satisfies Record<keyof RoomView, unknown> as unknown as RoomView
const seqsOf = ({ messages }: RoomView) => messages.map(({ seq }) => seq)
const sent = (before: RoomView, ...seqs: number[]) =>
  seqs.reduce((state, seq) => applyChat['chat.message.sent'](state, message(seq), me), before)

test('messages stand in the order of their numbers, whatever the order of arrival, and once', () => {
  assert.deepEqual(seqsOf(sent(view(), 3, 1, 2, 2)), [1, 2, 3])
})

test('what lies outside the stretch on screen is left to be loaded', () => {
  const middle = view({ messages: [message(5), message(6)], hasEarlier: true, hasLater: true })
  assert.deepEqual(seqsOf(sent(middle, 2, 9)), [5, 6])
  assert.deepEqual(seqsOf(applyChat['chat.message.edited'](middle, message(2, { edits: 1 }), me)), [5, 6])
  assert.deepEqual(seqsOf(sent(view({ messages: [message(5)], hasEarlier: true }), 2, 9)), [5, 9])
  // It waits to be read all the same.
  assert.deepEqual(sent(middle, 9).seen.waiting, [9])
})

test('an edit replaces the words, or brings the message whose sending was replaced by it', () => {
  const edited = message(1, { edits: 1, body: 'better' })
  assert.deepEqual(applyChat['chat.message.edited'](sent(view(), 1), edited, me).messages, [edited])
  const blank = applyChat['chat.message.sent'](view(), null, me)
  assert.deepEqual(seqsOf(blank), [])
  assert.deepEqual(applyChat['chat.message.edited'](blank, edited, me).messages, [edited])
})

test('a deletion takes the message and what waited of it; of one we never had it takes nothing', () => {
  const two = sent(view(), 1, 2)
  const gone = { id: 'm1', roomId: 'garden', seq: 1 } as never
  const after = applyChat['chat.message.deleted'](two, gone, me)
  assert.deepEqual([seqsOf(after), after.seen.waiting], [[2], [2]])
  assert.deepEqual(applyChat['chat.message.deleted'](after, gone, me), after)
})

test('the newest word about reactions says everything', () => {
  const reactions = [{ emoji: '👍', by: ['bob'] }]
  const after = applyChat['chat.message.reacted'](sent(view(), 1), { id: 'm1', roomId: 'garden', seq: 1, reactions } as never, me)
  assert.deepEqual(after.messages[0]?.reactions, reactions)
  assert.deepEqual(applyChat['chat.message.reacted'](after, { id: 'm9', roomId: 'garden', seq: 9, reactions } as never, me), after)
})

test('[CHAT-6] one’s own words never wait; others’ do, up to the newest hundred', () => {
  const own = applyChat['chat.message.sent'](view(), message(1, { authorId: 'me' }), me)
  assert.equal(unreadOf(own.seen), 0)
  const many = sent(view(), ...Array.from({ length: 150 }, (_, i) => i + 1))
  assert.deepEqual([unreadOf(many.seen), many.seen.waiting.length], [maxUnread, maxWaiting])
  assert.deepEqual([many.seen.waiting[0], many.seen.waiting.at(-1)], [31, 150])
  const old = applyChat['chat.message.edited'](many, message(3, { edits: 1 }), me)
  assert.deepEqual(old.seen.waiting, many.seen.waiting)

  let fewer = many
  for (let seq = 150; seq > 130; seq--)
    fewer = applyChat['chat.message.deleted'](fewer, { id: `m${seq}`, roomId: 'garden', seq } as never, me)
  assert.equal(unreadOf(fewer.seen), maxUnread, 'what was taken back is made up for by older ones, as a fresh load would')
})

test('[CHAT-6] an edit may begin to mention me, and cease to', () => {
  const before = sent(view(), 1)
  const named = applyChat['chat.message.edited'](before, message(1, { edits: 1, mentions: ['me'] }), me)
  assert.deepEqual(named.seen, { read: 0, waiting: [1], mentions: [1] })
  assert.deepEqual(applyChat['chat.message.edited'](named, message(1, { edits: 2 }), me).seen, { read: 0, waiting: [1], mentions: [] })
  const read = { ...named, seen: readTo(named.seen, 1) }
  assert.deepEqual(applyChat['chat.message.edited'](read, message(1, { edits: 3, mentions: ['me'] }), me).seen, read.seen)
})

test('[CHAT-7] reading moves the cursor forward only, and only that of its room', () => {
  const three = sent(view(), 1, 2, 3)
  const read = applyChat['chat.room.read'](three, { roomId: 'garden', read: 2 } as never, me)
  assert.deepEqual(read.seen, { read: 2, waiting: [3], mentions: [] })
  assert.deepEqual(applyChat['chat.room.read'](read, { roomId: 'garden', read: 1 } as never, me).seen, read.seen)
  assert.deepEqual(applyChat['chat.room.read'](three, { roomId: 'shed', read: 2 } as never, me), three)
})

test('the room and the seat are as the newest fact says', () => {
  const room = { id: 'garden', name: 'Meadow' } as never
  for (const name of ['chat.room.changed', 'chat.member.joined', 'chat.member.left'] as const)
    assert.equal(applyChat[name](view(), { room } as never, me).room, room)
  const seat = { role: 'owner', isMuted: true, isLent: false } as const
  assert.equal(applyChat['chat.seat.changed'](view(), { roomId: 'garden', seat } as never, me).seat, seat)
  assert.deepEqual(applyChat['chat.seat.changed'](view(), { roomId: 'shed', seat } as never, me), view())
})

test('a fact that a later one replaced changes nothing', () => {
  const before = sent(view(), 1)
  for (const apply of Object.values(applyChat)) assert.equal(apply(before, null, me), before)
})

test('what stirs off screen counts in the list of rooms, and the newest is shown there', () => {
  const { room, seat, seen } = view()
  const entry = { room, seat, seen, latest: null, createdAt: '2030-01-01T00:00:00.000Z' } as RoomEntry
  const said = (seq: number, more = {}) => ({
    seq,
    authorId: 'bob',
    excerpt: `${seq}`,
    sentAt: '2030-01-01T00:00:00.000Z',
    mentionsMe: false,
    ...more,
  })
  const change = { roomId: 'garden', sent: [said(2, { mentionsMe: true }), said(1), said(3, { authorId: 'me' })], isStale: false }
  const after = stir(entry, change as unknown as Stirring['rooms'][number], me)
  assert.deepEqual(after.seen, { read: 0, waiting: [1, 2], mentions: [2] })
  assert.equal(after.latest?.excerpt, '3')
  assert.deepEqual(stir(after, change as unknown as Stirring['rooms'][number], me), after)
})
