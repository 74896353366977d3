import { fail, type Actor, type Announce, type Database, type Jobs, type Reading, type Tx as UnderWay } from '@atrium/platform'
import type { AccountId, List, ListRow, Person, Sentence } from '@atrium/protocol'
import type { Target, Visible } from '../grants/index.ts'
import { conditionOf } from './attributes.ts'
import { BadFilter, filterOf, keyOf } from './filter.ts'
import { isDynamic } from './rules.ts'
import { peopleAmong, type Db, type Kept, type ListTables, type Row, type Tx } from './store.ts'
import { countFound, type Finding } from './store.members.ts'

/** What lists need of the others, given as functions. */
export interface ListDeps extends Database<ListTables> {
  jobs: Pick<Jobs, 'enqueue'>
  now: () => Date
  newId: () => string
  peopleOf: (at: Reading<any> | UnderWay, ids: readonly string[]) => Promise<Person[]>
  languageOf: (tx: UnderWay, id: AccountId) => Promise<'en' | 'de' | null>
  organisation: () => Promise<{ name: string } | undefined>
  /** Sends a letter, later. */
  post: (tx: UnderWay, letter: { to: string; subject: string; text: string }) => Promise<void>
  visible: (actor: Actor, right: 'account.see' | 'list.see' | 'resource.see') => Promise<Visible>
  require: (actor: Actor, right: 'list.change' | 'list.create' | 'resource.change', target: Target) => Promise<void>
  /** Which fields of a list can be changed only in the directory that keeps it. Asked in the unit, on its connection: not on another. */
  keptElsewhere: (list: Pick<List, 'id' | 'source'>, at: Reading<any> | UnderWay) => Promise<string[]>
  /** GRANT-10 */
  mayFill: (at: UnderWay, actor: Actor, listIds: readonly string[]) => Promise<boolean>
  membersChanged: (tx: UnderWay, announce: Announce, listIds: readonly string[], memberIds: readonly string[]) => Promise<void>
  /** What was granted over something, or to it, goes with it. */
  forget: (tx: UnderWay, announce: Announce, ids: readonly string[]) => Promise<void>
}

export const noSuchList = () => fail('not_found', 'lists.noSuchList', { field: 'listId' })
export const carriesRights = () => fail('forbidden', 'grants.listCarriesRights', { field: 'listId' })

/** Whether something lies where somebody may see. */
export const isIn = (seen: Visible, { domainId, id }: { domainId: string | null; id: string }): boolean =>
  seen === 'all' ||
  (((domainId !== null && seen.domainIds.includes(domainId)) || seen.ids.includes(id)) &&
    !(domainId !== null && seen.except.domainIds.includes(domainId)) &&
    !seen.except.ids.includes(id))

/** A URL and what it asks for, or the refusal that says what is wrong with it. */
export function urlKeyOf(url: string, domain: string): string {
  try {
    const filter = filterOf(url, domain)
    // Also what it asks of an account must be something an account has.
    conditionOf(filter)
    return keyOf(filter)
  } catch (error) {
    if (!(error instanceof BadFilter)) throw error
    throw fail('invalid', 'lists.badUrl', { field: 'url', params: { problem: error.problem, at: error.at } })
  }
}

/** LIST-8 */
export async function mustBeOurs(
  { keptElsewhere }: Pick<ListDeps, 'keptElsewhere'>,
  tx: Tx,
  list: Pick<List, 'id' | 'source'>,
  fields: readonly string[],
): Promise<void> {
  if (fields.length === 0 || list.source === 'here') return
  const kept = await keptElsewhere(list, tx)
  const field = fields.find((one) => kept.includes(one))
  if (field) throw fail('conflict', 'providers.keptInLdap', { field })
}

export function showing({ db, peopleOf, keptElsewhere }: Pick<ListDeps, 'db' | 'peopleOf' | 'keptElsewhere'>) {
  const counted = (at: Db, lists: readonly { id: string; domainId: string; domain: string; url: string | null }[]) =>
    countFound(
      at,
      lists.filter((list): list is Finding => isDynamic(list)),
    )
  return {
    async whole(at: Db, { ownerIds, named, domain, createdAt, ...list }: Kept): Promise<List> {
      const [owners, counts, readOnlyFields] = await Promise.all([
        peopleOf(at, ownerIds),
        counted(at, [{ ...list, domain }]),
        keptElsewhere(list, at),
      ])
      return { ...list, readOnlyFields, owners, members: counts.get(list.id) ?? named, createdAt: createdAt.toISOString() }
    },
    async rows(found: readonly Row[]): Promise<ListRow[]> {
      const counts = await counted(db, found)
      return found.map(({ url, domain: _, sortKey: __, ...row }) => ({
        ...row,
        members: counts.get(row.id) ?? row.members,
        isDynamic: url !== null,
      }))
    },
  }
}
export type Showing = ReturnType<typeof showing>

/**
 * LIST-5  Who is named as owner, writer or manager must be here, and be known to who names them. Who is it already stays, whoever
 * changes something else.
 */
export async function mustBeHere(
  tx: Tx,
  isKnown: (account: { id: string; domainId: string | null }) => boolean,
  { ids = [], before, field, key }: { ids?: readonly string[] | undefined; before: readonly string[]; field: string; key: Sentence },
): Promise<void> {
  const here = await peopleAmong(tx, ids)
  const isFine = (id: string) => here.has(id) && (before.includes(id) || isKnown({ id, domainId: here.get(id)! }))
  if (!ids.every(isFine)) throw fail('not_found', key, { field })
}
