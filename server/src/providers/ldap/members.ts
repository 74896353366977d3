import type { ProviderId } from '@atrium/protocol'
import { Address } from '@atrium/protocol/text'
import type { Db, MirroredRow } from '../store.ts'
import type { Entry } from './connection.ts'
import type { Words } from './presets.ts'
import type { GroupRecord } from './records.ts'
import type { Source } from './source.ts'
import { knownOf, ownersOfAddresses, ownersOfDns } from './store.ts'

/** How groups name their members: by their entries, by their addresses, or as machines know them. */
export type Manner = 'dn' | 'address' | 'name'
type Owner = Pick<MirroredRow, 'kind' | 'ownerId'>
export type Names = Pick<GroupRecord, 'memberDns' | 'memberAddresses' | 'memberNames'>
/** Who is behind each of these names. */
export type Behind = Record<Manner, ReadonlyMap<string, Owner>>

export const mannerOf = (words: Words, attribute: string): Manner =>
  words.memberAddresses.includes(attribute) ? 'address' : words.memberNames.includes(attribute) ? 'name' : 'dn'
/** Two spellings of a name are one entry. */
export const plainDn = (dn: string): string => dn.toLowerCase().replaceAll(/\s*([,=+])\s*/g, '$1')
/** By what two spellings of a member are the same. */
export const keyOf = (manner: Manner, value: string): string =>
  manner === 'dn' ? plainDn(value) : manner === 'address' ? value.trim().toLowerCase() : value

export function namesIn(words: Words, entry: Entry): Names {
  const of = (manner: Manner, attributes: readonly string[]) =>
    attributes
      .flatMap((attribute) => entry.all(attribute))
      .map((value) => keyOf(manner, value))
      // Nobody is called like that, and the database keeps none of it.
      .filter((value) => !value.includes('\0') && (manner !== 'address' || Address.safeParse(value).success))
  return {
    memberDns: of('dn', words.members),
    memberAddresses: of('address', words.memberAddresses),
    memberNames: of('name', words.memberNames),
  }
}

/** As what somebody is written into a group. Undefined: such a group cannot name them. */
export function valueOf(words: Words, manner: Manner, kind: MirroredRow['kind'], entry: Entry): string | undefined {
  if (manner === 'dn') return entry.dn
  if (manner === 'name') return kind === 'account' ? entry.one(words.userName) : undefined
  return (kind === 'account' ? words.address : words.groupAddress).map((attribute) => entry.one(attribute)).find(Boolean)
}

/** What only the server can say of names, asked for before a unit begins. */
export const calledIn = (from: Source, groups: readonly Names[]): Promise<Map<string, string>> =>
  from.called([...new Set(groups.flatMap(({ memberNames }) => memberNames))])

export async function whoseAre(db: Db, providerId: ProviderId, names: Names, called: ReadonlyMap<string, string>): Promise<Behind> {
  const ids = names.memberNames.flatMap((name) => {
    const id = called.get(name.toLowerCase())
    return id === undefined ? [] : [{ name, id }]
  })
  const known = await knownOf(
    db,
    providerId,
    'account',
    ids.map(({ id }) => id),
  )
  const byName = ids.flatMap(({ name, id }): [string, Owner][] => {
    const one = known.get(id)
    return one && !one.isGone ? [[name, { kind: 'account', ownerId: one.ownerId }]] : []
  })
  return {
    dn: await ownersOfDns(db, providerId, names.memberDns),
    address: await ownersOfAddresses(db, providerId, names.memberAddresses),
    name: new Map(byName),
  }
}
