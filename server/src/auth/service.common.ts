import { fail, type Actor, type Announce, type Call, type Database, type Reading, type Throttle, type Tx } from '@atrium/platform'
import type { AccountId, MeetingId, Person, SignInState, Values } from '@atrium/protocol'
import type { Accounts } from '../directory/index.ts'
import { entering, type Entered } from './entering.ts'
import type { Hashing } from './hashing.ts'
import { lockouts } from './lockout.ts'
import type { MayLook } from './looking.ts'
import { passwords, type VerifierOf } from './passwords.ts'
import { opens, type LinkPurpose, type Proofs } from './rules.ts'
import { hashOf } from './secrets.ts'
import { give, sessions } from './sessions.ts'
import {
  earlierHashes,
  findCredential,
  findLink,
  forgetLinks,
  knownSources,
  saveCredential,
  type AuthTables,
  type LinkRow,
} from './store.ts'

export interface AuthDeps extends Database<AuthTables> {
  accounts: Accounts
  hashing: Hashing
  throttle: Pick<Throttle, 'check' | 'hit' | 'clear' | 'take'>
  about: { version: string; source: string }
  /** In front of the paths of links in mails. */
  origin: string
  /** Sends a letter once the unit has committed. */
  post: (tx: Tx, letter: { to: string; subject: string; text: string }) => Promise<void>
  /** Does something later, once the unit has committed. */
  later: (tx: Tx, kind: string, payload: unknown) => Promise<void>
  /** The key that the hub seals secrets with. */
  hubKey: () => Promise<Buffer>
  /** The meeting that a link leads guests to, and whether this one is at its door or inside. Refuses links that lead nowhere, or not for guests. */
  guestDoor: (slug: string, actor: Actor | undefined) => Promise<{ meetingId: MeetingId; isPresent: boolean }>
  /** Which second factors somebody has. */
  proofsOf: (at: Reading<any> | Tx, accountId: AccountId) => Promise<Proofs>
  isTrusted: (tx: Tx, accountId: AccountId, call: Call) => Promise<boolean>
  /** Browsers that were trusted are asked again. */
  forgetDevices: (tx: Tx, accountId: AccountId) => Promise<void>
  verifierOf: VerifierOf
  mayLook: MayLook
  recovery: {
    find: (at: Reading<any> | Tx, id: AccountId) => Promise<{ address: string; isVerified: boolean } | null>
    set: (tx: Tx, id: AccountId, address: string | null) => Promise<void>
    verify: (tx: Tx, id: AccountId, address: string) => Promise<boolean>
  }
  now: () => Date
  newId: () => string
}
export type LinkOfPerson = LinkRow & { accountId: AccountId }
/** A link is tried so often in a minute, wherever from. */
const triesOfLink = { times: 20, perMs: 60_000 }
/** Links by which somebody chooses a password. */
const choosing: LinkPurpose[] = ['invitation', 'reset', 'admin', 'forgotten']

/** What the parts of this slice share. */
export function common(deps: AuthDeps) {
  const { db, work, accounts, throttle, hashing, now } = deps
  const open = sessions({ ...deps, peopleOf: accounts.peopleOf, valuesIn: accounts.valuesIn })
  const lockout = lockouts({ ...deps })
  const walk = entering({ ...deps, sessions: open, lockout })
  const proving = passwords({
    ...deps,
    lockout,
    arriving: accounts.arriving,
    defaultValues: accounts.defaultValues,
    isKnownSource: knownSources(accounts.accountAt),
  })

  const isUsable = (link: LinkRow | undefined): boolean => link !== undefined && link.usedAt === null && link.expiresAt > now()

  return {
    ...deps,
    open,
    lockout,
    walk,
    proving,
    isUsable,

    /** A link by its secret. Who tries one too often waits, wherever they are. */
    async linkBy(token: string): Promise<LinkRow | undefined> {
      const hash = hashOf(token)
      const retryAfterMs = throttle.take(`link ${hash.toString('base64url')}`, triesOfLink)
      if (retryAfterMs > 0) throw fail('rate_limited', 'rateLimited', { retryAfterMs })
      return findLink(db, hash)
    },

    /** A link that opens an account, and whose it is; `usedBy` also finds the one that this very command used up. */
    async openerBy(token: string, usedBy?: string): Promise<{ link: LinkOfPerson; person: Person & { address: string } } | undefined> {
      const link = await this.linkBy(token)
      if (!link || link.accountId === null) return undefined
      if (!isUsable(link) && (usedBy === undefined || link.usedByClient !== usedBy)) return undefined
      const person = await accounts.person(link.accountId)
      if (!person || person.address === null || !opens(link.purpose, person.status)) return undefined
      return { link: { ...link, accountId: link.accountId }, person: { ...person, address: person.address } }
    },

    /** Commits, and hands the cookie over. `asynchronousCommit`: where nothing but the session would have to be begun once more. */
    async enter(
      call: Call,
      unit: (tx: Tx, announce: Announce) => Promise<Entered>,
      how: { asynchronousCommit?: boolean } = {},
    ): Promise<SignInState> {
      const { begun, state } = await work(unit, how)
      give(call, begun)
      return state
    },

    /** The password is another from now on: no link opens the account any more, and nobody is locked out of it. */
    async savePassword(tx: Tx, accountId: AccountId, hash: string, values: Values): Promise<void> {
      await saveCredential(tx, accountId, { hash, changedAt: now(), mustChange: false }, values['password.history'])
      await forgetLinks(tx, accountId, choosing)
      await lockout.lift(tx, accountId)
    },

    /** AUTH-12: none of the last ones again. */
    async refuseUsed(accountId: AccountId, password: string, values: Values, field: string): Promise<void> {
      const history = values['password.history']
      const current = await findCredential(db, accountId)
      const earlier = history > 0 ? await earlierHashes(db, accountId, history) : []
      const used = [...(current && (history > 0 || current.mustChange) ? [current.hash] : []), ...earlier]
      for (const hash of used)
        if (await hashing.verify(hash, password)) throw fail('invalid', 'factors.passwordUsed', { field, params: { history } })
    },
  }
}
export type Common = ReturnType<typeof common>
export { choosing }
