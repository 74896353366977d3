import { fail, type Actor, type Announce, type Call, type Database, type Throttle, type Tx } from '@atrium/platform'
import type { AccountId, Hub, Input, MeetingId, Output, Person, SignInState } from '@atrium/protocol'
import type { Accounts } from '../directory/index.ts'
import type { Hashing } from './hashing.ts'
import { passwords } from './passwords.ts'
import { canSignIn, isInDomain, isOver, isWeak, mayProveThemselves, opens } from './rules.ts'
import { hashOf } from './secrets.ts'
import { give, sessions, type Begun } from './sessions.ts'
import {
  findHash,
  findLink,
  forgetLinks,
  holdSession,
  isKnownSource,
  listSessions,
  saveHash,
  takeLink,
  type AuthTables,
  type LinkRow,
} from './store.ts'

export interface AuthDeps extends Database<AuthTables> {
  accounts: Accounts
  hashing: Hashing
  throttle: Pick<Throttle, 'check' | 'hit' | 'clear'>
  about: { version: string; source: string }
  /** In front of the paths of links in mails. */
  origin: string
  /** Sends a letter once the unit has committed. */
  post: (tx: Tx, letter: { to: string; subject: string; text: string }) => Promise<void>
  /** The meeting that a link leads guests to, and whether this one is at its door or inside. Refuses links that lead nowhere, or not for guests. */
  guestDoor: (slug: string, actor: Actor | undefined) => Promise<{ meetingId: MeetingId; isPresent: boolean }>
  now: () => Date
  newId: () => string
}
type LinkOfPerson = LinkRow & { accountId: AccountId }

export function authService(deps: AuthDeps) {
  const { db, work, accounts, about, now, newId } = deps
  const { sessionOf, unfinishedOf, standing, begin, beginGuest, renew, end } = sessions(deps)
  const { hash, isRight } = passwords({
    ...deps,
    hashOf: (id) => findHash(db, id),
    isKnownSource: (id, source) => isKnownSource(db, id, source),
  })

  const isUsable = (link: LinkRow | undefined): boolean => link !== undefined && link.usedAt === null && link.expiresAt > now()

  /** A link that opens an account, and whose it is; `usedBy` also finds the one that this very command used up. */
  async function linkOf(token: string, usedBy?: string): Promise<{ link: LinkOfPerson; person: Person & { address: string } } | undefined> {
    const link = await findLink(db, hashOf(token))
    if (!link || link.accountId === null) return undefined
    if (!isUsable(link) && (usedBy === undefined || link.usedByClient !== usedBy)) return undefined
    const person = await accounts.person(link.accountId)
    if (!person || person.address === null || !opens(link.purpose, person.status)) return undefined
    return { link: { ...link, accountId: link.accountId }, person: { ...person, address: person.address } }
  }

  function refuseWeak(password: string, owner: { address: string; name: string }): void {
    if (isWeak(password, owner)) throw fail('invalid', 'auth.weakPassword', { field: 'password' })
  }

  async function enter(
    accountId: AccountId,
    call: Call,
    unit: (tx: Tx, announce: Announce) => Promise<Begun>,
  ): Promise<SignInState & { accountId: AccountId }> {
    give(call, await work(unit))
    return { state: 'in', accountId }
  }

  const locked = () => fail('unauthenticated', 'auth.accountLocked')

  async function signIn(
    actor: Actor | undefined,
    { address, password }: { address: string; password: string },
    call: Call,
  ): Promise<SignInState & { accountId: AccountId }> {
    const person = await accounts.byAddress(address)
    const accountId = mayProveThemselves(person) ? person.id : undefined
    const isTheirs = await isRight({ address, password, source: call.source, accountId })
    if (!isTheirs || accountId === undefined) throw fail('unauthenticated', 'auth.wrongPassword')
    if (!canSignIn(person)) throw locked()

    return enter(accountId, call, async (tx, announce) => {
      // They may have been locked, or have gone, while we compared.
      const standing = await accounts.hold(tx, accountId)
      if (standing?.status === 'locked') throw locked()
      if (standing?.status !== 'active') throw fail('unauthenticated', 'auth.wrongPassword')
      if (actor) await end(tx, announce, actor.accountId, 'signed_out', { only: actor.sessionId })
      return begin(tx, accountId, call)
    })
  }

  return {
    sessionOf,
    unfinishedOf,
    standing,
    signIn,
    async about(): Promise<Output<Hub, 'hub.about'>> {
      const organisation = await accounts.organisation()
      return { ...about, organisation: organisation?.name ?? null, isSetUp: organisation !== undefined }
    },

    async peekSetup(_actor: Actor | undefined, { token }: Input<Hub, 'setup.peek'>): Promise<{ isOpen: boolean }> {
      const link = await findLink(db, hashOf(token))
      return { isOpen: link?.purpose === 'setup' && isUsable(link) && (await accounts.organisation()) === undefined }
    },

    async setUp(actor: Actor | undefined, draft: Input<Hub, 'setup.finish'>, call: Call): Promise<{ accountId: AccountId }> {
      const { token, clientId, address, password, name, domain, language = null } = draft
      const link = await findLink(db, hashOf(token))
      if (link?.purpose !== 'setup') throw fail('not_found', 'auth.linkUsed')
      // The answer to the first attempt was lost: they are in if the password is the one they chose.
      if (link.usedByClient === clientId) return signIn(actor, { address, password }, call)
      if (await accounts.organisation()) throw fail('conflict', 'auth.alreadySetUp')
      if (!isUsable(link)) throw fail('not_found', 'auth.linkUsed')
      if (!isInDomain(address, domain)) throw fail('invalid', 'auth.addressOutsideDomain', { field: 'address', params: { domain } })
      refuseWeak(password, { address, name })

      const secret = await hash(password)
      const id = newId() as AccountId
      return enter(id, call, async (tx, announce) => {
        if (!(await takeLink(tx, hashOf(token), clientId, now()))) throw fail('conflict', 'auth.alreadySetUp')
        const organisation = { name: draft.organisation, domain }
        await accounts.found(tx, announce, { organisation, administrator: { id, name, address, language }, at: now() })
        await saveHash(tx, id, secret, now())
        return begin(tx, id, call)
      })
    },

    async signOut(actor: Actor, _input: unknown, call: Call): Promise<Record<string, never>> {
      await work((tx, announce) => end(tx, announce, actor.accountId, 'signed_out', { only: actor.sessionId }))
      call.session?.end()
      return {}
    },

    async peekInvitation(
      _actor: Actor | undefined,
      { token }: Input<Hub, 'auth.invitation.peek'>,
    ): Promise<Output<Hub, 'auth.invitation.peek'>> {
      const found = await linkOf(token)
      if (!found) throw fail('not_found', 'auth.linkUsed')
      const organisation = await accounts.organisation()
      return { name: found.person.name, address: found.person.address, organisation: organisation?.name ?? '' }
    },

    async accept(actor: Actor | undefined, { token, clientId, password }: Input<Hub, 'auth.invitation.accept'>, call: Call) {
      const found = await linkOf(token, clientId)
      if (!found) throw fail('not_found', 'auth.linkUsed')
      const { person, link } = found
      if (link.usedAt !== null) return signIn(actor, { address: person.address, password }, call)
      refuseWeak(password, person)

      const secret = await hash(password)
      return enter(person.id, call, async (tx, announce) => {
        const standing = await accounts.hold(tx, person.id)
        if (!standing || !opens(link.purpose, standing.status)) throw fail('not_found', 'auth.linkUsed')
        if (!(await takeLink(tx, hashOf(token), clientId, now()))) throw fail('not_found', 'auth.linkUsed')
        await accounts.join(tx, announce, person.id, now())
        await saveHash(tx, person.id, secret, now())
        await forgetLinks(tx, person.id)
        await end(tx, announce, person.id, 'password_changed')
        if (actor && actor.accountId !== person.id) await end(tx, announce, actor.accountId, 'signed_out', { only: actor.sessionId })
        return begin(tx, person.id, call)
      })
    },

    /**
     * Who says a name at a meeting's link. The same browser, at the same link, is the same guest, under the name they say now; but
     * whom a host was asked about, or has let in, is called what the host was told.
     */
    async guest(actor: Actor | undefined, { slug, name }: Input<Hub, 'auth.guest'>, call: Call): Promise<Output<Hub, 'auth.guest'>> {
      const { meetingId, isPresent } = await deps.guestDoor(slug, actor)
      if (actor && actor.kind !== 'guest') throw fail('conflict', 'auth.signedInAlready')
      if (actor?.scope === meetingId) {
        if (!isPresent) await work((tx) => accounts.renameGuest(tx, actor.accountId, name))
        return { accountId: actor.accountId, meetingId }
      }
      const accountId = newId() as AccountId
      await enter(accountId, call, async (tx, announce) => {
        await accounts.addGuest(tx, { id: accountId, name, at: now() })
        // A browser is one guest at a time.
        if (actor) await end(tx, announce, actor.accountId, 'signed_out', { only: actor.sessionId })
        return beginGuest(tx, accountId, meetingId, call)
      })
      return { accountId, meetingId }
    },

    async changePassword(actor: Actor, { current, next }: Input<Hub, 'auth.password.change'>, call: Call) {
      const person = await accounts.person(actor.accountId)
      if (!canSignIn(person)) throw fail('unauthenticated', 'unauthenticated')
      const { address } = person
      if (!(await isRight({ address, password: current, source: call.source, accountId: person.id })))
        throw fail('forbidden', 'auth.wrongPassword', { field: 'current' })
      if (isWeak(next, { address, name: person.name })) throw fail('invalid', 'auth.weakPassword', { field: 'next' })

      const secret = await hash(next)
      return enter(person.id, call, async (tx, announce) => {
        if ((await accounts.hold(tx, person.id))?.status !== 'active') throw fail('unauthenticated', 'unauthenticated')
        const renewed = await renew(tx, actor)
        if (!renewed) throw fail('unauthenticated', 'unauthenticated')
        await saveHash(tx, person.id, secret, now())
        await forgetLinks(tx, person.id)
        await end(tx, announce, person.id, 'password_changed', { except: actor.sessionId })
        return renewed
      })
    },

    async sessions(actor: Actor): Promise<Output<Hub, 'auth.sessions'>> {
      const open = await listSessions(db, actor.accountId, now())
      return open.map(({ id, device, source, startedAt, seenAt, openedBy }) => ({
        id,
        kind: 'browser',
        openedBy,
        device,
        source,
        startedAt: startedAt.toISOString(),
        seenAt: seenAt.toISOString(),
        isThis: id === actor.sessionId,
      }))
    },

    async endSession(actor: Actor, { sessionId }: Input<Hub, 'auth.session.end'>, call: Call): Promise<Output<Hub, 'auth.session.end'>> {
      await work(async (tx, announce) => {
        const session = await holdSession(tx, actor.accountId, sessionId)
        if (!session) throw fail('not_found', 'notFound', { field: 'sessionId' })
        if (!isOver(session, now())) await end(tx, announce, actor.accountId, 'session_ended', { only: sessionId })
      })
      if (sessionId === actor.sessionId) call.session?.end()
      return { sessionId }
    },

    /** For what must be confirmed by the password. Counted like a sign-in, or a stolen session could guess at it. */
    async isPassword(actor: Actor, password: string, source: string): Promise<boolean> {
      const person = await accounts.person(actor.accountId)
      return canSignIn(person) && isRight({ address: person.address, password, source, accountId: person.id })
    },
  }
}
