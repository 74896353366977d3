import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { Stirring } from '@atrium/protocol'
import type { Connection } from './connection.ts'
import type { Present } from './interest.ts'
import { stirring } from './stirring.ts'

const at = '2030-01-01T00:00:00.000Z'

function rooms(seats: Record<string, Present[]>) {
  const sent: { to: string[]; payload: Stirring }[] = []
  const off = stirring({
    interest: { seatedIn: (topic) => seats[topic] ?? [] },
    excerptOf: (message) => message.body.slice(0, 3),
    send: (connections, payload) => sent.push({ to: connections.map(({ id }) => id), payload }),
  })
  const say = (room: string, seq: number, mentions: string[] = []) =>
    off.heard({
      topic: `room:${room}`,
      name: 'chat.message.sent',
      seq,
      payload: { seq, authorId: 'x', body: 'hello', sentAt: at, mentions },
    })
  return { off, say, sent }
}
const someone = (accountId: string, ...screens: [id: string, ...watching: string[]][]): Present =>
  ({
    actor: { accountId },
    connections: new Set(screens.map(([id, ...watching]) => ({ id, watching: new Set(watching) }) as unknown as Connection)),
  }) as unknown as Present

test('who has the room on screen is not told what they saw; all others get one letter for all rooms', () => {
  const alice = someone('alice', ['a1', 'room:1'], ['a2'])
  const bob = someone('bob', ['b1'])
  const { off, say, sent } = rooms({ 'room:1': [alice, bob], 'room:2': [alice, bob] })
  say('1', 1)
  say('1', 2)
  say('2', 7)
  off.flush()

  const told = Object.fromEntries(
    sent.flatMap(({ to, payload }) => to.map((id) => [id, payload.rooms.map((room) => [room.roomId, room.sent.map(({ seq }) => seq)])])),
  )
  assert.deepEqual(told, { a1: [['2', [7]]], a2: [['1', [1, 2]], ['2', [7]]], b1: [['1', [1, 2]], ['2', [7]]] }) // prettier-ignore
  off.flush()
  assert.equal(sent.length, 2, 'equal letters go out as one, and only once')
})

test('whoever was mentioned is told so, and nobody else', () => {
  const { off, say, sent } = rooms({ 'room:1': [someone('alice', ['a1']), someone('bob', ['b1'])] })
  say('1', 1, ['bob'])
  off.flush()
  const told = Object.fromEntries(sent.flatMap(({ to, payload }) => to.map((id) => [id, payload.rooms[0]!.sent])))
  assert.deepEqual(told['b1'], [{ seq: 1, authorId: 'x', excerpt: 'hel', sentAt: at, mentionsMe: true }])
  assert.equal(told['a1']![0]!.mentionsMe, false)
})

test('where people meet is told to every screen, also to those that show the room; when the last one left, it is null', () => {
  const { off, say, sent } = rooms({ 'room:1': [someone('alice', ['a1', 'room:1']), someone('bob', ['b1'])] })
  const sitting = { startedAt: at, startedBy: 'alice', inside: 2, isStarting: false }
  const meet = (sitting: unknown) =>
    off.heard({ topic: 'room:1', name: 'meetings.meeting.changed', seq: 1, payload: { roomId: '1', slug: 'abcd-efgh-jkmn', sitting } })
  say('1', 1)
  meet({ ...sitting, inside: 1 })
  meet(sitting)
  off.flush()
  const told = () =>
    Object.fromEntries(sent.splice(0).flatMap(({ to, payload }) => to.map((id) => [id, payload.rooms.map((one) => [one.sent.length, one.isStale, one.running])]))) // prettier-ignore
  const running = { roomId: '1', slug: 'abcd-efgh-jkmn', startedAt: at, startedBy: 'alice', inside: 2 }
  assert.deepEqual(told(), { a1: [[0, false, running]], b1: [[1, false, running]] })
  meet({ ...sitting, inside: 0 })
  off.flush()
  assert.deepEqual(told(), { a1: [[0, false, null]], b1: [[0, false, null]] })
})

test('what cannot be said in an excerpt makes the entry stale: an edit, a deletion, a new name, who came and went, a flood', () => {
  const { off, say, sent } = rooms({ 'room:1': [someone('alice', ['a1'])] })
  for (const name of ['chat.message.edited', 'chat.message.deleted', 'chat.room.changed', 'chat.member.joined', 'chat.member.left']) {
    off.heard({ topic: 'room:1', name, seq: 1, payload: {} })
    off.flush()
  }
  for (let seq = 1; seq <= 101; seq++) say('1', seq)
  off.flush()
  assert.deepEqual(sent.map(({ payload }) => [payload.rooms[0]!.sent.length, payload.rooms[0]!.isStale]), [[0, true], [0, true], [0, true], [0, true], [0, true], [100, true]]) // prettier-ignore

  assert.equal(off.heard({ topic: 'room:1', name: 'chat.typed', seq: null, payload: {} }), false)
  off.flush()
  assert.equal(sent.length, 6, 'a signal stirs nothing')
})
