import { sql, type Kysely, type RawBuilder } from 'kysely'
import { fail, type Reading, type Tx as UnderWay } from '@atrium/platform'
import { fold, isUuid, type AccountId, type DomainId, type List, type ListId, type ListRow, type Resource } from '@atrium/protocol'
import { patternsOf, searchableWords } from '../directory/index.ts'

export interface ListTables {
  list: {
    id: ListId
    domainId: DomainId
    name: string
    description: string
    notes: string
    isHidden: boolean
    url: string | null
    urlKey: string | null
    whoMayWrite: List['whoMayWrite']
    notifiesMembers: boolean
    joining: List['joining']
    leaving: List['leaving']
    sortKey: string
    words: string
    createdAt: Date
    addedBy: AccountId | null
    clientId: string | null
    source: 'here' | 'ldap'
    externalId: string | null
  }
  listMember: {
    listId: ListId
    memberId: string | null
    memberKind: 'account' | 'list' | 'address'
    address: string | null
    isOut: boolean
    addedAt: Date
  }
  listOwner: { listId: ListId; accountId: AccountId }
  listWriter: { listId: ListId; accountId: AccountId }
  listWish: { listId: ListId; accountId: AccountId; wish: 'join' | 'leave'; askedAt: Date }
  resource: {
    id: Resource['id']
    domainId: DomainId
    kind: Resource['kind']
    name: string
    capacity: number | null
    location: string
    notes: string
    policy: Resource['policy']
    refusesRecurring: boolean
    managerIds: AccountId[]
    notify: string[]
    isHidden: boolean
    sortKey: string
    words: string
    createdAt: Date
    addedBy: AccountId | null
    clientId: string | null
  }
  /** One table for all who have addresses: that an address belongs to one of them is a constraint. */
  address: { address: string; ownerKind: 'account' | 'list' | 'resource'; ownerId: string; isPrimary: boolean }
}
export type Db = Reading<ListTables>
export type Tx = UnderWay<ListTables>
export const open = (db: Db) => db as Kysely<ListTables>
export const uuids = (ids: readonly string[]) => sql`any(${ids}::uuid[])`

export const named = (name: string, addresses: readonly string[]) => ({ sortKey: fold(name), words: searchableWords(name, addresses) })

/** What one page of a list of things asks for. `seen`: where it may be looked. */
export interface Paged {
  search?: string | undefined
  domainId?: string | undefined
  after?: string | undefined
  limit: number
  seen: 'all' | { domainIds: readonly string[]; ids: readonly string[]; except: { domainIds: readonly string[]; ids: readonly string[] } }
}
export function paged({ search = '', domainId, after, seen }: Paged, thing: RawBuilder<unknown>): RawBuilder<unknown> {
  const where = [sql`true`, ...patternsOf(search).map((pattern) => sql`${thing}.words like ${pattern}`)]
  if (domainId !== undefined) where.push(sql`${thing}.domain_id = ${domainId}`)
  if (seen !== 'all')
    where.push(sql`(${thing}.domain_id = ${uuids(seen.domainIds)} or ${thing}.id = ${uuids(seen.ids)})
      and not ${thing}.domain_id = ${uuids(seen.except.domainIds)} and not ${thing}.id = ${uuids(seen.except.ids)}`)
  if (after !== undefined) where.push(sql`(${thing}.sort_key, ${thing}.id) > (${keyIn(after)}, ${idIn(after)}::uuid)`)
  return sql.join(where, sql` and `)
}
/** Where a page ended: the id, and behind it what was sorted by. */
export const cursorOf = ({ id, sortKey }: { id: string; sortKey: string }): string => `${id} ${sortKey}`.slice(0, 400)
const keyIn = (cursor: string) => cursor.slice(37)
function idIn(cursor: string): string {
  const id = cursor.slice(0, 36)
  if (!isUuid(id) || !isText(cursor)) throw fail('invalid', 'invalid', { field: 'after' })
  return id
}
export const isText = (text: string) => !text.includes('\0') && text.isWellFormed()

const primary = (id: RawBuilder<unknown>) => sql`(select address::text from address where owner_id = ${id} and is_primary)`
const aliases = (id: RawBuilder<unknown>) =>
  sql`array(select address::text from address where owner_id = ${id} and not is_primary order by 1)`

export type Kept = Omit<List, 'owners' | 'members' | 'createdAt' | 'readOnlyFields'> & {
  ownerIds: AccountId[]
  named: number
  createdAt: Date
  domain: string
}

export async function findLists(db: Db, ids: readonly string[]): Promise<Kept[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<Kept>`
    select list.id, list.domain_id, list.name, coalesce(${primary(sql`list.id`)}, '') as address, ${aliases(sql`list.id`)} as aliases,
      list.description, list.notes, list.is_hidden, list.url, list.who_may_write,
      array(select account_id from list_writer where list_id = list.id order by 1) as may_write, list.notifies_members, list.joining, list.leaving,
      array(select account_id from list_owner where list_id = list.id order by 1) as owner_ids,
      (select count(*)::int from list_member where list_id = list.id and not is_out) as named, list.created_at, list.source, domain.name::text as domain
    from list join domain on domain.id = list.domain_id where list.id = ${uuids(ids)}`.execute(open(db))
  return rows
}

export type Row = Omit<ListRow, 'isDynamic'> & { url: string | null; domain: string; sortKey: string }
const rowColumns = sql`list.id, list.domain_id, list.name, coalesce(${primary(sql`list.id`)}, '') as address, list.description, list.is_hidden,
  list.joining, list.leaving, list.url, list.sort_key, (select count(*)::int from list_member where list_id = list.id and not is_out) as members,
  (select name::text from domain where id = list.domain_id) as domain`

export async function listPage(db: Db, asked: Paged): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select ${rowColumns} from list where ${paged(asked, sql`list`)} order by list.sort_key, list.id limit ${asked.limit}`.execute(open(db))
  return rows
}
export async function listRows(db: Db, ids: readonly string[]): Promise<Row[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<Row>`
    select ${rowColumns} from list where list.id = ${uuids(ids)} order by list.sort_key, list.id`.execute(open(db))
  return rows
}
/** Lists that anybody may find, or may join: not those that are hidden. */
export async function openLists(
  db: Db,
  { accountId, search, limit, joinable }: { accountId: string; search: string; limit: number; joinable: boolean },
): Promise<Row[]> {
  const where = [sql`not list.is_hidden`, ...patternsOf(search).map((pattern) => sql`list.words like ${pattern}`)]
  if (joinable)
    where.push(sql`list.joining <> 'closed' and list.domain_id = (select domain_id from account where id = ${accountId})
      and not exists (select from list_member where list_id = list.id and member_id = ${accountId} and not is_out)`)
  const { rows } = await sql<Row>`
    select ${rowColumns} from list where ${sql.join(where, sql` and `)} order by list.sort_key, list.id limit ${limit}`.execute(open(db))
  return rows
}
export async function ownedBy(db: Db, accountId: string): Promise<ListId[]> {
  const rows = await open(db)
    .selectFrom('listOwner')
    .select('listId')
    .where('accountId', '=', accountId as AccountId)
    .execute()
  return rows.map(({ listId }) => listId)
}

export async function domainName(db: Db, id: string): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`select name::text as name from domain where id = ${id}`.execute(open(db))
  return rows[0]?.name
}

/** False when the address is somebody's already. */
export async function takeAddress(tx: Tx, row: ListTables['address']): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('address')
    .values(row)
    .onConflict((taken) => taken.column('address').doNothing())
    .executeTakeFirst()
  return Boolean(numInsertedOrUpdatedRows)
}
export async function dropAddress(tx: Tx, address: string, ownerId: string): Promise<void> {
  await sql`delete from address where address = ${address} and owner_id = ${ownerId} and not is_primary`.execute(tx)
}
export async function dropAddresses(tx: Tx, ownerId: string): Promise<void> {
  await tx.deleteFrom('address').where('ownerId', '=', ownerId).execute()
}
export async function addressesOf(db: Db, ownerId: string): Promise<string[]> {
  const rows = await open(db)
    .selectFrom('address')
    .select(sql<string>`address::text`.as('address'))
    .where('ownerId', '=', ownerId)
    .execute()
  return rows.map(({ address }) => address)
}

export async function addList(tx: Tx, list: ListTables['list']): Promise<void> {
  await tx.insertInto('list').values(list).execute()
}
/** The list that an earlier attempt with the same `clientId` made. */
export async function findAdded(db: Db, table: 'list' | 'resource', by: string, clientId: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table(table)} where added_by = ${by} and client_id = ${clientId}`.execute(open(db))
  return rows[0]?.id
}
/** Changes of a list are made one after the other. Undefined: there is none. */
export async function holdList(tx: Tx, id: string): Promise<Kept | undefined> {
  const held = await tx
    .selectFrom('list')
    .select('id')
    .where('id', '=', id as ListId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return held && (await findLists(tx, [id]))[0]
}
export async function setList(tx: Tx, id: ListId, change: Partial<ListTables['list']>): Promise<void> {
  if (Object.keys(change).length > 0) await tx.updateTable('list').set(change).where('id', '=', id).execute()
}
/** Kept here from now on, as they are. */
export async function release(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx
    .updateTable('list')
    .set({ source: 'here', externalId: null })
    .where('id', '=', uuids(ids) as never)
    .execute()
}
export async function setPeople(
  tx: Tx,
  table: 'listOwner' | 'listWriter',
  listId: ListId,
  accountIds: readonly AccountId[],
): Promise<void> {
  await tx.deleteFrom(table).where('listId', '=', listId).execute()
  const rows = [...new Set(accountIds)].map((accountId) => ({ listId, accountId }))
  if (rows.length > 0) await tx.insertInto(table).values(rows).execute()
}
export async function dropList(tx: Tx, id: ListId): Promise<void> {
  await sql`delete from list_member where member_id = ${id}`.execute(tx)
  await dropAddresses(tx, id)
  await tx.deleteFrom('list').where('id', '=', id).execute()
}
/** Another list of the domain that asks for the same. */
export async function hasUrl(db: Db, domainId: string, urlKey: string, except: string | null): Promise<boolean> {
  const { rows } = await sql<{ has: boolean }>`
    select exists (select from list where domain_id = ${domainId} and url_key = ${urlKey} and id is distinct from ${except}::uuid) as has`.execute(
    open(db),
  )
  return rows[0]!.has
}
/** Those of them who are here, with their domains: no guests, and nobody who is deleted. */
export async function peopleAmong(db: Db, ids: readonly string[]): Promise<Map<string, string | null>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<{ id: string; domainId: string | null }>`
    select id, domain_id from account where id = ${uuids(ids)} and kind = 'person' and status <> 'deleted'`.execute(open(db))
  return new Map(rows.map(({ id, domainId }) => [id, domainId]))
}
