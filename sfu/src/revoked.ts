import type { Revoked } from '@atrium/platform'
import type { MeetingId } from '@atrium/protocol'
import type { Admitted } from './peer.ts'

/** Longer than a ticket lives and clocks differ. */
const keptMs = 150_000
/** The server's clock may be ahead of ours: a ticket that was signed so shortly after, by its own time, may be from before. */
const suspectMs = 5_000
/**
 * Whom the server has inside it looks at again as soon as they have joined, and whoever left comes back at once, for a guest with
 * another seat: by these nobody is kept waiting.
 */
const isAskedAgain = (revoked: Revoked) => revoked.kind === 'participant' || revoked.kind === 'seat'

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

/** What was lost of late: a ticket that was signed before is not good any more. */
export function memory(now: () => Date) {
  const lost: { revoked: Revoked; at: number }[] = []
  return {
    add(revoked: Revoked): void {
      const at = now().getTime()
      while (lost[0] && at - lost[0].at > keptMs) lost.shift()
      lost.push({ revoked, at })
    },
    isLost: (who: Admitted & { meetingId: MeetingId }, issuedAt: number): boolean =>
      lost.some(({ revoked, at }) => at + (isAskedAgain(revoked) ? 0 : suspectMs) >= issuedAt && concerns(revoked, who)),
  }
}
