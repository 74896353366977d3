import type { Database } from '@atrium/platform'
import type { ListId } from '@atrium/protocol'
import type { ListsMirroring } from '../../lists/index.ts'
import { countedTogetherMs, isAny, mustAsk, type Answered } from '../rules.ts'
import { unfinished, type MirroredRow, type ProviderTables } from '../store.ts'
import type { Entry } from './connection.ts'
import type { GroupsMirror } from './following.ts'
import type { Whose } from './mirror.ts'
import type { Words } from './presets.ts'
import { groupOf, type GroupRecord } from './records.ts'
import type { Source } from './source.ts'
import { calledIn, plainDn, whoseAre } from './members.ts'
import { countGone, dropMirrored, knownOf, saveMirrored, setMirrored, standing } from './store.ts'
import { Trouble } from './trouble.ts'

/** `evenOlder`: it is compared, and what stands there holds, also after a server was set back. */
interface Taking {
  evenOlder?: boolean
}
/**
 * An answer that was on its way while somebody changed the group here, and read it back: the next one has it. Members who were out for
 * that long would be out of rooms and meetings.
 */
const isOlder = (version: string, known: string): boolean =>
  /^\d+$/.test(version) && /^\d+$/.test(known) ? BigInt(version) < BigInt(known) : version < known

/** Groups as LDAP has them, as lists: first what they are called, then who is in them, for groups are in groups. */
export function groupsMirror({
  db,
  work,
  lists,
  now,
}: Database<ProviderTables> & { lists: ListsMirroring; now: () => Date }): GroupsMirror {
  const isCounted = (goneAt: Date | null): boolean => goneAt !== null && goneAt.getTime() > now().getTime() - countedTogetherMs

  const row = ({ providerId }: Whose, record: GroupRecord, ownerId: string, hash: string): MirroredRow => ({
    ...{ providerId, kind: 'list', externalId: record.externalId, ownerId, dn: plainDn(record.dn), version: record.version },
    ...{ hash, held: null, isGone: false, goneAt: null },
  })

  /** The list of a group, made or renamed. Undefined: it has no address here, or another's. */
  const name = (whose: Whose, record: GroupRecord, { evenOlder }: Taking): Promise<ListId | undefined> =>
    work(
      async (tx) => {
        const { address } = record
        const known = (await knownOf(tx, whose.providerId, 'list', [record.externalId])).get(record.externalId)
        if (known && !evenOlder && isOlder(record.version, known.version)) return undefined
        if (address === null && known?.isGone) return undefined
        if (address === null || known?.hash === record.hash) return known?.ownerId as ListId | undefined
        const id = await lists.put(tx, whose.domain.id, known?.ownerId as ListId | undefined, { ...record, address })
        if (id) await saveMirrored(tx, [row(whose, record, id, unfinished)])
        return id
      },
      { alone: true },
    )

  const fill = (whose: Whose, record: GroupRecord, id: ListId, { evenOlder, called }: Taking & { called: ReadonlyMap<string, string> }) =>
    work(
      async (tx, announce) => {
        const known = (await knownOf(tx, whose.providerId, 'list', [record.externalId])).get(record.externalId)
        if (known && !evenOlder && isOlder(record.version, known.version)) return
        if (known?.hash === record.hash) return saveMirrored(tx, [row(whose, record, id, record.hash)])
        const { dn, address, name } = await whoseAre(tx, whose.providerId, record, called)
        const found = [...dn.values(), ...address.values(), ...name.values()]
        const addresses = record.memberAddresses.filter((one) => !address.has(one))
        const of = (kind: MirroredRow['kind']) => [...new Set(found.flatMap((one) => (one.kind === kind ? [one.ownerId] : [])))]
        const wanted = { accountIds: of('account'), listIds: of('list').filter((one) => one !== id), addresses }
        const isFilled = await lists.fill(tx, announce, id, wanted, whose.mayGoInside)
        const isWhole = isFilled && record.memberDns.every((one) => dn.has(one)) && record.memberNames.every((one) => name.has(one))
        await saveMirrored(tx, [row(whose, record, id, isWhole ? record.hash : unfinished)])
      },
      { alone: true },
    )

  async function take(words: Words, whose: Whose, from: Source, entries: readonly Entry[], how: Taking = {}): Promise<void> {
    const records = entries.flatMap((entry) => groupOf(words, entry, whose.domain.name) ?? [])
    const here: [GroupRecord, ListId][] = []
    for (const record of records) {
      const id = await name(whose, record, how)
      if (id) here.push([record, id])
    }
    const called = await calledIn(
      from,
      here.map(([record]) => record),
    )
    for (const [record, id] of here) await fill(whose, record, id, { ...how, called })
  }

  /** PROV-5, as of people: takes away what is there no more, unless that is too much: then it says how much. */
  async function settle(
    from: Source,
    whose: Whose,
    { known, ids }: { known: number; ids: string[] },
    { accepted, asked }: Answered,
  ): Promise<number> {
    if (ids.length === 0) return 0
    const lately = await countGone(db, whose.providerId, 'list', new Date(now().getTime() - countedTogetherMs))
    const isAsking = asked !== undefined && isAny(asked)
    if (mustAsk({ known, vanished: ids.length, lately }, { accepted: accepted?.lists, isAsking })) return ids.length
    // Whoever is asked for by name and is there after all was merely left out of an answer.
    if ((await from.byIds('list', ids)).length > 0) throw new Trouble('truncated')
    for (const id of ids) await drop(whose, id, accepted?.lists ? null : now())
    return 0
  }

  /**
   * Its row stays for as long as it is counted, which is not at all where an administrator knows of it (`goneAt`). One that is out of
   * reach is here still, and tried again.
   */
  const drop = (whose: Whose, externalId: string, goneAt: Date | null): Promise<void> =>
    work(
      async (tx, announce) => {
        const one = { providerId: whose.providerId, kind: 'list' as const, externalId }
        const known = (await knownOf(tx, whose.providerId, 'list', [externalId])).get(externalId)
        if (!known) return
        const isDropped = await lists.drop(tx, announce, known.ownerId as ListId, whose.mayGoInside)
        if (isDropped && goneAt === null) return dropMirrored(tx, whose.providerId, 'list', externalId)
        await setMirrored(tx, one, { hash: unfinished, isGone: true, goneAt: isDropped ? goneAt : null })
      },
      { alone: true },
    )

  return {
    read: take,
    async take(words: Words, whose: Whose, from: Source, since?: string): Promise<void> {
      const entries: Entry[] = []
      for await (const page of from.groups(since)) entries.push(...page)
      await take(words, whose, from, entries)
    },

    async isAmong({ providerId }: Whose, said: { left: ReadonlySet<string> } | { listed: ReadonlySet<string> }): Promise<boolean> {
      const here = await standing(db, providerId, 'list')
      return [...here].some(([id, { isGone }]) => !isGone && ('left' in said ? said.left.has(id) : !said.listed.has(id)))
    },

    async compare(words: Words, whose: Whose, from: Source, answered: Answered): Promise<number> {
      const here = await standing(db, whose.providerId, 'list')
      const listed = new Set<string>()
      const stale: string[] = []
      for await (const page of from.listing('list'))
        for (const { id, dn, version } of page) {
          listed.add(id)
          const known = here.get(id)
          if (known?.version !== version || known.dn !== plainDn(dn) || known.hash === unfinished || known.isGone) stale.push(id)
        }
      await take(words, whose, from, await from.byIds('list', stale), { evenOlder: true })
      for (const [id, { isGone, goneAt }] of here) if (isGone && !listed.has(id) && !isCounted(goneAt)) await drop(whose, id, null)
      const standingHere = [...here].filter(([, { isGone }]) => !isGone)
      const ids = standingHere.flatMap(([id]) => (listed.has(id) ? [] : [id]))
      return settle(from, whose, { known: standingHere.length, ids }, answered)
    },
  }
}
