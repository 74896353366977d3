import { sql, type RawBuilder } from 'kysely'
import type { Tx } from '@atrium/platform'
import type { AccountId, CosId, Domain, DomainId, Look } from '@atrium/protocol'
import { open, type Db, type DirectoryTables } from './tables.ts'

export type DomainRow = DirectoryTables['domain'] & { accounts: number; bytes: number }
export const noLook: Look = { name: null, title: null, accent: null, logoLight: null, logoDark: null, picture: null }

export const lookOf = ({ look }: Pick<DomainRow, 'look'>): Look => ({ ...noLook, ...look })
export const toDomain = ({ id, name, description, status, defaultCosId, userNamePattern, ...row }: DomainRow): Domain => ({
  ...{ id, name, description, status, defaultCosId, userNamePattern },
  limits: { accounts: row.maxAccounts, bytes: row.maxBytes, caps: row.caps, classes: row.classes },
  look: lookOf(row),
  accounts: row.accounts,
  bytes: row.bytes,
  createdAt: row.createdAt.toISOString(),
})

const domains = (db: Db | Tx) =>
  open(db)
    .selectFrom('domain')
    .select([
      'id',
      'name',
      'description',
      'status',
      'defaultCosId',
      'userNamePattern',
      'maxAccounts',
      'maxBytes',
      'caps',
      'classes',
      'look',
    ])
    .select(['allowsPassword', 'allowsPasskey', 'createdAt'])
    .select(
      sql<number>`(select count(*)::int from account where account.domain_id = domain.id and kind <> 'guest' and account.status <> 'deleted')`.as(
        'accounts',
      ),
    )

/** `bytes` of all of them: what their people keep. */
export async function findDomains(db: Db | Tx, ids: readonly string[]): Promise<Omit<DomainRow, 'bytes'>[]> {
  return domains(db)
    .where('id', '=', sql<DomainId>`any(${ids}::uuid[])`)
    .execute()
}

export interface Page {
  search?: string | undefined
  after?: string | undefined
  limit: number
}
const like = (search: string) => `%${search.replaceAll(/[\\%_]/g, '\\$&')}%`

/** By name; `only` those, if that is given. */
export async function listDomains(db: Db, { search, after, limit }: Page, only?: readonly string[]): Promise<Omit<DomainRow, 'bytes'>[]> {
  let page = domains(db).orderBy('name').limit(limit)
  if (only) page = page.where('id', '=', sql<DomainId>`any(${only}::uuid[])`)
  if (search) page = page.where(sql<boolean>`(name::text ilike ${like(search)} or description ilike ${like(search)})`)
  if (after !== undefined) page = page.where('name', '>', after)
  return page.execute()
}

/** Of two at once who create it, one is refused. */
export async function addDomain(
  tx: Tx,
  domain: Pick<DomainRow, 'id' | 'name' | 'description' | 'defaultCosId' | 'createdAt'>,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await open(tx)
    .insertInto('domain')
    .values({
      ...domain,
      ...{ status: 'active', userNamePattern: '{given}{surname}', maxAccounts: null, maxBytes: null, caps: {}, classes: null, look: {} },
      ...{ allowsPassword: true, allowsPasskey: true },
    })
    .onConflict((taken) => taken.column('name').doNothing())
    .executeTakeFirst()
  if (!numInsertedOrUpdatedRows) return false
  // Who was a stranger to all domains until now.
  await sql`update account set is_external = false from address
    where address.owner_id = account.id and address.is_primary and account.is_external
      and split_part(address.address::text, '@', 2)::citext = ${domain.name}`.execute(open(tx))
  return true
}

export async function changeDomain(tx: Tx, id: DomainId, change: Partial<Omit<DirectoryTables['domain'], 'id'>>): Promise<void> {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  const said = 'classes' in given ? { ...given, classes: given['classes'] === null ? null : JSON.stringify(given['classes']) } : given
  if (Object.keys(said).length > 0) await open(tx).updateTable('domain').set(said).where('id', '=', id).execute()
}

/** Locks the domain: who counts in it, or shuts it, is alone with it. Several are held in one order. */
export async function holdDomains(tx: Tx, ids: readonly string[]): Promise<Omit<DomainRow, 'bytes'>[]> {
  await open(tx)
    .selectFrom('domain')
    .select('id')
    .where('id', '=', sql<DomainId>`any(${ids}::uuid[])`)
    .orderBy('id')
    .forUpdate()
    .execute()
  return findDomains(tx, ids)
}

/** Once it is held: a sign-in that was under way has committed, and whoever comes later finds the status. */
export async function markShut(tx: Tx, id: DomainId): Promise<void> {
  await sql`update domain set shut_at = greatest(clock_timestamp(), shut_at) where id = ${id}`.execute(open(tx))
}
/** DIR-10 for a store that keeps what somebody began at some time: whether their domain is shut, or was since. */
export const shutSince = (accountId: RawBuilder<unknown>, since: RawBuilder<unknown>) => sql<boolean>`exists (
  select from account join domain on domain.id = account.domain_id
  where account.id = ${accountId} and account.kind <> 'guest' and (domain.status <> 'active' or domain.shut_at >= ${since}))`

export async function deleteDomain(tx: Tx, id: DomainId): Promise<void> {
  await open(tx).deleteFrom('domain').where('id', '=', id).execute()
}

export async function domainIdOf(db: Db | Tx, name: string): Promise<DomainId | undefined> {
  const row = await open(db).selectFrom('domain').select('id').where('name', '=', name).executeTakeFirst()
  return row?.id
}

/** Where somebody is at home, and what their pages wear; who is at home nowhere sees the organisation's. */
export async function findHomeOf(db: Db | Tx, accountId: AccountId): Promise<{ domainId: DomainId | null; look: Look }> {
  const { rows } = await sql<{ domainId: DomainId | null; look: Partial<Look> }>`
    select account.domain_id, domain.look from account join domain on domain.id = coalesce(account.domain_id, (${homeDomain}))
    where account.id = ${accountId}`.execute(open(db))
  return { domainId: rows[0]?.domainId ?? null, look: { ...noLook, ...rows[0]?.look } }
}

/** The domain of this name, or the one that a machine of this name belongs to: `chat.heron.example` is of `heron.example`. */
export async function nearestDomain(db: Db | Tx, name: string): Promise<DomainId | undefined> {
  const labels = name.split('.').slice(-8)
  const names = labels.slice(0, -1).map((_, at) => labels.slice(at).join('.'))
  if (names.length === 0) return domainIdOf(db, name)
  const rows = await open(db)
    .selectFrom('domain')
    .select(['id', 'name'])
    .where('name', '=', sql<string>`any(${names}::citext[])`)
    .execute()
  return rows.toSorted((a, b) => b.name.length - a.name.length)[0]?.id
}

/** Where somebody is at home whose address is in none of our domains: that of the organisation. */
export const homeDomain = sql`select id from domain order by name <> (select domain from organisation), created_at, id limit 1`
/** The domain that an address belongs to, or the organisation's. */
export async function homeOf(db: Db | Tx, address: string): Promise<DomainId | undefined> {
  const own = await domainIdOf(db, address.slice(address.lastIndexOf('@') + 1))
  if (own) return own
  const { rows } = await sql<{ id: DomainId }>`${homeDomain}`.execute(open(db))
  return rows[0]?.id
}

/** What the people of these domains keep together. */
export async function bytesIn(db: Db | Tx, ids: readonly string[]): Promise<Map<DomainId, number>> {
  if (ids.length === 0) return new Map()
  const rows = await open(db)
    .selectFrom('domainUsage')
    .select(['domainId', 'bytes'])
    .where('domainId', '=', sql<DomainId>`any(${ids}::uuid[])`)
    .execute()
  return new Map(rows.map(({ domainId, bytes }) => [domainId, bytes]))
}

/** The organisation's own. */
export async function findHome(db: Db | Tx): Promise<Omit<DomainRow, 'bytes'> | undefined> {
  return domains(db)
    .where('id', '=', sql<DomainId>`(${homeDomain})`)
    .executeTakeFirst()
}

/** How many have this class in a domain: those who chose it, and where it is the default those who chose none. */
export async function countInClass(tx: Tx, domainId: DomainId, cosId: CosId, but?: AccountId): Promise<number> {
  const { count } = await open(tx)
    .selectFrom('account')
    .innerJoin('domain', 'domain.id', 'account.domainId')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('account.domainId', '=', domainId)
    .where('kind', '<>', 'guest')
    .where('account.status', '<>', 'deleted')
    .where(sql<boolean>`coalesce(account.cos_id, domain.default_cos_id) = ${cosId}`)
    .$if(but !== undefined, (those) => those.where('account.id', '<>', but!))
    .executeTakeFirstOrThrow()
  return count
}

export async function isEmptyDomain(tx: Tx, id: DomainId): Promise<boolean> {
  const { rows } = await sql<{ isUsed: boolean }>`select
      exists (select from account where domain_id = ${id} and kind <> 'guest' and status <> 'deleted')
      or exists (select from address, domain where domain.id = ${id} and split_part(address.address::text, '@', 2)::citext = domain.name)
      as is_used`.execute(open(tx))
  return !rows[0]?.isUsed
}
