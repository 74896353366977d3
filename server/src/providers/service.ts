import { X509Certificate } from 'node:crypto'
import { fail, type Actor, type Database, type Tx } from '@atrium/platform'
import { signingPair } from '@atrium/platform/signing'
import type { AccountId, DomainId, Hub, Input, Output, Provider, ProviderId, ProviderSettings } from '@atrium/protocol'
import type { DomainWays } from '../directory/index.ts'
import type { ListsMirroring } from '../lists/index.ts'
import { leavesNoWay, missingOf, movesSecret, waysOf } from './rules.ts'
import { findCertificate, keep } from './saml/keys.ts'
import { apart, sealed } from './secrets.ts'
import {
  countMirrored,
  dropProvider,
  findAdded,
  findMirror,
  findProvider,
  listIdentities,
  listProviders,
  listsThatDiffer,
  saveProvider,
  type Db,
  type ProviderRow,
  type ProviderTables,
} from './store.ts'
import { settle, troublesOf } from './troubles.ts'

export interface ProviderDeps extends Database<ProviderTables> {
  /** Where people open the hub. */
  origin: string
  isAdministrator: (actor: Actor) => Promise<boolean>
  domain: (at: Db, domain: { name: string } | { id: DomainId }) => Promise<DomainWays | undefined>
  personOf: (at: Db, id: AccountId) => Promise<{ domainId: string | null; isAdministrator: boolean } | undefined>
  /** Whether somebody administers anything beyond this domain. */
  reachesBeyond: (at: Db, id: AccountId, domainId: string) => Promise<boolean>
  lists: ListsMirroring
  setWays: (tx: Tx, id: DomainId, ways: Pick<DomainWays, 'allowsPassword' | 'allowsPasskey'>) => Promise<DomainWays | undefined>
  now: () => Date
  newId: () => string
}
interface Parts extends ProviderDeps {
  /** What was set is looked at by whoever follows it. */
  changed: (providerId: ProviderId) => void
  /** Refuses a filter that cannot be read. */
  readFilter: (filter: string) => Promise<unknown>
  /** What the provider kept is kept here from now on. */
  release: (tx: Tx, providerId: ProviderId) => Promise<void>
}

export function settingsService({
  db,
  work,
  lists,
  origin,
  isAdministrator,
  domain,
  personOf,
  setWays,
  now,
  newId,
  changed,
  readFilter,
  release,
}: Parts) {
  const addressesOf = ({ id, kind }: Pick<ProviderRow, 'id' | 'kind'>): Provider['addresses'] => {
    const at = (path: string) => new URL(`/auth/${kind}/${id}/${path}`, origin).href
    if (kind === 'saml') return { metadata: at('metadata'), callback: at('acs'), logout: at('slo'), left: null }
    return kind === 'oidc' ? { metadata: null, callback: at('callback'), logout: at('logout'), left: at('left') } : null
  }

  async function shown(at: Db, row: ProviderRow): Promise<Provider> {
    const { id, domainId, isOn, settings, kind } = row
    // That there is no secret is none.
    const said = settings.kind === 'oidc' && row.sealedSecret === null ? { ...settings, clientSecret: null } : settings
    const [certificate, troubles] = [kind === 'saml' ? await findCertificate(at, id) : null, await troublesOf(at, row, now())]
    const base = { id, domainId, isOn, settings: said, addresses: addressesOf(row), certificate, troubles }
    if (kind !== 'ldap') return { ...base, mirror: null }
    const [mirror, counts] = [await findMirror(at, id), await countMirrored(at, id)]
    const outOfReach = row.mayGoInside ? [] : await lists.outOfReach(at, await listsThatDiffer(at, id))
    const { state = 'idle', vanished = 0, vanishedLists = 0, problem = null } = mirror ?? {}
    return { ...base, mirror: { state, at: mirror?.at?.toISOString() ?? null, vanished, vanishedLists, outOfReach, problem, ...counts } }
  }

  async function existingDomain(at: Db, id: DomainId): Promise<DomainWays> {
    const found = await domain(at, { id })
    if (!found) throw fail('not_found', 'providers.noSuchDomain', { field: 'domainId' })
    return found
  }

  /** One of this domain: a right over another says nothing here. */
  async function existing(at: Db, { domainId, providerId }: { domainId: DomainId; providerId: ProviderId }): Promise<ProviderRow> {
    const row = await findProvider(at, providerId)
    if (row?.domainId !== domainId) throw fail('not_found', 'providers.noSuchProvider', { field: 'providerId' })
    return row
  }

  async function readable(settings: ProviderSettings): Promise<void> {
    const certificates = settings.kind === 'saml' ? settings.certificates : settings.kind === 'ldap' ? [settings.authority] : []
    for (const [i, pem] of certificates.entries())
      if (pem !== null && !isCertificate(pem))
        throw fail('invalid', 'providers.certificateUnreadable', {
          field: settings.kind === 'saml' ? `settings.certificates.${i}` : 'settings.authority',
        })
    if (settings.kind === 'oidc' && settings.issuer !== '' && !isSecureOrHere(settings.issuer))
      throw fail('invalid', 'providers.notSecure', { field: 'settings.issuer' })
    if (settings.kind !== 'ldap') return
    for (const field of ['accountFilter', 'groupFilter'] as const)
      if (settings[field] !== '')
        await readFilter(settings[field]).catch(() => {
          throw fail('invalid', 'providers.filterUnreadable', { field: `settings.${field}` })
        })
  }

  /** PROV-4: also where it is only tried. */
  function mustStay(earlier: ProviderRow | undefined, plain: ProviderSettings, secret: string | null | undefined): void {
    if (secret === undefined && earlier?.sealedSecret && movesSecret(earlier.settings, plain))
      throw fail('invalid', 'providers.secretAgain', {
        field: plain.kind === 'ldap' ? 'settings.bindPassword' : 'settings.clientSecret',
      })
  }

  function whole(settings: ProviderSettings): void {
    const missing = missingOf(settings)
    if (missing !== undefined) throw fail('invalid', 'providers.incomplete', { field: `settings.${missing}` })
  }

  async function save(
    mayGoInside: boolean,
    { clientId, domainId, providerId, isOn, settings }: Input<Hub, 'providers.set'>,
  ): Promise<Provider> {
    await existingDomain(db, domainId)
    if (providerId) await existing(db, { domainId, providerId })
    await readable(settings)
    if (isOn) whole(settings)
    const fresh = settings.kind === 'saml' && !providerId ? await signingPair(new URL(origin).hostname, now()) : undefined
    const provider = await work(async (tx) => {
      const home = await existingDomain(tx, domainId)
      const earlier = providerId ? await existing(tx, { domainId, providerId }) : await findAdded(tx, domainId, clientId)
      if (earlier && earlier.kind !== settings.kind) throw fail('invalid', 'providers.otherKind', { field: 'settings.kind' })
      const others = (await listProviders(tx, domainId)).filter(({ id }) => id !== earlier?.id)
      if (settings.kind === 'ldap' && others.some(({ kind }) => kind === 'ldap'))
        throw fail('conflict', 'providers.onlyOneLdap', { field: 'settings.kind' })
      if (!isOn && leavesNoWay(home, others.filter((one) => one.isOn).length))
        throw fail('conflict', 'providers.lastWay', { field: 'isOn' })

      const { plain, secret } = apart(settings)
      const id = earlier?.id ?? (newId() as ProviderId)
      mustStay(earlier, plain, secret)
      const sealedSecret = secret === undefined ? (earlier?.sealedSecret ?? null) : await sealed(tx, id, secret)
      const row = { id, domainId, kind: settings.kind, isOn, settings: plain, sealedSecret, mayGoInside, clientId }
      await saveProvider(tx, { ...row, createdAt: earlier?.createdAt ?? now() })
      if (fresh) await keep(tx, id, fresh)
      // What was wrong may well be mended by this.
      await settle(tx, id)
      return shown(tx, { ...row, createdAt: earlier?.createdAt ?? now() })
    })
    changed(provider.id)
    return provider
  }

  return {
    shown,
    existing,
    existingDomain,
    readable,
    mustStay,
    whole,

    async ways(_actor: Actor | undefined, { address }: Input<Hub, 'auth.ways'>): Promise<Output<Hub, 'auth.ways'>> {
      const name = address.slice(address.lastIndexOf('@') + 1)
      const found = await domain(db, { name })
      const providers = found ? await listProviders(db, found.id) : []
      return {
        domain: found?.name ?? null,
        ways: waysOf(
          found,
          providers.map(({ settings, ...row }) => ({ ...row, label: settings.label })),
        ),
      }
    },

    async list(_actor: Actor, { domainId }: Input<Hub, 'providers.list'>): Promise<Provider[]> {
      await existingDomain(db, domainId)
      return Promise.all((await listProviders(db, domainId)).map((row) => shown(db, row)))
    },

    set: async (actor: Actor, asked: Input<Hub, 'providers.set'>): Promise<Provider> => save(await isAdministrator(actor), asked),
    /** Whoever runs the hub says so: their servers may be inside. */
    setByOperator: (asked: Input<Hub, 'providers.set'>): Promise<Provider> => save(true, asked),

    async remove(_actor: Actor, asked: Input<Hub, 'providers.remove'>): Promise<Record<string, never>> {
      await work(async (tx) => {
        const home = await existingDomain(tx, asked.domainId)
        const row = await existing(tx, asked)
        const left = (await listProviders(tx, asked.domainId)).filter(({ id, isOn }) => isOn && id !== row.id)
        if (row.isOn && leavesNoWay(home, left.length)) throw fail('conflict', 'providers.lastWay', { field: 'providerId' })
        await release(tx, row.id)
        await dropProvider(tx, row.id)
      })
      changed(asked.providerId)
      return {}
    },

    async identities(_actor: Actor, { accountId }: Input<Hub, 'accounts.identities'>): Promise<Output<Hub, 'accounts.identities'>> {
      if (!(await personOf(db, accountId))) throw fail('not_found', 'directory.noSuchPerson', { field: 'accountId' })
      const found = await listIdentities(db, accountId)
      return found.map(({ usedAt, ...identity }) => ({ ...identity, usedAt: usedAt?.toISOString() ?? null }))
    },

    async getWays(_actor: Actor, { domainId }: Input<Hub, 'domains.ways.get'>): Promise<Output<Hub, 'domains.ways.get'>> {
      const { allowsPassword, allowsPasskey } = await existingDomain(db, domainId)
      return { allowsPassword, allowsPasskey }
    },

    async setWays(
      _actor: Actor,
      { domainId, allowsPassword, allowsPasskey }: Input<Hub, 'domains.ways'>,
    ): Promise<Output<Hub, 'domains.ways'>> {
      return work(async (tx) => {
        await existingDomain(tx, domainId)
        const on = (await listProviders(tx, domainId)).filter(({ isOn }) => isOn)
        if (leavesNoWay({ allowsPassword, allowsPasskey }, on.length))
          throw fail('conflict', 'providers.lastWay', { field: 'allowsPassword' })
        await setWays(tx, domainId, { allowsPassword, allowsPasskey })
        return { allowsPassword, allowsPasskey }
      })
    },
  }
}
export type SettingsService = ReturnType<typeof settingsService>

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).validTo !== ''
  } catch {
    return false
  }
}

/** An identity provider is asked over TLS; over plain HTTP only on this machine. */
function isSecureOrHere(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
