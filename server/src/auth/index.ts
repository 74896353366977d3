import { fail, type Actor, type Announce, type Handlers, type Jobs, type Reading, type Tx } from '@atrium/platform'
import type {
  AccountId,
  accounts as ofAccounts,
  auth as contract,
  DomainId,
  factors as ofFactors,
  Invitation,
  meetings as ofMeetings,
  Person,
  SessionId,
  SignedIn,
} from '@atrium/protocol'
import type { ExportPart } from '../directory/index.ts'
import { letterWith } from './letters.ts'
import { makeLink } from './links.ts'
import { endLooking } from './looking.ts'
import { refuseWeak } from './policy.ts'
import { hashOf } from './secrets.ts'
import { common, choosing, type AuthDeps } from './service.common.ts'
import { choosingPasswords, forgottenJob } from './service.passwords.ts'
import { tendingSessions } from './service.sessions.ts'
import { signingIn } from './service.ts'
import type { Begun } from './sessions.ts'
import {
  credentialsOf,
  findGrace,
  findSessions,
  forgetLinks,
  forgetSecrets,
  noteSeen,
  saveCredential,
  sweep,
  takeLink,
  type LinkDetail,
} from './store.ts'
import { carryOver, endShut } from './store.shut.ts'

export { adminLink, setupLink } from './console.ts'
export { deviceOf } from './device.ts'
export type { EnterAs, Entered, Entering } from './entering.ts'
export { hashingPool, type Hashing } from './hashing.ts'
export type { VerifierOf } from './passwords.ts'
export { graceEndsAt, hasFactor, type Proofs, type ShownBy } from './rules.ts'
export { hashOf, newSecret } from './secrets.ts'
export type { AuthDeps } from './service.common.ts'
export { give } from './sessions.ts'
export type { AuthTables } from './store.ts'
export { networksOf } from './store.sources.ts'

const shutJob = 'sessions.shut'
/** So many people of a domain at a time. */
const shutAtOnce = 1_000
const receiptLivesMs = 15 * 24 * 60 * 60 * 1_000

/** Jobs may wait a while, and then know again. */
const seenWithinMs = 60 * 60_000
const seenCoarselyMs = 5 * 60_000

type OfOthers = Pick<
  typeof ofFactors,
  | 'auth.state'
  | 'auth.newPassword'
  | 'auth.policy'
  | 'auth.link.policy'
  | 'auth.forgot'
  | 'auth.confirm'
  | 'auth.phone.begin'
  | 'auth.phone.finish'
  | 'auth.recovery.verify'
  | 'me.recovery'
> &
  Pick<typeof ofMeetings, 'auth.guest'> &
  Pick<typeof ofAccounts, 'accounts.sessions' | 'accounts.session.end' | 'accounts.openAs' | 'accounts.password.wipe'>

export function auth(deps: AuthDeps) {
  const here = common(deps)
  const [comings, chosen, tended] = [signingIn(here), choosingPasswords(here), tendingSessions(here)]
  const { db, work, accounts, now, origin, post, open, walk, lockout, proving } = here
  async function endAllShut({ domainId }: { domainId: DomainId }): Promise<void> {
    let after: string | undefined = '00000000-0000-0000-0000-000000000000'
    while (after !== undefined) {
      const next: string = after
      after = await work((tx) => endShut(tx, { domainId, after: next, at: now(), most: shutAtOnce }), { alone: true })
    }
    await work((tx, announce) => open.endOpenedByShut(tx, announce), { alone: true })
  }

  const handlers: Handlers<typeof contract & OfOthers> = {
    'hub.about': comings.about,
    'setup.peek': comings.peekSetup,
    'setup.finish': comings.setUp,
    'auth.signIn': comings.signIn,
    'auth.signOut': comings.signOut,
    'auth.state': comings.state,
    'auth.guest': comings.guest,
    'auth.invitation.peek': comings.peekInvitation,
    'auth.invitation.accept': comings.accept,
    'auth.password.change': chosen.change,
    'auth.newPassword': chosen.choose,
    'auth.policy': chosen.policy,
    'auth.link.policy': chosen.policyOfLink,
    'auth.forgot': chosen.forgot,
    'me.recovery': chosen.setRecovery,
    'auth.recovery.verify': chosen.verifyRecovery,
    'auth.confirm': tended.confirm,
    'auth.sessions': tended.list,
    'auth.session.end': tended.end,
    'auth.phone.begin': tended.beginPhone,
    'auth.phone.finish': tended.finishPhone,
    'accounts.sessions': tended.listOf,
    'accounts.session.end': tended.endOf,
    'accounts.openAs': tended.openAs,
    'accounts.password.wipe': tended.wipe,
  }
  const sessions: ExportPart = {
    name: 'sessions',
    async *of(accountId) {
      yield* await open.list(accountId as AccountId)
    },
  }

  return {
    handlers,
    /** Who the cookie of a request stands for, if anybody: asked at every request and handshake. */
    sessionOf: open.sessionOf,
    unfinishedOf: open.unfinishedOf,
    /** Which sessions of open sockets still stand: asked now and then. */
    standing: open.standing,
    /** Whether this is the caller's password; counted against guessing like a sign-in. */
    isPassword: chosen.isPassword,
    /** What every page says to who is in. Programs have no pages. */
    async signedIn(at: Reading<any>, actor: Actor): Promise<SignedIn> {
      if (actor.through && actor.through.kind !== 'administrator') return {}
      const standing = await walk.state(at, actor)
      if (standing.state !== 'in') return {}
      const { state: _, accountId: __, ...said } = standing
      return said
    },
    /** Lets somebody in whom another way of signing in has found to be who they are. */
    enterAs: walk.enterAs,
    /** The session that has just begun. */
    sessionIdOf: async (tx: Tx, { secret }: Begun): Promise<SessionId | undefined> => {
      const hash = hashOf(secret).toString('base64url')
      return (await findSessions(tx as never, [hash])).get(hash)?.id
    },
    /** Ends these, on every screen. */
    async endTheirSessions(tx: Tx, announce: Announce, accountId: AccountId, only: SessionId[]): Promise<void> {
      await open.end(tx, announce, accountId, 'signed_out', { only })
    },
    /** The steps of signing in, for who keeps second factors. */
    walk,
    /** Counts tries that fail, of whatever is guessed at. */
    counting: proving.counting,
    /** A link of ours for somebody else's page, and whose it is when it comes back. */
    linkFor: (accountId: AccountId, purpose: 'enrolment', detail: LinkDetail): Promise<Invitation> =>
      work(async (tx) => {
        await forgetLinks(tx, accountId, [purpose])
        return makeLink(tx, purpose, accountId, now(), detail)
      }),
    async linkOf(token: string, purpose: 'enrolment'): Promise<{ accountId: AccountId | null; detail: LinkDetail | null }> {
      const link = await here.linkBy(token)
      if (link?.purpose !== purpose || !here.isUsable(link)) throw fail('not_found', 'auth.linkUsed')
      return link
    },
    async takeLink(token: string, clientId: string): Promise<void> {
      if (!(await work((tx) => takeLink(tx, hashOf(token), clientId, now())))) throw fail('not_found', 'auth.linkUsed')
    },
    confirm: (actor: Actor): Promise<void> => work((tx) => open.confirm(tx, actor)),
    /** Since when somebody signs in without the second factor they must have. */
    graceSince: (accountId: AccountId): Promise<Date | undefined> => findGrace(db, accountId),

    /** Until when each of these is locked out by wrong passwords. */
    lockedOutUntil: (ids: readonly AccountId[]): Promise<Map<AccountId, Date>> => lockout.until(db, ids),
    lockedOutUntilOf: lockout.untilOf,
    lockedOut: lockout.all,
    liftLockout: (tx: Tx, accountId: AccountId): Promise<void> => lockout.lift(tx, accountId),
    /** Of these, who has a password of ours, and whether it must be changed. */
    credentialsOf: (ids: readonly AccountId[]) => credentialsOf(db, ids),
    /** Ends all sessions of somebody, on every screen. */
    endAllSessions: tended.endAll,
    /** Of everybody who looks through another's eyes by a right that is gone in this unit. */
    endLooking: endLooking(here),
    removePassword: tended.remove,
    /** A first password, chosen by an administrator: hashed before the unit that saves it, and changed at the first sign-in. */
    async firstPassword(
      password: string,
      owner: { address: string; name: string },
    ): Promise<(tx: Tx, accountId: AccountId) => Promise<void>> {
      refuseWeak(password, accounts.defaultValues, owner, 'password')
      const hash = await proving.hash(password)
      return (tx, accountId) => saveCredential(tx, accountId, { hash, changedAt: now(), mustChange: true }, 0)
    },

    /** A link for one person, by mail too, or to another address. Earlier ones stop working: of two letters the newer one is right. */
    async invite(
      tx: Tx,
      person: Person,
      by: Person,
      purpose: 'invitation' | 'reset',
      to: string | null = person.address,
    ): Promise<Invitation> {
      await forgetLinks(tx, person.id, choosing)
      const link = await makeLink(tx, purpose, person.id, now())
      if (to !== null) {
        const organisation = (await accounts.organisationIn(tx))?.name ?? 'Atrium'
        const language = (await accounts.languageOf(tx, by.id)) ?? 'en'
        const url = new URL(link.path, origin).href
        const words = letterWith(purpose, language, {
          name: person.name,
          by: by.name,
          organisation,
          url,
          expiresAt: new Date(link.expiresAt),
        })
        await post(tx, { to, ...words })
      }
      return link
    },
    /** Of everybody in a domain that was shut, behind it: they are over already. Whoever calls it announces why. */
    endSessionsIn: (tx: Tx, domainId: DomainId): Promise<void> => here.later(tx, shutJob, { domainId }),
    carryOver: (tx: Tx, accountId: AccountId): Promise<void> => carryOver(tx, accountId, now()),
    async endSessions(tx: Tx, announce: Announce, accountId: AccountId): Promise<void> {
      await open.endUntold(tx, announce, accountId)
      await forgetLinks(tx, accountId, [...choosing, 'phone', 'enrolment'])
    },
    async forgetSecrets(tx: Tx, accountId: AccountId): Promise<void> {
      await forgetSecrets(tx, accountId)
      await lockout.lift(tx, accountId)
    },
    work(jobs: Jobs): void {
      jobs.register<{ address: string }>(forgottenJob, chosen.remind)
      jobs.register<{ domainId: DomainId }>(shutJob, endAllShut)
    },
    /** For a job every minute: when people were last here, for who administers them. */
    seen: (): Promise<void> => work((tx) => noteSeen(tx, new Date(now().getTime() - seenWithinMs), seenCoarselyMs)),
    /** For a daily job: takes away what is long over. */
    sweep: (): Promise<void> => work((tx) => sweep(tx, new Date(now().getTime() - receiptLivesMs))),
    exports: [sessions],
  }
}
export type Auth = ReturnType<typeof auth>
