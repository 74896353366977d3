import { fail, type Announce } from '@atrium/platform'
import type { ListId } from '@atrium/protocol'
import type { ListsMirroring } from '../../lists/index.ts'
import { unfinished, type Db, type MirroredRow, type ProviderRow, type Tx } from '../store.ts'
import type { Entry, Ldap } from './connection.ts'
import type { GroupsMirror } from './following.ts'
import { library } from './library.ts'
import { calledIn, keyOf, mannerOf, namesIn, valueOf, whoseAre } from './members.ts'
import type { Words } from './presets.ts'
import { source, type Source } from './source.ts'
import { addressOf, mirroredAmong, setMirrored } from './store.ts'
import { ldapTrouble, Trouble } from './trouble.ts'
import { keeperOf, type Keeper } from './writing.ts'

interface Deps {
  db: Db
  work: <T>(unit: (tx: Tx, announce: Announce) => Promise<T>) => Promise<T>
  lists: Pick<ListsMirroring, 'read' | 'put' | 'fill'>
  groups: GroupsMirror
  domainOf: Parameters<typeof keeperOf>[0]['domainOf']
  reach: (row: ProviderRow) => Promise<Ldap>
}
type Here = NonNullable<Awaited<ReturnType<ListsMirroring['read']>>>
/** One attribute of an entry: all of it, or some values more, or less. */
interface Difference {
  how: 'replace' | 'add' | 'delete'
  attribute: string
  values: string[]
}
/**
 * Somebody else wrote the same between our reading and our writing: such a value is there, or is not there any more. Active Directory
 * says so in words of its own.
 */
const overtaken = new Set<unknown>([16, 20, 53, 68])
const mostTries = 5
/** Classes of groups that have at least one member, or are none. */
const neverEmpty = new Set(['groupofnames', 'groupofuniquenames'])

const idsOf = ({ accountIds, listIds }: Here): string[] => [...accountIds, ...listIds]
const without = (all: readonly string[], those: readonly string[]): string[] => {
  const out = new Set(those)
  return all.filter((one) => !out.has(one))
}
const membersOf = (here: Here): string[] => [...idsOf(here), ...here.addresses]
const isAsBefore = (before: Here, after: Here): boolean =>
  before.name === after.name &&
  before.description === after.description &&
  without(membersOf(before), membersOf(after)).length + without(membersOf(after), membersOf(before)).length === 0

/** What differs between the two, taken back from how it is by now: what others changed meanwhile stays. */
export function takenBack(now: Here, before: Here, after: Here): Here {
  const of = <T extends string>(which: (here: Here) => readonly T[]): T[] => [
    ...new Set([...without(which(now), without(which(after), which(before))), ...without(which(before), which(after))] as T[]),
  ]
  return {
    ...now,
    name: now.name === after.name ? before.name : now.name,
    description: now.description === after.description ? before.description : now.description,
    accountIds: of(({ accountIds }) => accountIds),
    listIds: of(({ listIds }) => listIds),
    addresses: of(({ addresses }) => addresses),
  }
}

/** What was changed of a list here is written to the group in LDAP, and read back: what holds in the end is what stands there. */
export function groupsWriting({ db, work, lists, groups, domainOf, reach }: Deps) {
  /** As what those who came in are written there. */
  async function coming(from: Source, words: Words, { row }: Keeper, attribute: string, before: Here, after: Here): Promise<string[]> {
    const manner = mannerOf(words, attribute)
    const addresses = without(after.addresses, before.addresses)
    if (addresses.length > 0 && manner !== 'address') throw nobodyThere(addresses[0]!)
    const ids = without(idsOf(after), idsOf(before))
    const known = await mirroredAmong(db, row.id, ids)
    const values = new Map<string, string>()
    for (const kind of ['account', 'list'] as const) {
      const byExternalId = new Map([...known].flatMap(([id, one]) => (one.kind === kind ? [[one.externalId, id] as const] : [])))
      for (const { id, entry } of await from.known(kind, [...byExternalId.keys()])) {
        const value = valueOf(words, manner, kind, entry)
        if (value !== undefined) values.set(byExternalId.get(id)!, value)
      }
    }
    const nobody = ids.find((id) => !values.has(id))
    if (nobody !== undefined) throw nobodyThere(await addressOf(db, nobody))
    return [...values.values(), ...addresses]
  }
  const nobodyThere = (member: string) => fail('conflict', 'providers.memberNotInLdap', { field: 'add', params: { member } })

  async function ofMembers(from: Source, words: Words, keeper: Keeper, there: Entry, before: Here, after: Here): Promise<Difference[]> {
    const classes = there.all('objectClass').map((one) => one.toLowerCase())
    const attribute = words.writtenMembers(classes)
    const manner = mannerOf(words, attribute)
    const isThere = new Set(there.all(attribute).map((value) => keyOf(manner, value)))
    const added = (await coming(from, words, keeper, attribute, before, after)).filter((value) => !isThere.has(keyOf(manner, value)))

    const gone = { ids: new Set(without(idsOf(before), idsOf(after))), addresses: new Set(without(before.addresses, after.addresses)) }
    const names = namesIn(words, there)
    const whose = await whoseAre(db, keeper.row.id, names, await calledIn(from, [names]))
    const goes = (one: string) => (value: string) => {
      const key = keyOf(mannerOf(words, one), value)
      const owner = whose[mannerOf(words, one)].get(key)
      return owner ? gone.ids.has(owner.ownerId) : gone.addresses.has(key)
    }
    const removed = [...words.members, ...words.memberAddresses, ...words.memberNames].map((one) => ({
      how: 'delete' as const,
      attribute: one,
      values: there.all(one).filter(goes(one)),
    }))
    const left = there.all(attribute).length + added.length - removed.find((one) => one.attribute === attribute)!.values.length
    if (left === 0 && isThere.size > 0 && classes.some((one) => neverEmpty.has(one)))
      throw fail('conflict', 'providers.lastMember', { field: 'remove' })
    return [{ how: 'add' as const, attribute, values: added }, ...removed].filter(({ values }) => values.length > 0)
  }

  async function differences(from: Source, words: Words, keeper: Keeper, there: Entry, before: Here, after: Here): Promise<Difference[]> {
    const replaced = (attribute: string | undefined, mine: string, was: string): Difference[] =>
      attribute === undefined || mine === was ? [] : [{ how: 'replace', attribute, values: mine === '' ? [] : [mine] }]
    return [
      ...replaced(words.writtenGroupName, after.name, before.name),
      ...replaced('description', after.description, before.description),
      ...(await ofMembers(from, words, keeper, there, before, after)),
    ]
  }

  async function push(keeper: Keeper, before: Here, after: Here): Promise<void> {
    const { Attribute, Change } = await library()
    const { row, settings, mirrored, whose } = keeper
    const ldap = await reach(row)
    try {
      const from = source(ldap, settings)
      const read = () => from.byIds('list', [mirrored.externalId])
      for (let tries = 1; ; tries++) {
        const [there] = await read()
        if (!there) throw fail('conflict', 'providers.notWritten')
        const changes = (await differences(from, ldap.words, keeper, there, before, after)).map(
          ({ how, attribute, values }) => new Change({ operation: how, modification: new Attribute({ type: attribute, values }) }),
        )
        if (changes.length === 0) break
        try {
          await ldap.client.modify(there.dn, changes)
          break
        } catch (error) {
          if (!(overtaken.has((error as { code?: unknown }).code) && tries < mostTries)) throw ldapTrouble(error, 'write')
        }
      }
      try {
        const now = await read()
        await forget(mirrored)
        await groups.read(ldap.words, whose, from, now)
      } catch (error) {
        // It is written: that it could not be read again the next comparison makes good.
        if (!(error instanceof Trouble)) throw error
      }
    } finally {
      ldap.close()
    }
  }

  /** As if it had never been seen: with the next look all that stands there holds again. */
  const forget = (mirrored: MirroredRow, version?: ''): Promise<void> =>
    work((tx) => setMirrored(tx, mirrored, { hash: unfinished, ...(version !== undefined && { version }) }))

  const read = (id: ListId) => work((tx) => lists.read(tx, id))

  /** Before a list is changed; what it gives back is run when it was. */
  return async (id: ListId): Promise<() => Promise<void>> => {
    const keeper = await keeperOf({ db, domainOf }, 'list', id)
    const before = keeper && (await read(id))
    if (!keeper || !before) return async () => {}
    // Should this process end before LDAP has what is changed now, the next comparison makes it again what stands there.
    await forget(keeper.mirrored)
    return async () => {
      const after = await read(id)
      if (!after || isAsBefore(before, after)) return
      try {
        await push(keeper, before, after)
      } catch (error) {
        // What LDAP does not take does not stay here either. But a directory that may say nothing about rights says nothing by a no.
        const { externalId } = keeper.mirrored
        await work(async (tx, announce) => {
          const now = await lists.read(tx, id)
          if (!now) return
          const back = takenBack(now, before, after)
          await lists.put(tx, keeper.whose.domain.id, id, { ...back, externalId })
          await lists.fill(tx, announce, id, back, keeper.whose.mayGoInside)
        })
        await forget(keeper.mirrored, '')
        throw error instanceof Trouble ? fail('conflict', 'providers.notWritten') : error
      }
    }
  }
}
