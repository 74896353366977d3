import { sql, type RawBuilder } from 'kysely'
import { fail } from '@atrium/platform'
import type { AccountId, ListId, ListMember } from '@atrium/protocol'
import { conditionOf } from './attributes.ts'
import { filterOf } from './filter.ts'
import { isText, open, uuids, type Db, type ListTables, type Tx } from './store.ts'

/** A list whose URL finds its members. */
export interface Finding {
  id: ListId
  domainId: string
  domain: string
  url: string
}

/** Everybody a list could find: people of its domain who are not deleted. */
const everybody = sql`account join domain on domain.id = account.domain_id
  left join cos on cos.id = coalesce(account.cos_id, domain.default_cos_id)`
const isFound = ({ domainId, domain, url }: Pick<Finding, 'domainId' | 'domain' | 'url'>): RawBuilder<boolean> =>
  sql`(account.kind = 'person' and account.status <> 'deleted' and account.domain_id = ${domainId} and ${conditionOf(filterOf(url, domain))})`
const isOut = (listId: RawBuilder<unknown>) =>
  sql`exists (select from list_member as gone where gone.list_id = ${listId} and gone.member_id = account.id and gone.is_out)`

export interface Found {
  count: number
  first: AccountId[]
}
/** Whom a URL finds, before it is a list. */
export async function preview(db: Db, list: Pick<Finding, 'domainId' | 'domain' | 'url'>, most: number): Promise<Found> {
  const { rows } = await sql<{ id: AccountId; count: number }>`
    select account.id, (count(*) over ())::int as count from ${everybody} where ${isFound(list)}
    order by account.sort_key, account.id limit ${most}`.execute(open(db))
  return { count: rows[0]?.count ?? 0, first: rows.map(({ id }) => id) }
}

/** How many each of these finds, with those who joined by hand and without those who left. One look at each domain. */
export async function countFound(db: Db, lists: readonly Finding[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const [, alike] of Map.groupBy(lists, ({ domainId }) => domainId)) {
    const each = alike.map(
      (list, i) =>
        sql`(count(*) filter (where (${isFound(list)} or ${isNamed(list.id)}) and not ${isOut(sql`${list.id}::uuid`)}))::int as ${sql.ref(`n${i}`)}`,
    )
    const { rows } = await sql<Record<string, number>>`select ${sql.join(each)} from ${everybody}`.execute(open(db))
    alike.forEach((list, i) => counts.set(list.id, rows[0]![`n${i}`]!))
  }
  return counts
}
const isNamed = (listId: string) =>
  sql`exists (select from list_member as own where own.list_id = ${listId} and own.member_id = account.id and not own.is_out)`

/** These lists and all lists in them: circles or not, each once. */
export async function below(db: Db, listIds: readonly string[]): Promise<(Omit<Finding, 'url'> & { url: string | null })[]> {
  const { rows } = await sql<Omit<Finding, 'url'> & { url: string | null }>`
    with recursive below (id) as (
      select unnest(${listIds}::uuid[])
      union
      select named.member_id from below join list_named as named on named.list_id = below.id where named.member_kind = 'list'
    )
    select list.id, list.domain_id, list.url, domain.name::text as domain from below join list using (id) join domain on domain.id = list.domain_id`.execute(
    open(db),
  )
  return rows
}

/** The accounts that are in a list, by name, by URL, or by a list in it. Among these, if they are given. */
export async function membersOf(db: Db, listIds: readonly string[], among?: readonly string[]): Promise<Set<AccountId>> {
  const lists = await below(db, listIds)
  if (lists.length === 0) return new Set()
  const these = among ? sql`and account.id = ${uuids(among)}` : sql``
  const found = lists.flatMap((list) => (list.url === null ? [] : [{ ...list, url: list.url }]))
  const asked = [
    sql`select account.id from list_named as named join account on account.id = named.member_id
      where named.list_id = ${uuids(lists.map(({ id }) => id))} and account.kind = 'person' and account.status <> 'deleted' ${these}`,
    ...found.map(
      (list) => sql`select account.id from ${everybody} where ${isFound(list)} and not ${isOut(sql`${list.id}::uuid`)} ${these}`,
    ),
  ]
  const { rows } = await sql<{ id: AccountId }>`${sql.join(asked, sql` union `)}`.execute(open(db))
  return new Set(rows.map(({ id }) => id))
}

/** The lists that name somebody, or find them by their URL: in themselves, not by a list in them. */
export async function directListsOf(db: Db, accountId: string): Promise<ListId[]> {
  const { rows } = await sql<Finding>`
    select list.id, list.domain_id, list.url, domain.name::text as domain from list join domain on domain.id = list.domain_id
    where list.url is not null and list.domain_id = (select domain_id from account where id = ${accountId})`.execute(open(db))
  const asked = [
    sql`select list_id as id from list_named where member_id = ${accountId}`,
    ...rows.map(
      (list) =>
        sql`select ${list.id}::uuid as id from ${everybody} where account.id = ${accountId} and ${isFound(list)} and not ${isOut(sql`${list.id}::uuid`)}`,
    ),
  ]
  const { rows: found } = await sql<{ id: ListId }>`${sql.join(asked, sql` union `)}`.execute(open(db))
  return found.map(({ id }) => id)
}

/** All lists that these are in, with the list by which they are. */
export async function above(db: Db, listIds: readonly string[]): Promise<{ id: ListId; via: ListId }[]> {
  const { rows } = await sql<{ id: ListId; via: ListId }>`
    with recursive above (id, via) as (
      select named.list_id, named.member_id from list_named as named where named.member_id = ${uuids(listIds)}
      union
      select named.list_id, named.member_id from above join list_named as named on named.member_id = above.id
    )
    select id, via from above`.execute(open(db))
  return rows
}

interface MemberRow {
  kind: ListMember['kind']
  id: string | null
  name: string
  address: string | null
  sortKey: string
}
/** One page of whom a list names or finds, by name. */
export async function memberPage(
  db: Db,
  list: { id: string; domainId: string; domain: string; url: string | null },
  { search = '', after, limit }: { search?: string | undefined; after?: string | undefined; limit: number },
): Promise<{ members: ListMember[]; next: string | null }> {
  if (after !== undefined && !isText(after)) throw fail('invalid', 'invalid', { field: 'after' })
  const found = list.url === null ? sql`false` : isFound({ ...list, url: list.url })
  const pattern = `%${search.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`
  const searched = search === '' ? sql`true` : sql`(lower(name) like ${pattern} or lower(address) like ${pattern})`
  const last =
    after === undefined
      ? sql`true`
      : sql`(left(sort_key, 100), coalesce(id::text, address)) > (${after.slice(after.indexOf(' ') + 1)}, ${after.slice(0, after.indexOf(' '))})`
  const { rows } = await sql<MemberRow>`
    select kind, id, name, address, sort_key from (
      select 'account' as kind, account.id, account.name, (select address::text from address where owner_id = account.id and is_primary) as address,
        account.sort_key
      from account left join domain on domain.id = account.domain_id left join cos on cos.id = coalesce(account.cos_id, domain.default_cos_id)
      where (${found} or exists (select from list_member as own where own.list_id = ${list.id} and own.member_id = account.id))
        and not ${isOut(sql`${list.id}::uuid`)} and account.status <> 'deleted'
      union all
      select 'list', inner_list.id, inner_list.name, (select address::text from address where owner_id = inner_list.id and is_primary), inner_list.sort_key
      from list_named as named join list as inner_list on inner_list.id = named.member_id where named.list_id = ${list.id}
      union all
      select 'address', null, '', address::text, lower(address::text) from list_member where list_id = ${list.id} and address is not null
    ) as member where ${searched} and ${last} order by left(sort_key, 100), coalesce(id::text, address) limit ${limit + 1}`.execute(
    open(db),
  )
  const page = rows.slice(0, limit)
  const end = rows.length > limit ? page.at(-1)! : undefined
  return { members: page.map(toMember), next: end ? `${end.id ?? end.address} ${[...end.sortKey].slice(0, 100).join('')}` : null }
}
const toMember = ({ kind, id, name, address }: MemberRow): ListMember =>
  kind === 'address'
    ? { kind, address: address! }
    : kind === 'list'
      ? { kind, listId: id as ListId, name, address: address ?? '' }
      : { kind, accountId: id as AccountId, name, address }

export interface Resolved {
  address: string
  kind: 'account' | 'list'
  id: string
  domainId: string | null
  isHidden: boolean
}
/** Whose these addresses are, of accounts and lists. */
export async function resolve(db: Db, addresses: readonly string[]): Promise<Map<string, Resolved>> {
  const { rows } = await sql<Resolved>`
    select address.address::text as address, owner_kind as kind, owner_id as id, coalesce(account.domain_id, list.domain_id) as domain_id,
      coalesce(account.is_hidden or account.status in ('pending', 'closed'), list.is_hidden) as is_hidden
    from address left join account on account.id = owner_id and account.kind = 'person' left join list on list.id = owner_id
    where address = any(${addresses}::citext[]) and coalesce(account.id, list.id) is not null`.execute(open(db))
  return new Map(rows.map((row) => [row.address.toLowerCase(), row]))
}

type NewMember = Pick<ListTables['listMember'], 'memberId' | 'memberKind' | 'address'>
/** Those of them who were not in it before. */
export async function addMembers(tx: Tx, listId: ListId, members: readonly NewMember[], at: Date): Promise<NewMember[]> {
  if (members.length === 0) return []
  const { rows } = await sql<NewMember>`
    insert into list_member (list_id, member_id, member_kind, address, added_at)
    select ${listId}, * , ${at}::timestamptz from unnest(${members.map(({ memberId }) => memberId)}::uuid[],
      ${members.map(({ memberKind }) => memberKind)}::text[], ${members.map(({ address }) => address)}::citext[]) as new
    on conflict do nothing returning member_id, member_kind, address`.execute(tx)
  // Who left what a URL would find, comes back.
  const { rows: back } = await sql<NewMember>`
    update list_member set is_out = false where list_id = ${listId} and is_out and member_id = ${uuids(members.flatMap(({ memberId }) => memberId ?? []))}
    returning member_id, member_kind, address`.execute(tx)
  return [...rows, ...back]
}

export async function removeMembers(
  tx: Tx,
  listId: ListId,
  { ids, addresses }: { ids: readonly string[]; addresses: readonly string[] },
): Promise<string[]> {
  const { rows } = await sql<{ memberId: string | null }>`
    delete from list_member where list_id = ${listId} and (member_id = ${uuids(ids)} or address = any(${addresses}::citext[]))
    returning member_id`.execute(tx)
  return rows.flatMap(({ memberId }) => memberId ?? [])
}
/** Whom the URL would find, and who is in it no more. */
export async function keepOut(tx: Tx, listId: ListId, ids: readonly string[], at: Date): Promise<void> {
  await sql`
    insert into list_member (list_id, member_id, member_kind, is_out, added_at)
    select ${listId}, id, 'account', true, ${at} from account where id = ${uuids(ids)}
    on conflict (list_id, member_id) do update set is_out = true`.execute(tx)
}
/** Those that a list names, also who is kept out. */
export const namedIn = (tx: Tx, listId: ListId): Promise<NewMember[]> =>
  tx.selectFrom('listMember').select(['memberId', 'memberKind', 'address']).where('listId', '=', listId).execute()

/** Until the unit ends nobody else puts a list into a list: two who do could close a circle. */
export async function holdNesting(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('lists in lists'))`.execute(tx)
}

export async function setWish(tx: Tx, row: ListTables['listWish']): Promise<void> {
  await tx
    .insertInto('listWish')
    .values(row)
    .onConflict((asked) => asked.columns(['listId', 'accountId']).doUpdateSet({ wish: row.wish, askedAt: row.askedAt }))
    .execute()
}
export async function dropWishes(tx: Tx, listId: ListId, accountIds: readonly string[]): Promise<void> {
  await sql`delete from list_wish where list_id = ${listId} and account_id = ${uuids(accountIds)}`.execute(tx)
}
export async function listWishes(db: Db, listId: string): Promise<Pick<ListTables['listWish'], 'accountId' | 'wish'>[]> {
  return open(db)
    .selectFrom('listWish')
    .select(['accountId', 'wish'])
    .where('listId', '=', listId as ListId)
    .orderBy('askedAt')
    .limit(200)
    .execute()
}
/** The lists of which an owner has not said yet whether somebody comes, or goes. */
export async function wishesOf(db: Db, accountId: AccountId): Promise<ListId[]> {
  const rows = await open(db).selectFrom('listWish').select('listId').where('accountId', '=', accountId).execute()
  return rows.map(({ listId }) => listId)
}
/** Who is told that they are in it. */
export async function lettersTo(db: Db, accountIds: readonly string[]): Promise<{ id: AccountId; name: string; address: string }[]> {
  const { rows } = await sql<{ id: AccountId; name: string; address: string }>`
    select account.id, account.name, address.address::text as address from account join address on address.owner_id = account.id and is_primary
    where account.id = ${uuids(accountIds)} and account.status <> 'deleted'`.execute(open(db))
  return rows
}
