import { fail, type House } from '@atrium/platform'
import type { Hub, Input, Output, Provider, ProviderId } from '@atrium/protocol'
import type { VerifierOf } from '../../auth/index.ts'
import type { DomainWays, Mirroring } from '../../directory/index.ts'
import { mayOpen, mayUseOwnPassword } from '../rules.ts'
import { apart, secretOf } from '../secrets.ts'
import type { ProviderDeps, SettingsService } from '../service.ts'
import { findMirror, noteMirror, type ProviderRow } from '../store.ts'
import { connected, type LdapSettings } from './connection.ts'
import { following, usualPace, type GroupsMirror, type Pace } from './following.ts'
import { library } from './library.ts'
import { accountsMirror, type Whose } from './mirror.ts'
import { mirrors, type Mirrors } from './mirrors.ts'
import { showPassword, type Who } from './passwords.ts'
import { accountOf } from './records.ts'
import { findKeeper, mirroredOwners } from './store.ts'
import { tryLdap, type Tried } from './trying.ts'
import { Trouble } from './trouble.ts'
import { writing } from './writing.ts'
import { groupsWriting } from './writing.groups.ts'

export interface LdapDeps extends ProviderDeps, Pick<House, 'placement' | 'node' | 'outgoing' | 'log'> {
  people: Mirroring
  groups: GroupsMirror
  pace?: Pace
}
const testsWithinMs = 10_000
const shownAtMost = 20

/** Whom the database is asked for when there is nobody. */
const noOne = '00000000-0000-0000-0000-000000000000'

/** LDAP as the directory of a domain: who there is, what they are called, and whether a password is right. */
export function ldap(deps: LdapDeps, settings: Pick<SettingsService, 'existing' | 'mustStay' | 'readable' | 'shown'>) {
  const { db, work, outgoing, people, groups, lists, now, domain, isAdministrator, reachesBeyond, pace = usualPace } = deps
  const accounts = accountsMirror(deps)
  let followed: Mirrors | undefined

  const ldapOf = (row: ProviderRow): LdapSettings => {
    if (row.settings.kind !== 'ldap' || !row.settings.mirrors || !row.isOn)
      throw fail('conflict', 'providers.notMirrored', { field: 'providerId' })
    return row.settings
  }

  /** What a mirror would do with each entry, without doing it. */
  async function dryRun(
    from: Parameters<Parameters<typeof tryLdap>[0]['dryRun']>[0],
    words: Parameters<Parameters<typeof tryLdap>[0]['dryRun']>[1],
    whose: Whose,
  ) {
    const result: Omit<Tried, 'isFine' | 'steps'> = { wouldCreate: 0, wouldChange: 0, wouldLock: 0, first: [] }
    const listed = new Set<string>()
    for await (const page of from.accounts()) {
      const records = page.flatMap((entry) => accountOf(words, entry, whose.domain.name, now()) ?? [])
      for (const { record, does } of await accounts.would(whose, records)) {
        listed.add(record.externalId)
        if (does === 'create') result.wouldCreate++
        if (does === 'change' || does === 'move') result.wouldChange++
        if (does === 'lock') result.wouldLock++
        if (result.first.length < shownAtMost && record.address !== null)
          result.first.push({ name: record.name, address: record.address, does })
      }
    }
    const { ids } = await accounts.missing(whose, { listed })
    return { entries: listed.size, result: { ...result, wouldLock: result.wouldLock + ids.length } }
  }

  /** Looks whether a password is right in LDAP; undefined where LDAP has no say about this person. */
  const verifierOf: VerifierOf = async (at, address) => {
    const { row, mirrored } = await findKeeper(at, address)
    return async (known, password) => {
      if (!known?.home) {
        if (row?.settings.kind === 'ldap') await lookedInVain({ ...row, settings: row.settings }, mirrored ?? { address }, password)
        return undefined
      }
      const { home } = known
      const isTheirs = row?.settings.kind !== 'ldap' || row.mayGoInside
      const beyond = !isTheirs && (await reachesBeyond(db, known.person.id, home.id))
      const account = {
        reachesBeyond: beyond,
        domainId: home.id,
        isAdministrator: known.person.isAdministrator,
        isMirrored: mirrored !== undefined,
      }
      const mayHere = (knowsThem: boolean) => mayUseOwnPassword(home, account, knowsThem)
      // PROV-7: by a server that somebody below set up nobody becomes an administrator of the hub.
      if (row?.settings.kind !== 'ldap' || !mayOpen(row, account)) return mayHere(false) ? undefined : false
      return shownThere({ ...row, settings: row.settings }, home, mirrored ?? { address }, password, mayHere)
    }
  }

  const domainOf = (row: ProviderRow): Promise<DomainWays | undefined> => domain(db, { id: row.domainId })

  type LdapRow = ProviderRow & { settings: LdapSettings }
  const shown = async (row: LdapRow, who: Who, password: string) =>
    showPassword({ settings: row.settings, secret: await secretOf(db, row), outgoing, mayGoInside: row.mayGoInside }, who, password)
  // Not `unavailable`: the hub is here, and trying again by itself would not be for a moment.
  const unreachable = () => fail('unauthenticated', 'providers.unreachable')

  /**
   * For who is not here, or may not come in: LDAP is asked all the same, and away for them, too. Who watches the clock, or tries while
   * it is away, learns of nobody whether they are here.
   */
  async function lookedInVain(row: LdapRow, who: Who, password: string): Promise<void> {
    await shown(row, who, password).catch((error: unknown) => {
      throw error instanceof Trouble ? unreachable() : error
    })
  }

  async function shownThere(
    row: LdapRow,
    home: DomainWays,
    who: Who,
    password: string,
    mayHere: (knowsThem: boolean) => boolean,
  ): Promise<boolean | undefined> {
    try {
      const { is, words, entry } = await shown(row, who, password)
      if (is === 'unknown') return mayHere(false) ? undefined : false
      // Whoever was shut there since the last look is shut here before anybody is let in.
      if ('externalId' in who && entry)
        await accounts.take(words, { providerId: row.id, domain: home, mayGoInside: row.mayGoInside }, [entry])
      if (is === 'right') return true
      if (is === 'wrong') return mayHere(true) ? undefined : false
      if (mayHere(true)) return undefined
      throw fail('unauthenticated', is === 'expired' ? 'providers.passwordExpired' : 'providers.passwordLocked')
    } catch (error) {
      if (!(error instanceof Trouble)) throw error
      if (mayHere(true)) return undefined
      throw unreachable()
    }
  }

  const reach = async (row: ProviderRow) =>
    connected(row.settings as LdapSettings, await secretOf(db, row), { outgoing, mayGoInside: row.mayGoInside, timeoutMs: testsWithinMs })

  return {
    verifierOf,

    async test(
      actor: Parameters<ProviderDeps['isAdministrator']>[0],
      { domainId, providerId, settings: asked }: Input<Hub, 'providers.test'> & { settings: LdapSettings },
    ): Promise<Tried> {
      const home = await domain(db, { id: domainId })
      if (!home) throw fail('not_found', 'providers.noSuchDomain', { field: 'domainId' })
      const row = providerId ? await settings.existing(db, { domainId, providerId }) : undefined
      const { plain, secret } = apart(asked)
      settings.mustStay(row, plain, secret)
      const kept = row && secret === undefined ? await secretOf(db, row) : null
      const mayGoInside = await isAdministrator(actor)
      const whose = { providerId: row?.id ?? (noOne as ProviderId), domain: home, mayGoInside }
      const reach = { outgoing, mayGoInside, timeoutMs: testsWithinMs }
      return tryLdap({ settings: plain as LdapSettings, secret: secret ?? kept, reach, whose, dryRun })
    },

    async mirrorNow(_actor: unknown, { domainId, providerId }: Input<Hub, 'providers.mirror'>): Promise<Provider> {
      ldapOf(await settings.existing(db, { domainId, providerId }))
      await followed?.now(providerId)
      return settings.shown(db, await settings.existing(db, { domainId, providerId }))
    },

    async answer(
      _actor: unknown,
      { domainId, providerId, answer }: Input<Hub, 'providers.answer'>,
    ): Promise<Output<Hub, 'providers.answer'>> {
      ldapOf(await settings.existing(db, { domainId, providerId }))
      const asking = await findMirror(db, providerId)
      if (asking?.state !== 'asks') throw fail('conflict', 'providers.notAsking', { field: 'providerId' })
      // No more than the administrator was told of: if more are gone by now, it asks again. Whoever follows it reads the answer.
      const told = answer === 'accept' ? asking : { vanished: 0, vanishedLists: 0 }
      await work((tx) => noteMirror(tx, providerId, { acceptedAccounts: told.vanished, acceptedLists: told.vanishedLists }))
      await followed?.now(providerId)
      return settings.shown(db, await settings.existing(db, { domainId, providerId }))
    },

    /** Before a provider goes: what it kept is kept here from now on. */
    async release(tx: Parameters<Mirroring['release']>[0], providerId: ProviderId): Promise<void> {
      await people.release(tx, await mirroredOwners(tx, providerId, 'account'))
      await lists.release(tx, await mirroredOwners(tx, providerId, 'list'))
    },

    async readFilter(filter: string): Promise<void> {
      const { FilterParser } = await library()
      FilterParser.parseString(filter)
    },
    changed: (id: ProviderId): void =>
      void followed
        ?.changed(id)
        .catch((error: unknown) => deps.log.warn({ operation: 'providers.mirror', error }, 'a mirror could not begin')),
    follow(): void {
      followed = mirrors({
        ...deps,
        work: (unit) => work((tx) => unit(tx)),
        following: () => following({ accounts, groups, now, pace }),
        domainOf,
      })
    },
    stop: async (): Promise<void> => followed?.stop(),
    /** After a change here: to LDAP, where that is allowed, and back. */
    write: writing({ ...deps, accounts, work: (unit) => work((tx) => unit(tx)), domainOf, reach }),
    /** Before a change of a list, and after it. */
    writeList: groupsWriting({ ...deps, work: (unit) => work((tx, announce) => unit(tx, announce)), domainOf, reach }),
  }
}
