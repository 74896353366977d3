import { fail, networkOf, together, type Actor, type Announce, type Call, type Database, type Tx } from '@atrium/platform'
import type { AccountId, MeetingId, Owed, SessionId, SignInState } from '@atrium/protocol'
import { deviceOf } from './device.ts'
import { guestLastsMs, isOver, lastsMs, touchEveryMs } from './rules.ts'
import { hashOf, newSecret } from './secrets.ts'
import {
  addSession,
  endSessions,
  findSessions,
  findSessionsById,
  holdSession,
  knowSource,
  renewSession,
  touchSessions,
  type AuthTables,
  type SessionRow,
} from './store.ts'

interface Deps extends Database<AuthTables> {
  now: () => Date
  newId: () => string
}
export interface Begun {
  secret: string
  expiresAt: Date
}
/** How somebody showed who they are. What each of them leaves to be shown is the rule of `owedBy`. */
export type ShownBy = 'password' | 'ldap' | 'provider' | 'passkey' | 'link' | 'phone'
/** A session that began, and what it owes before it opens anything. Once the unit has committed, `give` hands the cookie over. */
export interface Entered {
  begun: Begun
  state: SignInState
}
/**
 * Begins a session for somebody who has just shown who they are, inside the unit of whoever looked. Refuses where the account, or its
 * domain, lets nobody in. A session that this browser had before (`instead`) ends.
 */
export type EnterAs = (
  tx: Tx,
  announce: Announce,
  accountId: AccountId,
  call: Call,
  how: { by: ShownBy; instead?: Actor | undefined },
) => Promise<Entered>
/**
 * Whether a password is right where this person's passwords are kept. Undefined: they are kept here. Refuses with a sentence when
 * that place cannot be reached, or takes too long.
 */
export type VerifyElsewhere = (account: { id: AccountId; address: string }, password: string) => Promise<boolean | undefined>
export type EndReason = 'signed_out' | 'session_ended' | 'password_changed'

export function sessions({ db, work, now, newId }: Deps) {
  const asked = together((hashes) => findSessions(db, hashes))
  const inUse = together(async (ids) => {
    await work((tx) => touchSessions(tx, ids as SessionId[], now()))
    return new Map()
  })
  const fresh = (livesMs = lastsMs): Begun => ({ secret: newSecret(), expiresAt: new Date(now().getTime() + livesMs) })

  async function add(
    tx: Tx,
    accountId: AccountId,
    call: Call,
    { kind, scope, livesMs, owes = [] }: { kind: Actor['kind']; scope: string | null; livesMs?: number; owes?: Owed[] },
  ): Promise<Begun> {
    const begun = fresh(livesMs)
    const at = now()
    await addSession(tx, {
      id: newId() as SessionId,
      accountId,
      accountKind: kind,
      scope,
      secretHash: hashOf(begun.secret),
      device: deviceOf(call.userAgent),
      source: call.source,
      startedAt: at,
      seenAt: at,
      expiresAt: begun.expiresAt,
      endedAt: null,
      owes,
      confirmedAt: at,
      openedBy: null,
    })
    return begun
  }

  /** Asked together with others, and so is said, at most once a minute, that the session is in use. */
  async function found(secret: string) {
    const hash = hashOf(secret).toString('base64url')
    const session = (await asked([hash])).get(hash)
    const at = now()
    if (!session || isOver(session, at)) return undefined
    if (at.getTime() - session.seenAt.getTime() >= touchEveryMs) await inUse([session.id])
    return session
  }
  const actorOf = ({ accountId, accountKind, id, scope, openedBy }: Omit<SessionRow, 'secretHash'>): Actor => ({
    accountId,
    kind: accountKind,
    sessionId: id,
    scope,
    ...(openedBy && { through: { kind: 'administrator', accountId: openedBy } }),
  })

  return {
    /** Who a cookie stands for. Whoever still owes something is nobody here. */
    async sessionOf(secret: string): Promise<Actor | undefined> {
      const session = await found(secret)
      return session?.owes.length === 0 ? actorOf(session) : undefined
    },

    /** Somebody in the middle of signing in. */
    async unfinishedOf(secret: string): Promise<Actor | undefined> {
      const session = await found(secret)
      return session && session.owes.length > 0 ? { ...actorOf(session), through: { kind: 'unfinished' } } : undefined
    },

    /** Which of these stand, whatever their secrets are by now. Asking says that they are in use. */
    async standing(ids: readonly SessionId[]): Promise<Set<SessionId>> {
      const at = now()
      const stand = (await findSessionsById(db, ids)).filter((session) => !isOver(session, at)).map(({ id }) => id)
      if (stand.length > 0) await work((tx) => touchSessions(tx, stand, at))
      return new Set(stand)
    },

    /** A new session for somebody who has just shown who they are. The caller holds the account and knows that it is open. */
    async begin(tx: Tx, accountId: AccountId, call: Call): Promise<Begun> {
      const begun = await add(tx, accountId, call, { kind: 'person', scope: null })
      await knowSource(tx, accountId, networkOf(call.source), now())
      return begun
    },

    /** AUTH-9: a session for a guest, who shows nothing but a link. */
    beginGuest: (tx: Tx, accountId: AccountId, meetingId: MeetingId, call: Call): Promise<Begun> =>
      add(tx, accountId, call, { kind: 'guest', scope: meetingId, livesMs: guestLastsMs }),

    /** The same session under a new secret. Undefined when it has ended meanwhile. */
    async renew(tx: Tx, actor: Actor): Promise<Begun | undefined> {
      const session = await holdSession(tx, actor.accountId, actor.sessionId)
      if (!session || isOver(session, now())) return undefined
      const begun = fresh()
      await renewSession(tx, session.id, hashOf(begun.secret), begun.expiresAt)
      return begun
    },

    /** Ends sessions and tells every process, in one unit. */
    async end(tx: Tx, announce: Announce, accountId: AccountId, reason: EndReason, which: { except?: SessionId; only?: SessionId } = {}) {
      const sessionIds = await endSessions(tx, accountId, now(), which)
      if (sessionIds.length > 0) announce('revocations:all', 'directory.right.revoked', { kind: 'session', accountId, sessionIds, reason })
    },
  }
}

/** Hands the cookie over. Whoever may begin a session comes through the door that can set one. */
export function give(call: Call, begun: Begun): void {
  if (!call.session) throw fail('invalid', 'invalid')
  call.session.begin(begun.secret, begun.expiresAt)
}
