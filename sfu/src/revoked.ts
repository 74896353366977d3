import type { Revoked } from '@atrium/platform'
import type { MeetingId } from '@atrium/protocol'
import type { Admitted } from './peer.ts'

/** Whether this right was what somebody in a meeting is there by. */
export function concerns(revoked: Revoked, who: Admitted & { meetingId: MeetingId }): boolean {
  if (revoked.kind === 'accounts') return revoked.accountIds.has(who.accountId)
  if (!('accountId' in revoked) || revoked.accountId !== who.accountId) return false
  switch (revoked.kind) {
    case 'account':
      return true
    case 'session':
      return revoked.sessionIds.includes(who.sessionId)
    case 'seat':
      return revoked.roomId === who.roomId
    case 'participant':
      return revoked.isOut && revoked.meetingId === who.meetingId && revoked.participantId === who.participantId
    case 'file':
      return false
  }
}
