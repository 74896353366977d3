import { createHash, randomBytes } from 'node:crypto'
import { fail, Refusal, type Actor, type Announce, type Call, type Tx } from '@atrium/platform'
import type { AccountId, SessionId } from '@atrium/protocol'
import { Address } from '@atrium/protocol/text'
import type { EnterAs, Entered } from '../auth/index.ts'
import type { Mirroring } from '../directory/index.ts'
import { mayAdopt, mayOpen } from './rules.ts'
import type { ProviderDeps } from './service.ts'
import type { ProviderRow } from './store.ts'
import { note, settle, type Noted } from './troubles.ts'
import { addVisit, findIdentity, link, tie, takeVisit, useIdentity, type Visit } from './store.visits.ts'

/** Who somebody is, as a provider says. */
export interface Identity {
  /** What never changes there. */
  subject: string
  address: string | null
  /** Whether the provider vouches that the address is theirs. */
  isVerified: boolean
  name: string
  given: string
  surname: string
  title: string
  /** The session over there, for when it ends. */
  index: string | null
  /** What the provider is shown again when they sign out here. */
  kept?: Record<string, unknown>
}
export interface ArrivingDeps extends ProviderDeps {
  people: Mirroring
  enterAs: EnterAs
  sessionIdOf: (tx: Tx, begun: Entered['begun']) => Promise<SessionId | undefined>
}

/** Time to sign in over there. */
const visitLastsMs = 15 * 60_000
const secretOf = () => randomBytes(32).toString('base64url')
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

const leaving = (number: string): Buffer => hashOf(`leaving ${number}`)
/** They are signed out here whatever comes of it; whether there, too, the provider did not say in a way that can be believed. */
export const leftHereOnly = () => fail('forbidden', 'providers.leftHereOnly')

/** From a button of ours to a provider, and back into an account. */
export function arriving({ work, people, enterAs, sessionIdOf, personOf, reachesBeyond, domain, now, newId }: ArrivingDeps) {
  async function mayEnter(tx: Tx, row: ProviderRow, id: AccountId): Promise<boolean> {
    const account = await personOf(tx, id)
    return account !== undefined && mayOpen(row, { ...account, reachesBeyond: await reachesBeyond(tx, id, row.domainId) })
  }

  /** PROV-7 to PROV-9: whose account an identity opens. */
  async function accountOf(tx: Tx, announce: Announce, row: ProviderRow, who: Identity): Promise<AccountId> {
    const known = await findIdentity(tx, row.id, who.subject)
    if (known) {
      if (!(await mayEnter(tx, row, known))) throw fail('forbidden', 'providers.otherDomain')
      await useIdentity(tx, row.id, who.subject, now())
      return known
    }
    const home = (await domain(tx, { id: row.domainId }))!
    const address = Address.safeParse(who.address ?? '').data
    if (address === undefined) throw fail('forbidden', 'providers.noAccount')
    if (!address.endsWith(`@${home.name}`)) throw fail('forbidden', 'providers.otherDomain')

    const [owner] = await people.ownersOf(tx, [address])
    if (owner) {
      const isOpen = owner.ownerKind === 'account' && (await mayEnter(tx, row, owner.ownerId as AccountId))
      if (!isOpen) throw fail('forbidden', 'providers.otherDomain')
      if (!mayAdopt(who)) throw fail('forbidden', 'providers.unverified')
      if (!(await link(tx, row.id, who.subject, owner.ownerId as AccountId, now()))) throw fail('conflict', 'providers.linkedOtherwise')
      return owner.ownerId as AccountId
    }
    if (row.settings.kind === 'ldap' || !row.settings.createsAccounts) throw fail('forbidden', 'providers.noAccount')
    if ((await people.roomFor(tx, row.domainId)) < 1) throw fail('conflict', 'providers.full')
    const id = newId() as AccountId
    const { given, surname, title } = who
    const name = who.name || `${given} ${surname}`.trim() || address.slice(0, address.indexOf('@'))
    const person = { id, externalId: null, address, name, given, initials: '', surname, title, profile: {}, status: 'active' } as const
    await people.add(tx, row.domainId, [person], now(), 'here')
    await people.greet(tx, announce, [id])
    await link(tx, row.id, who.subject, id, now())
    return id
  }

  return {
    /** A visit, its number, and the secret by which the browser will be known. */
    async begin(row: ProviderRow, kept: Record<string, unknown>, { isOurs = true } = {}): Promise<{ number: string; browser: string }> {
      const [number, browser] = [secretOf(), secretOf()]
      const visit = { id: hashOf(number), providerId: row.id, browser: isOurs ? hashOf(browser) : null, kept }
      await work((tx) => addVisit(tx, { ...visit, expiresAt: new Date(now().getTime() + visitLastsMs) }))
      return { number, browser }
    },

    /** The visit of this number, begun by this browser at this provider. It is over then, whatever comes of it. */
    async finish(row: ProviderRow, number: string, browser: string | undefined): Promise<Visit> {
      const visit = await work((tx) => takeVisit(tx, hashOf(number)))
      const isTheirs = visit?.browser === null || (browser !== undefined && visit?.browser.equals(hashOf(browser)))
      if (!visit || visit.providerId !== row.id || visit.expiresAt <= now() || !isTheirs) throw fail('forbidden', 'providers.tooLate')
      return visit
    },

    /** Lets them in, as far as that goes: a second factor may still be owed. */
    async enter(row: ProviderRow, who: Identity, actor: Actor | undefined, call: Call): Promise<Entered> {
      return work(async (tx, announce) => {
        const accountId = await accountOf(tx, announce, row, who)
        const entered = await enterAs(tx, announce, accountId, call, { by: 'provider', instead: actor })
        const sessionId = await sessionIdOf(tx, entered.begun)
        const { subject, index, kept = {} } = who
        if (sessionId) await tie(tx, { sessionId, providerId: row.id, accountId, subject, index, kept, beganAt: now() })
        await settle(tx, row.id, 'signIn')
        return entered
      })
    },

    /** Somebody is led there to sign out. The number is another than that of any sign-in. */
    async leave(row: ProviderRow, kept: Record<string, unknown> = {}): Promise<string> {
      const number = secretOf()
      const expiresAt = new Date(now().getTime() + visitLastsMs)
      await work((tx) => addVisit(tx, { id: leaving(number), providerId: row.id, browser: null, kept, expiresAt }))
      return number
    },
    /** Back from there, once. */
    async left(row: ProviderRow, number: string): Promise<Visit> {
      const visit = await work((tx) => takeVisit(tx, leaving(number)))
      if (!visit || visit.providerId !== row.id || visit.expiresAt <= now()) throw leftHereOnly()
      return visit
    },
    /** Somebody was not let in, and why is for an administrator to mend. */
    async refused(row: ProviderRow, what: Noted | undefined): Promise<void> {
      if (what) await work((tx) => note(tx, row.id, 'signIn', what, now()))
    },
  }
}
export type Arriving = ReturnType<typeof arriving>

/** A page of ours, or the first one. Never another site, however it is spelt. */
export function pathOf(next: unknown): string {
  if (typeof next !== 'string' || !/^\/(?![/\\])/.test(next) || /[\u0000-\u001f\\]/.test(next) || next.length > 1_000) return '/'
  const url = URL.parse(next, 'http://hub.invalid')
  return url?.origin === 'http://hub.invalid' ? `${url.pathname}${url.search}${url.hash}` : '/'
}

/** What a provider says, as short as we keep it. */
export const said = (value: unknown, length = 200): string =>
  typeof value === 'string' ? value.normalize('NFC').replaceAll(/\s+/g, ' ').trim().slice(0, length) : ''
export const isRefusal = (error: unknown): error is Refusal => error instanceof Refusal
