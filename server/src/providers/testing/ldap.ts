import { Attribute, Change } from 'ldapts'
import type { PoolConfig } from 'pg'
import { until } from '@atrium/platform/testing'
import { administrator as binding, base, slapdServer } from '@atrium/platform/testing/slapd'
import type { Draft, Hub, Provider, ProviderId } from '@atrium/protocol'
import { house } from '../../directory/testing/house.ts'
import { connected, type Ldap } from '../ldap/connection.ts'

export const domain = 'saltmarsh.example'
export const at = (name: string) => `${name}@${domain}`
export const person = (i: number) => `uid=person${i},ou=people,${base}`
export const group = (name: string) => `cn=${name},ou=groups,${base}`
export const replaced = (type: string, ...values: string[]) =>
  new Change({ operation: 'replace', modification: new Attribute({ type, values }) })
/** A group with these in it, as LDIF. */
export const groupLdif = (name: string, ...members: string[]): string =>
  [`dn: ${group(name)}`, 'objectClass: groupOfNames', `cn: ${name}`, ...members.map((one) => `member: ${one}`)].join('\n')

/** A real LDAP server with these entries, and a hub that follows it as soon as it is set. */
export async function ldapHouse(cluster: PoolConfig, entries: Iterable<string>) {
  const slapd = await slapdServer(entries)
  const town = await house(cluster)
  const ada = await town.founded()
  const domainId = (await ada.call('domains.list', {})).domains[0]!.id
  const provider = { id: '' as ProviderId }
  town.hub.elsewhere.follow()

  const settings = (more: object = {}): Draft<Hub, 'providers.set'>['settings'] => ({
    ...{ kind: 'ldap', label: 'Our LDAP', preset: 'openldap', url: slapd.url, authority: slapd.authority },
    ...{ bindDn: binding.dn, bindPassword: binding.password, baseDn: base, pollSeconds: 1 },
    ...more,
  })
  async function set(more: object = {}): Promise<Provider> {
    const providerId = provider.id === '' ? undefined : provider.id
    const done = await ada.call('providers.set', { domainId, providerId, isOn: true, settings: settings(more) })
    provider.id = done.id
    return done
  }
  const mirror = async () => (await ada.call('providers.list', { domainId })).find(({ id }) => id === provider.id)!.mirror!
  /** As the directory's own administrators change it. */
  async function there<T>(run: (client: Ldap['client']) => Promise<T>): Promise<T> {
    const asSet = { ...settings(), startTls: true, accountFilter: '', groupFilter: '', mirrors: true, writesBack: false } as never
    const ldap = await connected(asSet, binding.password, { outgoing: town.ground.outgoing, mayGoInside: true, timeoutMs: 5_000 })
    try {
      return await run(ldap.client)
    } finally {
      ldap.close()
    }
  }

  return {
    ...{ slapd, town, ada, domainId, provider, settings, set, mirror, there },
    /** Sets it, and waits until so many accounts are here. */
    async follow(count: number, more: object = {}): Promise<Provider> {
      const done = await set(more)
      await until('all are mirrored', async () => (await mirror()).accounts === count && (await mirror()).state === 'idle', 20_000)
      return done
    },
    /** Whoever begins to follow looks at once, as at every turn; `look` compares ids, too. */
    async turn(): Promise<void> {
      await town.hub.elsewhere.stop()
      town.hub.elsewhere.follow()
    },
    look: () => ada.call('providers.mirror', { domainId, providerId: provider.id }),
    answer: (answer: 'accept' | 'dismiss') => ada.call('providers.answer', { domainId, providerId: provider.id, answer }),
    row: (address: string) =>
      town.db
        .selectFrom('account')
        .innerJoin('address', 'address.ownerId', 'account.id')
        .select(['account.id', 'account.name', 'account.status', 'account.source'])
        .where('address.address', '=', address)
        .executeTakeFirst(),
    /** Accounts of LDAP that are open. */
    open: () => town.db.selectFrom('account').select('id').where('source', '=', 'ldap').where('status', '=', 'active').execute(),
    lists: async () => (await ada.call('lists.list', { domainId })).lists,
    /** How far the mirror is. */
    standing: () =>
      town.db.selectFrom('mirror').select(['seen', 'settled', 'listedAt']).where('providerId', '=', provider.id).executeTakeFirstOrThrow(),
    change: (dn: string, type: string, ...values: string[]): Promise<void> =>
      there((client) => client.modify(dn, replaced(type, ...values))),
    async close(): Promise<void> {
      await town.hub.stop()
      await town.close()
      await slapd.close()
    },
  }
}
export type LdapHouse = Awaited<ReturnType<typeof ldapHouse>>
