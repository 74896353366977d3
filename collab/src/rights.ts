import type { Revoked } from '@atrium/platform'
import { ticketLivesMs, type DocumentEnding } from '@atrium/protocol'
import type { Claims, Visit } from './visit.ts'

/** Longer than a ticket lives and clocks differ: one that was signed just before the right was lost is refused to its end. */
const rememberedMs = ticketLivesMs.document + 60_000
/** The server's clock may be ahead of ours: a ticket that was signed so shortly after, by its own time, may be from before. */
const suspectMs = 5_000

/**
 * An account or a session that is gone ends by its name. Anything else that was taken from somebody may be what this document
 * was seen by: the client asks for another ticket, and the server looks at what is left.
 */
function endingOf(revoked: Revoked): DocumentEnding {
  if (revoked.kind === 'accounts') return 'account_locked'
  if (revoked.kind === 'account') return revoked.reason === 'locked' ? 'account_locked' : 'account_deleted'
  return revoked.kind === 'session' ? revoked.reason : 'ticket_refused'
}

/** What went from where everybody saw it concerns all who have it open: the server says each document by its id. */
const concerns = (revoked: Revoked, { accountId, sessionId, fileId }: Claims): boolean => {
  if (revoked.kind === 'accounts') return revoked.accountIds.has(accountId)
  return (
    (revoked.kind === 'file' && revoked.accountId === null ? revoked.fileId === fileId : revoked.accountId === accountId) &&
    (revoked.kind !== 'session' || revoked.sessionIds.includes(sessionId))
  )
}

/** Ends what depends on a right that was lost, and refuses tickets from before. */
export function rights({
  onRevoked,
  visits,
  now,
}: {
  onRevoked: (listener: (revoked: Revoked) => void) => () => void
  visits: ReadonlySet<Visit>
  now: () => Date
}) {
  const recent: { revoked: Revoked; at: number }[] = []
  const stop = onRevoked((revoked) => {
    const at = now().getTime()
    while (recent[0] && recent[0].at < at - rememberedMs) recent.shift()
    recent.push({ revoked, at })
    for (const visit of [...visits]) if (concerns(revoked, visit.claims)) visit.end(endingOf(revoked))
  })
  return {
    /** Why a ticket is no longer good, if it is not. */
    lostSince(claims: Claims): DocumentEnding | undefined {
      const lost = recent.find(({ revoked, at }) => claims.issuedAt <= at + suspectMs && concerns(revoked, claims))
      // One that is only suspect is no end for good: the next that the client asks for says what is left.
      return lost && (claims.issuedAt <= lost.at ? endingOf(lost.revoked) : 'ticket_refused')
    },
    stop,
  }
}
export type Rights = ReturnType<typeof rights>
