import assert from 'node:assert/strict'
import { test } from 'vitest'
import { newId, type Revoked } from '@atrium/platform'
import type { AccountId, MeetingId, ParticipantId, RoomId, SessionId } from '@atrium/protocol'
import { memory } from './revoked.ts'

const who = {
  accountId: newId() as AccountId,
  sessionId: newId() as SessionId,
  participantId: newId() as ParticipantId,
  meetingId: newId() as MeetingId,
  roomId: newId() as RoomId,
  may: [],
}
const at = Date.parse('2026-01-01T12:00:00Z')
const remembering = (revoked: Revoked) => {
  const lost = memory(() => new Date(at))
  lost.add(revoked)
  return (afterMs: number) => lost.isLost(who, at + afterMs)
}

test('a ticket from a server whose clock is ahead is suspect for some seconds after an account or a session was lost', () => {
  const { accountId, sessionId } = who
  for (const isLost of [
    remembering({ kind: 'account', accountId, reason: 'locked' }),
    remembering({ kind: 'session', accountId, sessionIds: [sessionId], reason: 'signed_out' }),
  ])
    assert.deepEqual([-1, 0, 5_000, 5_001].map(isLost), [true, true, true, false])
})

test('who left a meeting and comes back at once is let in', () => {
  const { accountId, meetingId, participantId, roomId } = who
  for (const isLost of [
    remembering({ kind: 'participant', accountId, meetingId, participantId, isOut: true }),
    remembering({ kind: 'seat', accountId, roomId, toSeq: 7 }),
  ])
    assert.deepEqual([-1, 0, 1].map(isLost), [true, true, false])
})
