import { isCutBy, recentLosses, type OnRevoked, type Revoked } from '@atrium/platform'
import type { DocumentEnding } from '@atrium/protocol'
import type { Claims, Visit } from './visit.ts'

/**
 * An account or a session that is gone ends by its name. Anything else that was taken from somebody may be what this document
 * was seen by: the client asks for another ticket, and the server looks at what is left.
 */
function endingOf(revoked: Revoked): DocumentEnding {
  if (revoked.kind === 'accounts') return 'account_locked'
  if (revoked.kind === 'account') return revoked.reason === 'locked' ? 'account_locked' : 'account_deleted'
  return revoked.kind === 'session' ? revoked.reason : 'ticket_refused'
}

/**
 * What went from where everybody saw it concerns all who have it open: the server says each document by its id. Nobody sees a
 * document by being inside a meeting: the seat that a meeting lends is said by itself.
 */
function concerns(revoked: Revoked, { accountId, sessionId, fileId }: Claims): boolean {
  if (revoked.kind === 'accounts') return revoked.accountIds.has(accountId)
  if (revoked.kind === 'participant') return false
  if (revoked.kind === 'file' && revoked.accountId === null) return revoked.fileId === fileId
  if (revoked.kind === 'session' && !revoked.sessionIds.includes(sessionId)) return false
  return revoked.accountId === accountId
}

/** Ends what depends on a right that was lost, and refuses tickets that did not know of it. */
export function rights({
  onRevoked,
  since,
  visits,
  now,
}: {
  onRevoked: OnRevoked
  /** What was lost up to here was never heard. */
  since: number
  visits: ReadonlySet<Visit>
  now: () => Date
}) {
  const losses = recentLosses('document', now)
  const stop = onRevoked((revoked, seq) => {
    losses.add(revoked, seq)
    for (const visit of [...visits])
      if (isCutBy(visit.claims, revoked, seq) && concerns(revoked, visit.claims)) visit.end(endingOf(revoked))
  })
  return {
    /** Why a ticket is no longer good, if it is not. */
    lostSince(claims: Claims): DocumentEnding | undefined {
      if (claims.asOf < since) return 'ticket_refused'
      const lost = losses.unknownTo(claims, (revoked) => concerns(revoked, claims))
      // One that is only suspect is no end for good: the next that the client asks for says what is left.
      return lost && (claims.asOf < lost.seq ? endingOf(lost.revoked) : 'ticket_refused')
    },
    stop,
  }
}
export type Rights = ReturnType<typeof rights>
