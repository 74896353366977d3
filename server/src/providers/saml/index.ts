import { randomBytes } from 'node:crypto'
import type { Profile, SAML } from '@node-saml/node-saml'
import { fail, type Actor, type Announce, type Call, type House, type Tx } from '@atrium/platform'
import type { AccountId, ProviderId, SessionId } from '@atrium/protocol'
import type { Entered } from '../../auth/index.ts'
import { hashOf, leftHereOnly, said, type Arriving, type Identity } from '../arriving.ts'
import { findProvider, type Db, type ProviderRow } from '../store.ts'
import { fillVisit, findVisit, spend, untie, type Tie } from '../store.visits.ts'
import { refusedFor, type Noted } from '../troubles.ts'
import { keyOf } from './keys.ts'
import { isAnswer, isDone, relayedIn, wishOf, type Said } from './leaving.ts'

interface Deps {
  db: Db
  work: <T>(unit: (tx: Tx, announce: Announce) => Promise<T>) => Promise<T>
  origin: string
  arriving: Arriving
  endSessions: (tx: Tx, announce: Announce, accountId: AccountId, sessionIds: SessionId[]) => Promise<void>
  now: () => Date
  log: Pick<House['log'], 'info'>
}
/** What came back: who it is, or why that is not believed. */
type Arrived = Identity | { refused: Noted }
interface Kept {
  requestId: string | null
  next: string
}
export type SamlRow = ProviderRow & { settings: Extract<ProviderRow['settings'], { kind: 'saml' }> }

/** Longer than any assertion lives: one that is shown a second time is known. */
const spentForMs = 24 * 60 * 60_000
const unspecified = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'
const transient = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'

const newRequestId = () => `_${randomBytes(20).toString('hex')}`
const notAccepted = () => fail('unauthenticated', 'providers.notAccepted')

/**
 * SAML 2.0 as a service provider: signed assertions for us alone, each once, answering what this browser asked. What we say ourselves is
 * signed, too, with a key of this provider's own.
 */
export function saml({ db, work, origin, arriving, endSessions, now, log }: Deps) {
  const at = (id: ProviderId, path: string) => new URL(`/auth/saml/${id}/${path}`, origin).href

  /** Also one that is being prepared. */
  async function known(id: string): Promise<SamlRow> {
    const row = await findProvider(db, id)
    if (row?.settings.kind !== 'saml') throw fail('not_found', 'providers.noSuchProvider')
    return row as SamlRow
  }
  async function existing(id: string): Promise<SamlRow> {
    const row = await known(id)
    if (!row.isOn) throw fail('not_found', 'providers.noSuchProvider')
    return row
  }

  const keyFor = (id: ProviderId) => keyOf({ db, work, now }, id, new URL(origin).hostname)

  /** `answers`: the one request that an answer may be to; null: none. */
  async function speaking({ id, settings }: SamlRow, answers: string | null, newRequest?: string): Promise<SAML & { isSigned: boolean }> {
    const { SAML: Speaking, ValidateInResponseTo } = await import('@node-saml/node-saml')
    class Speaker extends Speaking {
      /** The signature of what it looked at holds: from there on what it says is about what the provider said. */
      isSigned = false
      protected override async processValidlySignedAssertionAsync(...said: [xml: string, whole: string, to: string | null]) {
        this.isSigned = true
        return super.processValidlySignedAssertionAsync(...said)
      }
    }
    const nothing = async () => null
    const { privateKey } = await keyFor(id)
    return new Speaker({
      privateKey,
      signatureAlgorithm: 'sha256',
      callbackUrl: at(id, 'acs'),
      issuer: at(id, 'metadata'),
      audience: at(id, 'metadata'),
      entryPoint: settings.entryPoint,
      idpIssuer: settings.issuer,
      idpCert: settings.certificates,
      logoutUrl: settings.logoutUrl ?? settings.entryPoint,
      logoutCallbackUrl: at(id, 'slo'),
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: false,
      identifierFormat: null,
      disableRequestedAuthnContext: true,
      acceptedClockSkewMs: settings.clockSkewSeconds * 1_000,
      maxAssertionAgeMs: 10 * 60_000,
      validateInResponseTo: answers === null ? ValidateInResponseTo.never : ValidateInResponseTo.always,
      cacheProvider: { saveAsync: nothing, getAsync: async (key) => (key === answers ? now().toISOString() : null), removeAsync: nothing },
      ...(newRequest !== undefined && { generateUniqueId: () => newRequest }),
    })
  }

  /** The id of an assertion whose signature holds, if it was meant for this door, by who brings it, and answers what was asked. */
  function addressedToUs(row: SamlRow, profile: Profile, answers: string | null): string | undefined {
    const { Assertion } = (profile.getAssertion?.() ?? {}) as { Assertion?: Node }
    const confirmations = nodes(nodes(Assertion, 'Subject')[0], 'SubjectConfirmation').flatMap((one) =>
      nodes(one, 'SubjectConfirmationData'),
    )
    const isOurs = confirmations.some(({ $ }) => $?.['Recipient'] === at(row.id, 'acs') && ($?.['InResponseTo'] ?? null) === answers)
    const audiences = nodes(nodes(Assertion, 'Conditions')[0], 'AudienceRestriction')
    return isOurs && audiences.length > 0 ? Assertion?.$?.['ID'] : undefined
  }

  function identityOf({ settings }: SamlRow, profile: Profile): Identity {
    const { mapping } = settings
    const attributes = (profile['attributes'] ?? {}) as Record<string, unknown>
    const named = (name: string) => (name === '' ? '' : said([attributes[name]].flat()[0]))
    const address = (mapping.address === '' ? said(profile.nameID) : named(mapping.address)).toLowerCase()
    return {
      // A transient name is another each time: then the address is what stays.
      subject: profile.nameIDFormat === transient ? `address ${address}` : said(profile.nameID, 500),
      address: address || null,
      // It is the domain's own provider, and says nothing about addresses that it would not stand for.
      isVerified: true,
      name: named(mapping.name),
      given: named(mapping.given),
      surname: named(mapping.surname),
      title: named(mapping.title),
      index: profile.sessionIndex ? said(profile.sessionIndex, 500) : null,
      kept: { format: profile.nameIDFormat && profile.nameIDFormat !== transient ? said(profile.nameIDFormat, 500) : null },
    }
  }

  /** Who somebody is by an answer, or why it is refused, as far as administrators can mend that. */
  async function listen(
    row: SamlRow,
    SAMLResponse: string,
    answers: string | null,
  ): Promise<{ assertion: string; identity: Identity } | { refused: Noted | undefined; isSigned: boolean }> {
    const speaker = await speaking(row, answers)
    try {
      const { profile } = await speaker.validatePostResponseAsync({ SAMLResponse })
      if (!profile) return { refused: undefined, isSigned: false }
      const assertion = addressedToUs(row, profile, answers)
      return assertion === undefined ? { refused: 'audience', isSigned: true } : { assertion, identity: identityOf(row, profile) }
    } catch (error) {
      const { isSigned } = speaker
      if (isSigned) return { refused: refusedFor(error), isSigned }
      // Before that even the words of the library may be a stranger's: it repeats what a status says.
      const isUnsigned = /^Invalid (?:document )?signature(?: from encrypted assertion)?$/.test((error as Error).message)
      return { refused: isUnsigned ? 'signature' : undefined, isSigned }
    }
  }

  return {
    /** What the other side is told of us, which it wants to know first: before it is switched on, too. */
    async metadata(id: string): Promise<string> {
      const row = await known(id)
      return (await speaking(row, null)).generateServiceProviderMetadata(null, (await keyFor(row.id)).certificate)
    },

    async begin(id: string, next: string): Promise<{ url: string; browser: string }> {
      const row = await existing(id)
      const requestId = newRequestId()
      const { number, browser } = await arriving.begin(row, { requestId, next } satisfies Kept)
      const speaker = await speaking(row, null, requestId)
      return { url: await speaker.getAuthorizeUrlAsync(number, undefined, {}), browser }
    },

    /**
     * An answer, posted from the provider's page: looked at here, and kept until this browser itself asks for it by our own cookie,
     * which does not come along with what other sites post. Resolves to the number of the visit. Also of one that is refused: it is a
     * trouble of the provider only if the browser that asked comes with it (PROV-12).
     */
    async receive(id: string, body: { SAMLResponse?: unknown; RelayState?: unknown }): Promise<string> {
      const row = await existing(id)
      const relayed = typeof body.RelayState === 'string' ? body.RelayState : ''
      const visit = relayed === '' ? undefined : await findVisit(db, hashOf(relayed))
      const isAsked = visit !== undefined && visit.providerId === row.id && visit.expiresAt > now() && visit.arrived === null
      if (!isAsked && !row.settings.allowsIdpInitiated) throw fail('forbidden', visit ? 'providers.tooLate' : 'providers.onlyFromHere')
      const answers = isAsked ? (visit.kept as unknown as Kept).requestId : null

      const heard = await listen(row, String(body.SAMLResponse ?? ''), answers)
      if ('refused' in heard) {
        if (!heard.refused) throw notAccepted()
        const refused: Arrived = { refused: heard.refused }
        if (isAsked && (await work((tx) => fillVisit(tx, hashOf(relayed), refused)))) return relayed
        // Whoever likes may post what nobody signed: that is no trouble of anybody's.
        if (heard.isSigned) await arriving.refused(row, heard.refused)
        else log.info({ operation: 'providers.signIn', provider: row.id }, 'an answer to nothing was refused: its signature does not hold')
        throw notAccepted()
      }
      const number = isAsked
        ? relayed
        : (await arriving.begin(row, { requestId: null, next: '/' } satisfies Kept, { isOurs: false })).number
      await work(async (tx) => {
        const until = new Date(now().getTime() + spentForMs)
        if (!(await spend(tx, row.id, `assertion ${heard.assertion}`, until))) throw notAccepted()
        if (!(await fillVisit(tx, hashOf(number), heard.identity satisfies Arrived))) throw notAccepted()
      })
      return number
    },

    async finish(
      id: string,
      number: string,
      browser: string | undefined,
      actor: Actor | undefined,
      call: Call,
    ): Promise<Entered & { next: string }> {
      const row = await existing(id)
      const visit = await arriving.finish(row, number, browser)
      if (!visit.arrived) throw fail('forbidden', 'providers.tooLate')
      const arrived = visit.arrived as Arrived
      if ('refused' in arrived) {
        await arriving.refused(row, arrived.refused)
        throw notAccepted()
      }
      return { ...(await arriving.enter(row, arrived, actor, call)), next: (visit.kept as unknown as Kept).next }
    },

    /**
     * Where who signs out here goes, to be signed out over there as well: if the provider has an address for that, and gave a name
     * that it knows again.
     */
    async leave(row: SamlRow, { subject, index, kept }: Pick<Tie, 'subject' | 'index' | 'kept'>): Promise<string | null> {
      if (row.settings.logoutUrl === null || subject.startsWith('address ')) return null
      const { format } = kept as { format?: string | null }
      const person = { nameID: subject, nameIDFormat: format ?? unspecified, ...(index !== null && { sessionIndex: index }) }
      const requestId = newRequestId()
      const number = await arriving.leave(row, { requestId })
      return (await speaking(row, null, requestId)).getLogoutUrlAsync(person as Profile, number, {})
    },

    /** The provider says that somebody signed out there, and is answered by the browser; or it answers what we said ourselves. */
    async logout(id: string, asked: Said): Promise<{ url: string }> {
      const row = await existing(id)
      const speaker = await speaking(row, null)
      if (isAnswer(asked)) {
        const { kept } = await arriving.left(row, relayedIn(asked))
        if (!(await isDone(speaker, asked, String(kept['requestId'])))) throw leftHereOnly()
        return { url: '/sign-in' }
      }
      const here = { address: at(row.id, 'slo'), now: now(), skewMs: row.settings.clockSkewSeconds * 1_000 }
      const wish = await wishOf(speaker, asked, here).catch(() => {
        throw fail('invalid', 'providers.notAccepted')
      })
      await work(async (tx, announce) => {
        if (!(await spend(tx, row.id, `logout ${wish.ID}`, new Date(now().getTime() + spentForMs))))
          throw fail('invalid', 'providers.notAccepted')
        const over = await untie(tx, row.id, { subject: said(wish.nameID, 500), index: wish.sessionIndex || undefined })
        for (const [accountId, those] of Map.groupBy(over, (one) => one.accountId))
          await endSessions(
            tx,
            announce,
            accountId,
            those.map(({ sessionId }) => sessionId),
          )
      })
      const url = row.settings.logoutUrl
      return { url: url === null ? '/sign-in' : await speaker.getLogoutResponseUrlAsync(wish, relayedIn(asked), {}, true) }
    },
  }
}
export type Saml = ReturnType<typeof saml>

interface Node {
  $?: Record<string, string>
  [name: string]: unknown
}
/** Children of that name, whatever prefix they have. */
function nodes(of: Node | undefined, name: string): Node[] {
  return Object.entries(of ?? {}).flatMap(([key, value]) => (key === name || key.endsWith(`:${name}`) ? ([value].flat() as Node[]) : []))
}
