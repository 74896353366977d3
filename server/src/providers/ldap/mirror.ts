import type { Database, Tx } from '@atrium/platform'
import type { AccountId, DomainId, ProviderId } from '@atrium/protocol'
import type { Mirroring } from '../../directory/index.ts'
import { countedTogetherMs, mustAsk, type Answered } from '../rules.ts'
import type { MirroredRow, ProviderTables } from '../store.ts'
import type { Entry } from './connection.ts'
import type { Words } from './presets.ts'
import { plainDn } from './members.ts'
import { accountOf, type AccountRecord } from './records.ts'
import type { Source } from './source.ts'
import { countGone, knownOf, saveMirrored, standing, type Known } from './store.ts'
import { Trouble } from './trouble.ts'

export interface MirrorDeps extends Database<ProviderTables> {
  people: Mirroring
  now: () => Date
  newId: () => string
}
/** Whose mirror it is. */
export interface Whose {
  providerId: ProviderId
  domain: { id: DomainId; name: string }
  /** Set up by an administrator of the hub: others may not touch those. */
  mayGoInside: boolean
}
type Does = 'create' | 'change' | 'lock' | 'move' | 'nothing'
/** What came of entries. */
export interface Taken {
  /** All of them, by what they are known for good. */
  ids: string[]
  /** Those that are no account here, in which version: they have no address in the domain, another has it, or the domain is full. */
  left: { id: string; version: string; why: 'taken' | 'full' | null }[]
}

interface Missing {
  known: number
  ids: readonly string[]
}

/** New people are told one by one only where they are few. */
const greetedAtMost = 200
/** Who is locked because of the same look, in one unit. */
const lockedAtOnce = 50

/** Accounts as LDAP has them, in our tables: by what they are known for good, whatever they are called. */
export function accountsMirror({ db, work, people, now, newId }: MirrorDeps) {
  /** One page of entries, in one unit. */
  async function take(whose: Whose, records: readonly AccountRecord[]): Promise<Taken> {
    const { providerId } = whose
    return work(
      async (tx, announce) => {
        const known = await knownOf(
          tx,
          providerId,
          'account',
          records.map(({ externalId }) => externalId),
        )
        const row = (record: AccountRecord, ownerId: string, held: string | null): MirroredRow => ({
          ...{ providerId, kind: 'account', externalId: record.externalId, ownerId, dn: plainDn(record.dn) },
          ...{ version: record.version, hash: record.hash, held, isGone: false, goneAt: null },
        })

        const fresh = records.filter(({ externalId, address }) => address !== null && !known.has(externalId))
        const { rows: added, adopted, left } = await welcome(tx, whose, fresh)
        if (added.length <= greetedAtMost)
          await people.greet(
            tx,
            announce,
            added.map(({ ownerId }) => ownerId),
          )

        const here = records.flatMap((record) => {
          const before = known.get(record.externalId) ?? adopted.get(record.externalId)
          return before ? [{ record, before }] : []
        })
        const moved = here.filter(({ record, before }) => before.hash !== record.hash || before.isGone)
        await people.change(
          tx,
          announce,
          moved.map(({ record, before }) => ({ ...record, id: before.ownerId as AccountId })),
        )
        const held = new Map<string, string | null>()
        for (const { record, before } of moved) held.set(record.externalId, await follow(tx, announce, record, before))

        const seen = here.filter(({ record, before }) => before.hash !== record.hash || before.isGone || before.version !== record.version)
        await saveMirrored(tx, [
          ...added.map(({ record, ownerId }) => row(record, ownerId, record.status === 'active' ? null : record.status)),
          ...seen.map(({ record, before }) =>
            row(record, before.ownerId, held.has(record.externalId) ? held.get(record.externalId)! : before.held),
          ),
        ])
        const nobody = records.filter(({ externalId, address }) => address === null && !known.has(externalId))
        return {
          ids: records.map(({ externalId }) => externalId),
          left: [...left, ...nobody.map((record) => ({ record, why: null }))].map(({ record, why }) => ({
            id: record.externalId,
            version: record.version,
            why,
          })),
        }
      },
      { alone: true },
    )
  }

  /** Accounts for those who have none. Whoever has the address in this domain already is adopted: the directory is the domain's. */
  async function welcome(tx: Tx, { domain, mayGoInside }: Whose, fresh: readonly AccountRecord[]) {
    const adopted = new Map<string, Known>()
    if (fresh.length === 0) return { rows: [], adopted, left: [] }
    const owners = new Map(
      (
        await people.ownersOf(
          tx,
          fresh.map(({ address }) => address!),
        )
      ).map((one) => [one.address, one]),
    )
    const ours = await people.unmirroredIn(
      tx,
      domain.id,
      [...owners.values()].map(({ ownerId }) => ownerId),
      mayGoInside ? 'all' : 'others',
    )
    const toMake: AccountRecord[] = []
    const left: { record: AccountRecord; why: 'taken' | 'full' }[] = []
    const named = new Set<string>()
    for (const record of fresh) {
      const owner = owners.get(record.address!)
      if (owner?.isPrimary && ours.delete(owner.ownerId))
        adopted.set(record.externalId, {
          externalId: record.externalId,
          ownerId: owner.ownerId,
          version: '',
          hash: '',
          held: null,
          isGone: false,
        })
      else if (owner || named.has(record.address!)) left.push({ record, why: 'taken' })
      else {
        named.add(record.address!)
        toMake.push(record)
      }
    }
    const room = toMake.length > 0 ? await people.roomFor(tx, domain.id) : 0
    const made = toMake.slice(0, room).map((record) => ({ ...record, id: newId() as AccountId, address: record.address! }))
    const isHere = await people.add(tx, domain.id, made, now())
    const rows = made.filter(({ id }) => isHere.has(id)).map(({ id, ...record }) => ({ record, ownerId: id as string }))
    left.push(...toMake.slice(room).map((record) => ({ record, why: 'full' as const })))
    return { rows, adopted, left }
  }

  /** PROV-6  What the mirror shut it opens again, and nothing else: who was locked here stays so whatever the entry says. */
  async function follow(
    tx: Tx,
    announce: Parameters<Mirroring['setStatus']>[1],
    record: AccountRecord,
    before: Known,
  ): Promise<string | null> {
    const { status } = record
    const held = before.held as AccountRecord['status'] | null
    if (status === (held ?? 'active') && !before.isGone) return before.held
    const from = status === 'active' ? (held ? [held] : []) : ['active' as const, 'invited' as const, ...(held ? [held] : [])]
    const isDone = await people.setStatus(tx, announce, before.ownerId as AccountId, from, status)
    return isDone && status !== 'active' ? status : null
  }

  /** Locks those who are there no more. `goneAt`: what an administrator knows of counts no more. */
  async function lock(whose: Whose, ids: readonly string[], goneAt: Date | null): Promise<void> {
    const { providerId } = whose
    for (let i = 0; i < ids.length; i += lockedAtOnce)
      await work(
        async (tx, announce) => {
          const known = await knownOf(tx, providerId, 'account', ids.slice(i, i + lockedAtOnce))
          const rows = await standing(tx, providerId, 'account', [...known.keys()])
          const gone: MirroredRow[] = []
          for (const [externalId, before] of known) {
            if (before.isGone) continue
            const from = ['active' as const, 'invited' as const, ...(before.held ? [before.held as AccountRecord['status']] : [])]
            const isDone = await people.setStatus(tx, announce, before.ownerId as AccountId, from, 'locked')
            const { dn } = rows.get(externalId)!
            gone.push({ providerId, kind: 'account', ...before, dn, held: isDone ? 'locked' : null, isGone: true, goneAt })
          }
          await saveMirrored(tx, gone)
        },
        { alone: true },
      )
  }

  const recordsOf = (words: Words, whose: Whose, entries: readonly Entry[]): AccountRecord[] =>
    entries.flatMap((entry) => accountOf(words, entry, whose.domain.name, now()) ?? [])

  return {
    take: (words: Words, whose: Whose, entries: readonly Entry[]) => take(whose, recordsOf(words, whose, entries)),

    /** What would come of entries. */
    async would(whose: Whose, records: readonly AccountRecord[]): Promise<{ record: AccountRecord; does: Does }[]> {
      const known = await knownOf(
        db,
        whose.providerId,
        'account',
        records.map(({ externalId }) => externalId),
      )
      const owners = await people.ownersOf(
        db,
        records.flatMap(({ address }) => address ?? []),
      )
      const owned = new Map(owners.map((one) => [one.address, one]))
      const ours = await people.unmirroredIn(
        db,
        whose.domain.id,
        owners.map(({ ownerId }) => ownerId),
        whose.mayGoInside ? 'all' : 'others',
      )
      return records.map((record) => {
        const before = known.get(record.externalId)
        const owner = record.address === null ? undefined : owned.get(record.address)
        if (!before)
          return { record, does: record.address === null || (owner && !ours.has(owner.ownerId)) ? 'nothing' : owner ? 'change' : 'create' }
        if (before.hash === record.hash && !before.isGone) return { record, does: 'nothing' }
        if (record.status !== 'active' && before.held === null) return { record, does: 'lock' }
        return { record, does: owner?.ownerId === before.ownerId || record.address === null ? 'change' : 'move' }
      })
    },

    /** In which versions all are known here. */
    versions: ({ providerId }: Whose) => standing(db, providerId, 'account'),
    isCurrent: (known: { version: string; dn: string; isGone: boolean } | undefined, entry: { version: string; dn: string }): boolean =>
      known !== undefined && !known.isGone && known.version === entry.version && known.dn === plainDn(entry.dn),

    /** Those who are known here and are not, or of whom it was said that they are not, in the answer. */
    async missing({ providerId }: Whose, said: { listed: ReadonlySet<string> } | { left: ReadonlySet<string> }): Promise<Missing> {
      // Most of what changed was never an account: then there is nothing to count.
      if ('left' in said && (await standing(db, providerId, 'account', [...said.left])).size === 0) return { known: 0, ids: [] }
      const here = [...(await standing(db, providerId, 'account'))].filter(([, { isGone }]) => !isGone)
      return {
        known: here.length,
        ids: here.filter(([id]) => ('listed' in said ? !said.listed.has(id) : said.left.has(id))).map(([id]) => id),
      }
    },

    /** PROV-5  Locks who vanished, unless there are too many: then it says how many. */
    async settle(from: Source, whose: Whose, { known, ids }: Missing, { accepted, asked }: Answered = {}): Promise<number> {
      if (ids.length === 0) return 0
      const lately = await countGone(db, whose.providerId, 'account', new Date(now().getTime() - countedTogetherMs))
      const isAsking = (asked?.accounts ?? 0) > 0
      if (mustAsk({ known, vanished: ids.length, lately }, { accepted: accepted?.accounts, isAsking })) return ids.length
      // Asked for again by name: an answer that broke off without saying so would otherwise lock people.
      if ((await from.byIds('account', ids)).length > 0) throw new Trouble('truncated')
      await lock(whose, ids, accepted?.accounts ? null : now())
      return 0
    },
  }
}
export type AccountsMirror = ReturnType<typeof accountsMirror>
