import type { Filter } from 'ldapts'
import type { Entry, Ldap, LdapSettings } from './connection.ts'
import { bracketed, escaped, ofIds } from './filters.ts'
import { library } from './library.ts'
import { accountAttributes, groupAttributes, idOf } from './records.ts'
import { synchronisation, synchronised } from './synchronising.ts'
import { ldapTrouble } from './trouble.ts'

/** What an LDAP server is asked about its accounts and groups, in its own words. */
export interface Source {
  /** What changes with every change there, in one small read. Null: this server does not say. */
  seen(): Promise<string | null>
  accounts(since?: string): AsyncGenerator<Entry[]>
  groups(since?: string): AsyncGenerator<Entry[]>
  /** Of entries that changed and are not, or not any more, what the filter wants: what they are known by. */
  others(since: string): AsyncGenerator<string[]>
  /** Who is not there any more that was. Undefined: this server does not say. */
  gone(since: string): Promise<Gone | undefined>
  /** All there are: known by what, under which name, in which version. */
  listing(kind: 'account' | 'list'): AsyncGenerator<{ id: string; dn: string; version: string }[]>
  byIds(kind: 'account' | 'list', ids: readonly string[]): Promise<Entry[]>
  /** The same, each with what it is known by. */
  known(kind: 'account' | 'list', ids: readonly string[]): Promise<{ id: string; entry: Entry }[]>
  /** Of accounts: known by what, for each of the names that machines know them by, in lower case. */
  called(names: readonly string[]): Promise<Map<string, string>>
}

/**
 * Those that were deleted, by what they are known by, or all that are there; `some`: by what we know them it cannot say.
 * `isAll`: whoever is not named is there still.
 */
export type Gone = 'some' | ({ isAll: boolean } & ({ left: ReadonlySet<string> } | { listed: ReadonlySet<string> }))

const showDeleted = '1.2.840.113556.1.4.417'
/** Changes reach copies of a directory late: so much is read a second time. */
const overlapMs = 60_000
const atOnce = 50

export function source(ldap: Ldap, settings: LdapSettings): Source {
  const { words } = ldap
  const base = settings.baseDn
  const filters = { account: settings.accountFilter || words.accounts, list: settings.groupFilter || words.groups }
  const attributes = { account: accountAttributes(words), list: groupAttributes(words) }
  let suffix: Promise<string> | undefined

  /** Where the server keeps what it says of all its changes: at the top of the tree that the base is in. */
  async function top(): Promise<string> {
    const [root] = await ldap.find('', '(objectClass=*)', ['namingContexts'], 'base')
    const tops = (root?.all('namingContexts') ?? []).filter((one) => base.toLowerCase().endsWith(one.toLowerCase()))
    return tops.sort((one, other) => other.length - one.length)[0] ?? base
  }

  const changed = (since: string): string => {
    if (settings.preset === 'activedirectory') return `(uSNChanged>=${BigInt(since.slice(since.lastIndexOf('|') + 1)) + 1n})`
    const last = Math.max(...(since.match(/(?<!\d)\d{14}/g) ?? []).map((stamp) => timeOf(stamp).getTime()))
    return `(modifyTimestamp>=${stampOf(new Date(last - overlapMs))})`
  }
  async function* read(filter: string | Filter, wanted: readonly string[]): AsyncGenerator<Entry[]> {
    try {
      yield* ldap.pages(base, filter, wanted)
    } catch (error) {
      throw ldapTrouble(error, 'search')
    }
  }
  const with_ = (filter: string, since: string | undefined) =>
    since === undefined ? bracketed(filter) : `(&${bracketed(filter)}${changed(since)})`

  const everyone = `(|${bracketed(filters.account)}${bracketed(filters.list)})`
  async function offers(control: string): Promise<boolean> {
    const [root] = await ldap.find('', '(objectClass=*)', ['supportedControl'], 'base')
    return root?.all('supportedControl').includes(control) ?? false
  }
  /** What Active Directory keeps of what was deleted, for months; to those who may see it. */
  async function tombstones(since: string): Promise<Gone | undefined> {
    if (!(await offers(showDeleted))) return undefined
    const { Control } = await library()
    const left = new Set<string>()
    const control = new Control(showDeleted, { critical: true })
    try {
      for await (const page of ldap.pages(await top(), `(&(isDeleted=TRUE)${changed(since)})`, [words.id], [control]))
        for (const entry of page) left.add(idOf(words, entry) ?? '')
    } catch (error) {
      // Our account may not see them.
      const trouble = ldapTrouble(error, 'search')
      if (trouble.what === 'rights' || trouble.what === 'other') return undefined
      throw trouble
    }
    // Whoever was moved out of the base leaves none, and whoever may not see them sees none.
    return { left, isAll: false }
  }
  async function synchronisedSince(since: string): Promise<Gone | undefined> {
    if (!(await offers(synchronisation))) return undefined
    const said = await synchronised(ldap, base, everyone, since)
    if (!said) return undefined
    if (words.id === 'entryUUID') return 'all' in said ? { listed: said.all, isAll: true } : { left: said.deleted, isAll: true }
    if ('all' in said) return undefined
    return said.deleted.size > 0 ? 'some' : { left: said.deleted, isAll: true }
  }

  async function byIds(kind: 'account' | 'list', ids: readonly string[]): Promise<Entry[]> {
    const found: Entry[] = []
    for (let i = 0; i < ids.length; i += atOnce) {
      const those = await ofIds(words, ids.slice(i, i + atOnce), filters[kind])
      for await (const page of read(those, attributes[kind])) found.push(...page)
    }
    return found
  }

  return {
    async seen() {
      try {
        if (settings.preset === 'activedirectory') {
          const [root] = await ldap.find('', '(objectClass=*)', ['highestCommittedUSN', 'dsServiceName'], 'base')
          const number = root?.one('highestCommittedUSN')
          return number === undefined ? null : `${root?.one('dsServiceName') ?? ''}|${number}`
        }
        suffix ??= top()
        const [entry] = await ldap.find(await suffix, '(objectClass=*)', ['contextCSN'], 'base')
        return entry?.all('contextCSN').sort().join(' ') || null
      } catch (error) {
        throw ldapTrouble(error, 'search')
      }
    },
    accounts: (since) => read(with_(filters.account, since), attributes.account),
    groups: (since) => read(with_(filters.list, since), attributes.list),
    async *others(since) {
      const filter = `(&${changed(since)}(!${bracketed(filters.account)})(!${bracketed(filters.list)}))`
      for await (const page of read(filter, [words.id])) yield page.flatMap((entry) => idOf(words, entry) ?? [])
    },
    async gone(since) {
      try {
        return await (settings.preset === 'activedirectory' ? tombstones(since) : synchronisedSince(since))
      } catch (error) {
        throw ldapTrouble(error, 'search')
      }
    },
    async *listing(kind) {
      for await (const page of read(bracketed(filters[kind]), [words.id, words.version]))
        yield page.flatMap((entry) => {
          const id = idOf(words, entry)
          return id === undefined ? [] : [{ id, dn: entry.dn, version: entry.one(words.version) ?? '' }]
        })
    },
    byIds,
    async known(kind, ids) {
      return (await byIds(kind, ids)).flatMap((entry) => {
        const id = idOf(words, entry)
        return id === undefined ? [] : [{ id, entry }]
      })
    },
    async called(names) {
      const found = new Map<string, string>()
      for (let i = 0; i < names.length; i += atOnce) {
        const those = names.slice(i, i + atOnce).map((name) => `(${words.userName}=${escaped(name)})`)
        for await (const page of read(`(&${bracketed(filters.account)}(|${those.join('')}))`, [words.id, words.userName]))
          for (const entry of page) {
            const id = idOf(words, entry)
            if (id !== undefined) for (const name of entry.all(words.userName)) found.set(name.toLowerCase(), id)
          }
      }
      return found
    },
  }
}

/** Whether it is the same server that counts: of another one, numbers mean something else. */
export const isSameServer = (before: string, after: string): boolean =>
  !after.includes('|') || before.slice(0, before.lastIndexOf('|')) === after.slice(0, after.lastIndexOf('|'))

const timeOf = (stamp: string): Date => new Date(stamp.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z'))
const stampOf = (at: Date): string => `${at.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`
