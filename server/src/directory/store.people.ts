import { sql, type Kysely, type RawBuilder } from 'kysely'
import { inOneGo } from '@atrium/platform'
import type { AccountId, Person } from '@atrium/protocol'
import { listed } from './rules.ts'
import { holds, people, statusThatHolds, toPerson, uuids, type PersonRow } from './store.ts'
import { open, type Db, type DirectoryTables } from './tables.ts'
import { inwardPatternsOf, patternsOf } from './words.ts'

export interface PeoplePage {
  search?: string | undefined
  after?: string | undefined
  limit: number
  include: 'active' | 'everyone'
}
/** Alphabetically. Hidden and pending people are in no address list. */
export async function listPeople(db: Db, { search, after, limit, include }: PeoplePage): Promise<Person[]> {
  let page = people(db)
    .where('kind', '=', 'person')
    .where('account.status', '<>', 'deleted')
    .orderBy('sortKey')
    .orderBy('account.id')
    .limit(limit)
  if (include === 'active') page = page.where('isHidden', '=', false).where(holds(listed))
  for (const pattern of patternsOf(search ?? '')) page = page.where('words', 'like', pattern)
  if (after !== undefined)
    page = page.where(sql<boolean>`(sort_key, account.id) > (select last.sort_key, last.id from account as last where last.id = ${after})`)
  return (await page.execute()).map(toPerson)
}

/** Of so many in alphabetical order it is looked whether a page of them is found: what nearly everybody is called is found there. */
const nearby = 400

/**
 * Who is searched for: these first, then everybody else, each alphabetically. Also by what stands within a word. A search that few
 * match is answered from the index of words and sorted; whether they are few nobody knows before, and a planner that guesses reads
 * everybody to find those at the end of the alphabet.
 */
export async function listMatching(
  db: Db,
  asked: PeoplePage & { search?: string | undefined; first: readonly AccountId[] },
): Promise<Person[]> {
  const { first, limit } = asked
  const after = asked.after as AccountId | undefined
  const isAmongFirst = after !== undefined && first.includes(after)
  const behind =
    after === undefined
      ? sql`true`
      : sql`(sort_key, account.id) > (select last.sort_key, last.id from account as last where last.id = ${after})`
  const isOne = sql`kind = 'person' and account.status <> 'deleted'${asked.include === 'active' ? sql` and not is_hidden` : sql``}`
  const found = sql.join([sql`true`, ...inwardPatternsOf(asked.search ?? '').map((pattern) => sql`words like ${pattern}`)], sql` and `)
  const mayBeShown = asked.include === 'active' ? holds(listed) : sql`true`

  /** The first of these, in order; what is shown of them is looked up for these few. */
  async function page(at: Db, account: RawBuilder<unknown>, where: RawBuilder<unknown>, most: number): Promise<Person[]> {
    const { rows } = await sql<PersonRow>`
      with those as materialized (
        select account.id, sort_key from ${account} left join domain on domain.id = account.domain_id where ${where} and ${mayBeShown}),
      page as materialized (select id, sort_key from those order by sort_key, id limit ${most})
      select account.id, kind, account.name, main.address, title, picture_id as picture, is_administrator, ${statusThatHolds} as status
      from page join account on account.id = page.id left join domain on domain.id = account.domain_id
      left join address as main on main.owner_id = account.id and main.is_primary
      order by page.sort_key, page.id`.execute(open(at))
    return rows.map(toPerson)
  }
  const everybody = sql`account`
  const isFirst = sql`account.id = ${uuids(first)} and ${isOne} and ${found} and ${isAmongFirst ? behind : sql`true`}`
  const rest = sql`${isOne} and account.id <> all(${first}::uuid[]) and ${isAmongFirst ? sql`true` : behind}`
  const near = sql`(select id, sort_key, words, kind, status, domain_id from account where ${rest} order by sort_key, id limit ${nearby}) as account`
  const mayBegin = first.length > 0 && (after === undefined || isAmongFirst)
  // Asked together: where contacts fill the page the other look was for nothing, and it is a short one.
  const [beginning, soon] = await inOneGo(open(db), (at: Kysely<DirectoryTables>) => [
    mayBegin ? page(at, everybody, isFirst, limit) : Promise.resolve([]),
    page(at, near, found, limit),
  ])
  const most = limit - beginning.length
  return [...beginning, ...(soon.length >= most ? soon.slice(0, most) : await page(db, everybody, sql`${found} and ${rest}`, most))]
}
