import type { OnRevoked, Revoked } from '@atrium/platform/revocations'
import type { Ending } from '@atrium/protocol'
import type { Connection } from './connection.ts'

/** How long a revocation is remembered, so that a handshake that looked up its session just before is caught too. */
const rememberedMs = 30_000

const endingOf = {
  locked: 'account_locked',
  deleted: 'account_deleted',
  signed_out: 'signed_out',
  session_ended: 'session_ended',
  password_changed: 'password_changed',
} as const satisfies Record<Extract<Revoked, { reason: string }>['reason'], Ending>

/** Cuts the sockets that depend on a right that was lost. What comes over HTTP asks for its session each time. */
export function rights(deps: {
  onRevoked: OnRevoked
  connections: ReadonlyMap<string, Connection>
  end: (connection: Connection, ending: Ending) => void
  leaveSeat: (accountId: string, topic: string) => void
  /** Something was taken from an account, or from all who saw a file, in one place: their sockets keep what they may still hear. */
  reconsider: (accountId: string | null) => void
}) {
  const { onRevoked, connections, end, leaveSeat, reconsider } = deps
  const recent: { revoked: Revoked; at: number }[] = []

  function revoke(revoked: Revoked): void {
    if (revoked.kind === 'seat') leaveSeat(revoked.accountId, `room:${revoked.roomId}`)
    if (!('reason' in revoked)) return reconsider(revoked.accountId)
    const at = performance.now()
    while (recent[0] && recent[0].at < at - rememberedMs) recent.shift()
    recent.push({ revoked, at })
    for (const connection of connections.values()) check(connection, revoked)
  }

  function check(connection: Connection, revoked: Revoked): void {
    if (!('reason' in revoked)) return
    const { accountId, through } = connection.actor
    // AUTH-13: who looks through somebody's eyes is out with either.
    const theirs = through?.kind === 'administrator' ? [accountId, through.accountId] : [accountId]
    if (!theirs.some((id) => (revoked.kind === 'accounts' ? revoked.accountIds.has(id) : revoked.accountId === id))) return
    if (revoked.kind === 'session' && !revoked.sessionIds.includes(connection.actor.sessionId)) return
    end(connection, endingOf[revoked.reason])
  }

  const stop = onRevoked(revoke)
  return {
    /** For a connection that was just let in: its right may have gone while we looked. What went before is of no sign-in since. */
    recheck(connection: Connection): void {
      for (const { revoked, at } of recent) if (at >= connection.lookedAt) check(connection, revoked)
    },
    stop,
  }
}
