import { fail, networkOf, together, type Actor, type Announce, type Call, type Database, type Reading, type Tx } from '@atrium/platform'
import type { AccountId, MeetingId, Owed, Person, Session as Shown, SessionId, Values } from '@atrium/protocol'
import { deviceOf, kindOf } from './device.ts'
import { overLooked, type MayLook } from './looking.ts'
import { canSignIn, guestLastsMs, isOver, lastingOf, touchEveryMs, unfinishedLastsMs, type Lasting } from './rules.ts'
import { hashOf, newSecret } from './secrets.ts'
import { endOpenedByShut, endOpenedFrom } from './store.shut.ts'
import {
  addSession,
  confirmSession,
  endSessions,
  findSessions,
  findSessionsById,
  holdSession,
  knowSource,
  listSessions,
  renewSession,
  touchSessions,
  type AuthTables,
  type Session,
  type Which,
} from './store.ts'

interface Deps extends Database<AuthTables> {
  peopleOf: (at: Reading<any> | Tx, ids: readonly string[]) => Promise<Person[]>
  valuesIn: (at: Reading<any> | Tx, ids: readonly string[]) => Promise<Map<string, Values>>
  mayLook: MayLook
  now: () => Date
  newId: () => string
}
export interface Begun {
  secret: string
  expiresAt: Date
}
export type EndReason = 'signed_out' | 'session_ended' | 'password_changed'
interface Beginning {
  owes?: Owed[]
  kind?: Shown['kind']
  /** Where tries at the account were counted: they are forgotten. */
  guess?: Buffer | undefined
  /** What holds for the account, where that was asked. */
  values?: Values
  /** Somebody else looks through these eyes, for so long. */
  opened?: { by: Actor; livesMs: number }
}

export function sessions({ db, work, peopleOf, valuesIn, mayLook, now, newId }: Deps) {
  const asked = together((hashes) => findSessions(db, hashes))
  const inUse = together(async (ids) => {
    await work((tx) => touchSessions(tx, ids as SessionId[], now()))
    return new Map()
  })
  const fresh = (livesMs: number): Begun => ({ secret: newSecret(), expiresAt: new Date(now().getTime() + livesMs) })
  const guestLasting: Lasting = { idleMs: guestLastsMs, longestMs: guestLastsMs }
  async function lastingIn(at: Reading<any> | Tx, accountIds: readonly AccountId[]): Promise<(accountId: AccountId) => Lasting> {
    const values = await valuesIn(at, [...new Set(accountIds)])
    return (id) => (values.has(id) ? lastingOf(values.get(id)!) : guestLasting)
  }

  async function add(
    tx: Tx,
    accountId: AccountId,
    call: Call,
    row: Pick<Session, 'accountKind' | 'scope' | 'owes' | 'kind' | 'openedBy' | 'openedFrom'>,
    livesMs: number,
    besides: { from?: string | undefined; guess?: Buffer | undefined } = {},
  ): Promise<Begun> {
    const begun = fresh(livesMs)
    const at = now()
    const session = {
      ...row,
      id: newId() as SessionId,
      accountId,
      secretHash: hashOf(begun.secret),
      device: deviceOf(call.userAgent),
      source: call.source,
      startedAt: at,
      seenAt: at,
      expiresAt: begun.expiresAt,
      endedAt: null,
      confirmedAt: at,
    }
    await addSession(tx, session, besides)
    return begun
  }

  /**
   * Which of these neither time nor a lost right has ended. What their accounts allow today is asked for with what is said at most once a minute: that
   * the session is in use.
   */
  async function standingOf(sessions: readonly Session[], isInUse = true): Promise<Session[]> {
    const at = now()
    const known = sessions.filter((session) => session.endedAt === null && session.expiresAt > at)
    const blind = new Set(await overLooked(db, known, mayLook))
    const open = known.filter((session) => !blind.has(session))
    const quiet = open.filter((session) => at.getTime() - session.seenAt.getTime() >= touchEveryMs)
    if (quiet.length === 0) return open
    const ids = [...new Set(quiet.map(({ accountId }) => accountId))]
    const [lasting, people] = [await lastingIn(db, ids), new Map((await peopleOf(db, ids)).map((person) => [person.id, person]))]
    const isGone = (session: Session) =>
      isOver(session, at, session.accountKind === 'guest' ? guestLasting : lasting(session.accountId)) ||
      (session.accountKind === 'person' && !canSignIn(people.get(session.accountId)))
    const gone = new Set(quiet.filter(isGone))
    const stay = quiet.filter((session) => !gone.has(session))
    if (isInUse && stay.length > 0) await inUse(stay.map(({ id }) => id))
    return open.filter((session) => !gone.has(session))
  }

  async function found(secret: string): Promise<Session | undefined> {
    const hash = hashOf(secret).toString('base64url')
    const session = (await asked([hash])).get(hash)
    return session && (await standingOf([session]))[0]
  }
  const actorOf = ({ accountId, accountKind, id, scope, openedBy }: Session): Actor => ({
    accountId,
    kind: accountKind,
    sessionId: id,
    scope,
    ...(openedBy && { through: { kind: 'administrator', accountId: openedBy } }),
  })

  function tellOpened(announce: Announce, ended: readonly { id: SessionId; accountId: AccountId }[]): void {
    for (const [accountId, theirs] of Map.groupBy(ended, (one) => one.accountId)) {
      const sessionIds = theirs.map(({ id }) => id)
      announce('revocations:all', 'directory.right.revoked', { kind: 'session', accountId, sessionIds, reason: 'session_ended' })
    }
  }

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

    /** Which of these stand, whatever their secrets are by now. Asking says that they are in use, unless it is said that it does not. */
    async standing(ids: readonly SessionId[], isInUse = true): Promise<Set<SessionId>> {
      return new Set((await standingOf(await findSessionsById(db, ids), isInUse)).map(({ id }) => id))
    },

    /** Those of an account that stand, the last used first. */
    async list(accountId: AccountId): Promise<(Session & { openedByName: string | null })[]> {
      const [open, lasting] = [await listSessions(db, accountId, now()), await lastingIn(db, [accountId])]
      const standing = open.filter((session) => !isOver(session, now(), lasting(accountId)))
      const openers = await peopleOf(db, [...new Set(standing.flatMap(({ openedBy }) => openedBy ?? []))])
      return standing.map((session) => ({
        ...session,
        openedByName: session.openedBy && (openers.find(({ id }) => id === session.openedBy)?.name ?? ''),
      }))
    },

    /** The session of an actor as it stands, held. */
    hold: (tx: Tx, actor: Actor): Promise<Session | undefined> => holdSession(tx, actor.accountId, actor.sessionId),
    find: (ids: readonly SessionId[]): Promise<Session[]> => findSessionsById(db, ids),
    async read(actor: Actor, at: Reading<any> = db): Promise<Session | undefined> {
      return (await findSessionsById(at, [actor.sessionId]))[0]
    },

    /** A new session for somebody who has just shown who they are. The caller holds the account and knows that it is open. */
    async begin(tx: Tx, accountId: AccountId, call: Call, { owes = [], kind, values, guess, opened }: Beginning = {}): Promise<Begun> {
      const lasting = values ? lastingOf(values) : (await lastingIn(tx, [accountId]))(accountId)
      const livesMs = opened?.livesMs ?? (owes.length > 0 ? unfinishedLastsMs : lasting.longestMs)
      const openedBy = opened ? opened.by.accountId : null
      const openedFrom = opened ? opened.by.sessionId : null
      const about = { accountKind: 'person', scope: null, owes, kind: kind ?? kindOf(call.userAgent), openedBy, openedFrom } as const
      const from = owes.length === 0 && !opened ? networkOf(call.source) : undefined
      return add(tx, accountId, call, about, livesMs, { from, guess })
    },

    /** AUTH-9: a session for a guest, who shows nothing but a link. */
    beginGuest: (tx: Tx, accountId: AccountId, meetingId: MeetingId, call: Call): Promise<Begun> =>
      add(
        tx,
        accountId,
        call,
        { accountKind: 'guest', scope: meetingId, owes: [], kind: kindOf(call.userAgent), openedBy: null, openedFrom: null },
        guestLastsMs,
      ),

    /** The same session under a new secret, owing what is left. Undefined when it has ended meanwhile. */
    async renew(tx: Tx, actor: Pick<Actor, 'accountId' | 'sessionId'>, call: Call, owes: Owed[] = []): Promise<Begun | undefined> {
      const session = await holdSession(tx, actor.accountId, actor.sessionId)
      const lasting = (await lastingIn(tx, [actor.accountId]))(actor.accountId)
      if (!session || isOver(session, now(), lasting)) return undefined
      const left = session.startedAt.getTime() + lasting.longestMs - now().getTime()
      const begun = fresh(owes.length > 0 ? unfinishedLastsMs : left)
      await renewSession(tx, session.id, { secretHash: hashOf(begun.secret), expiresAt: begun.expiresAt, owes, confirmedAt: now() })
      if (owes.length === 0) await knowSource(tx, actor.accountId, networkOf(call.source), now())
      return begun
    },

    confirm: (tx: Tx, actor: Actor): Promise<void> => confirmSession(tx, actor.sessionId, now()),

    /** Ends sessions and tells every process, in one unit. */
    async end(tx: Tx, announce: Announce, accountId: AccountId, reason: EndReason, which: Which = {}): Promise<SessionId[]> {
      const sessionIds = await endSessions(tx, accountId, now(), which)
      if (sessionIds.length > 0) {
        announce('revocations:all', 'directory.right.revoked', { kind: 'session', accountId, sessionIds, reason })
        tellOpened(announce, await endOpenedFrom(tx, sessionIds, now()))
      }
      return sessionIds
    },
    /** All of somebody, for whom the caller tells why: it is told here only of those who look from there through others' eyes. */
    async endUntold(tx: Tx, announce: Announce, accountId: AccountId): Promise<void> {
      const sessionIds = await endSessions(tx, accountId, now())
      if (sessionIds.length > 0) tellOpened(announce, await endOpenedFrom(tx, sessionIds, now()))
    },
    /** Of those who look from a domain that was shut. */
    endOpenedByShut: async (tx: Tx, announce: Announce): Promise<void> => tellOpened(announce, await endOpenedByShut(tx, now())),
  }
}
export type Sessions = ReturnType<typeof sessions>

/** Hands the cookie over. Whoever may begin a session comes through the door that can set one. */
export function give(call: Call, begun: Begun): void {
  if (!call.session) throw fail('invalid', 'invalid')
  call.session.begin(begun.secret, begun.expiresAt)
}
