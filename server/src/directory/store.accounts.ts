import { sql, type RawBuilder } from 'kysely'
import type { Tx } from '@atrium/platform'
import type { AccountId, AccountRow, AccountType, CosId, Hub, Input, OwnValues, Person, Profile } from '@atrium/protocol'
import { ladder } from './rules.ts'
import { statusThatHolds } from './store.ts'
import { open, type Db, type DirectoryTables } from './tables.ts'
import { inwardPatternsOf } from './words.ts'

/** Accounts that somebody may see: all, or those of these domains and these single ones, but for the exceptions. */
export type Visible = 'all' | (Targets & { except: Targets })
interface Targets {
  domainIds: string[]
  ids: string[]
}
export type Filter = Omit<Input<Hub, 'accounts.count'>, never>
export type Sort = Input<Hub, 'accounts.list'>['sort']

export interface Row extends Omit<AccountRow, 'seenAt' | 'createdAt' | 'type' | 'lockedOutUntil'> {
  kind: Person['kind']
  isAdministrator: boolean
  isExternal: boolean
  seenAt: Date
  createdAt: Date
  /** What it is sorted by. */
  key: string
}
export interface Whole extends Row {
  given: string
  initials: string
  surname: string
  title: string
  notes: string
  isHidden: boolean
  profile: Partial<Profile>
  ownCosId: CosId | null
  ownValues: OwnValues
  source: 'here' | 'ldap'
  recoveryAddress: string | null
  isRecoveryVerified: boolean
  deletedAt: Date | null
  joinedAt: Date | null
}

const never = new Date(0)
/** DIR-14  An account has one type: the first of these that it is. */
export const typeOf = (row: Pick<Row, 'kind' | 'isAdministrator' | 'isExternal'>, isDelegate: boolean): AccountType => {
  if (row.kind === 'guest') return 'guest'
  if (row.kind !== 'person') return 'system'
  if (row.isAdministrator) return 'administrator'
  if (isDelegate) return 'delegated'
  return row.isExternal ? 'external' : 'normal'
}
export const toRow = (
  { id, name, address, aliases, domainId, cosId, status, effectiveStatus, picture, ...row }: Row,
  more: { isDelegate: boolean; lockedOutUntil: Date | null },
): AccountRow => ({
  ...{ id, name, address, aliases, domainId, cosId, status, effectiveStatus, picture },
  type: typeOf(row, more.isDelegate),
  lockedOutUntil: more.lockedOutUntil?.toISOString() ?? null,
  seenAt: row.seenAt <= never ? null : row.seenAt.toISOString(),
  createdAt: row.createdAt.toISOString(),
})

/** One that is kept for a while is shown as deleted. */
const shown = sql`case when account.deleted_at is null then account.status else 'deleted' end`
const rowColumns = sql`account.id, account.kind, account.name, main.address::text as address, account.domain_id,
  coalesce(account.cos_id, domain.default_cos_id) as cos_id, ${shown} as status,
  case when account.deleted_at is null then ${statusThatHolds} else 'deleted' end as effective_status,
  account.is_administrator, account.is_external, account.seen_at, account.created_at, account.picture_id as picture,
  array(select other.address::text from address as other where other.owner_id = account.id and not other.is_primary order by 1) as aliases`
const joined = sql`account
  join domain on domain.id = account.domain_id
  left join address as main on main.owner_id = account.id and main.is_primary`

const sortedBy = {
  name: { key: sql`account.sort_key`, type: sql`text` },
  address: { key: sql`main.address`, type: sql`citext` },
  createdAt: { key: sql`account.created_at`, type: sql`timestamptz` },
  seenAt: { key: sql`account.seen_at`, type: sql`timestamptz` },
} as const satisfies Record<Sort, { key: RawBuilder<unknown>; type: RawBuilder<unknown> }>

interface Asked extends Filter {
  visible: Visible
  /** Who has been granted something. */
  delegates: readonly string[]
  /** Domains whose status is not active, with it. */
  shut: readonly Pick<DirectoryTables['domain'], 'id' | 'status'>[]
  /** Until when an account is locked out, null where it is not. */
  lockoutOf: (accountId: RawBuilder<unknown>) => RawBuilder<Date | null>
}
export interface Cursor {
  key: string
  id: string
}

type Listed = Row & { lockedOutUntil: Date | null }
/** Up to so many that a search finds are sorted; of more, a page is soon found in the order that it is to have. */
const fewFound = 4_000
const nearby = 1_500

/** A page, sorted; equal at its beginning and far behind it, for each sorting has its index. */
export async function listAccounts(
  db: Db,
  asked: Asked & { sort: Sort; isDescending: boolean; after: Cursor | undefined; limit: number },
): Promise<Listed[]> {
  const { key, type } = sortedBy[asked.sort]
  const conditions = conditionsOf(asked)
  if (asked.sort === 'address') conditions.push(sql`main.address is not null`)
  if (asked.after)
    conditions.push(
      sql`(${key}, account.id) ${asked.isDescending ? sql`<` : sql`>`} (${asked.after.key}::${type}, ${asked.after.id}::uuid)`,
    )
  const direction = asked.isDescending ? sql`desc` : sql`asc`
  const from = sql`account ${asked.sort === 'address' ? sql`join address as main on main.owner_id = account.id and main.is_primary` : sql``}`
  const inOrder = sql`order by ${key} ${direction}, account.id ${direction}`

  /** The first of these, in order: what a row shows is looked up for these few. `found`: how many there are. */
  async function page(those: RawBuilder<unknown>): Promise<{ rows: Listed[]; found: number }> {
    const { rows } = await sql<Listed & { found: number }>`
      with those as materialized (${those}),
      page as materialized (
        select id, key::text as key, row_number() over (order by key ${direction}, id ${direction}) as place
        from those order by key ${direction}, id ${direction} limit ${asked.limit})
      select ${rowColumns}, page.key, ${asked.lockoutOf(sql`account.id`)} as locked_out_until, (select count(*)::int from those) as found
      from page join ${joined} on account.id = page.id order by page.place`.execute(open(db))
    return { rows: rows.map(({ found: _, ...row }) => row), found: rows[0]?.found ?? 0 }
  }
  const those = (columns: RawBuilder<unknown> = sql``) =>
    sql`select account.id, ${key} as key${columns} from ${from} where ${sql.join(conditions, sql` and `)}`

  const patterns = inwardPatternsOf(asked.search ?? '').map((pattern) => sql`words like ${pattern}`)
  if (patterns.length === 0) return (await page(sql`${those()} ${inOrder} limit ${asked.limit}`)).rows
  // Whether a search finds few or nearly everybody nobody knows before, and a planner that guesses may read everybody for one.
  const isFound = sql.join(patterns, sql` and `)
  const few = await page(sql`${those()} and ${isFound} limit ${fewFound + 1}`)
  if (few.found <= fewFound) return few.rows
  const near = await page(sql`select id, key from (${those(sql`, words`)} ${inOrder} limit ${nearby}) as near where ${isFound}`)
  return near.rows.length >= asked.limit ? near.rows : (await page(sql`${those()} and ${isFound}`)).rows
}

export async function countAccounts(db: Db, asked: Asked): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from account
    where ${sql.join([...conditionsOf(asked), ...inwardPatternsOf(asked.search ?? '').map((pattern) => sql`words like ${pattern}`)], sql` and `)}`.execute(
    open(db),
  )
  return rows[0]!.count
}

export async function findAccount(db: Db | Tx, id: string): Promise<Whole | undefined> {
  const { rows } =
    await sql<Whole>`select ${rowColumns}, '' as key, account.given, account.initials, account.surname, account.title, account.notes,
      account.is_hidden, account.profile, account.cos_id as own_cos_id, account.own_values, account.source, account.recovery_address,
      account.is_recovery_verified, account.deleted_at, account.joined_at
    from ${joined} where account.id = ${id} and account.status <> 'deleted'`.execute(open(db))
  return rows[0]
}

export async function findShut(db: Db | Tx): Promise<Asked['shut']> {
  return open(db).selectFrom('domain').select(['id', 'status']).where('status', '<>', 'active').execute()
}

const uuids = (ids: readonly string[]) => sql`any(${ids}::uuid[])`

function conditionsOf({
  domainId,
  cosId,
  types,
  statuses,
  isLockedOut,
  visible,
  delegates,
  shut,
  lockoutOf,
}: Asked): RawBuilder<unknown>[] {
  const conditions = [sql`account.status <> 'deleted'`]
  // Said as the index says it, unless guests are asked for.
  if (!types?.includes('guest')) conditions.push(sql`account.kind <> 'guest'`)
  if (types) conditions.push(anyOf(types.map((type) => ofType(type, delegates))))
  conditions.push(statuses ? anyOf(statuses.map((status) => ofStatus(status, shut))) : sql`account.deleted_at is null`)
  if (domainId) conditions.push(sql`account.domain_id = ${domainId}`)
  if (cosId)
    conditions.push(
      sql`(account.cos_id = ${cosId} or (account.cos_id is null and account.domain_id in (select id from domain where default_cos_id = ${cosId})))`,
    )
  if (isLockedOut !== undefined) conditions.push(sql`(${lockoutOf(sql`account.id`)}) is ${isLockedOut ? sql`not null` : sql`null`}`)
  conditions.push(amongVisible(visible))
  return conditions
}
export const amongVisible = (visible: Visible): RawBuilder<unknown> =>
  visible === 'all'
    ? sql`true`
    : sql`(account.domain_id = ${uuids(visible.domainIds)} or account.id = ${uuids(visible.ids)})
        and not (account.domain_id = ${uuids(visible.except.domainIds)} or account.id = ${uuids(visible.except.ids)})`

const anyOf = (conditions: readonly RawBuilder<unknown>[]) =>
  conditions.length === 0 ? sql`false` : sql`(${sql.join(conditions, sql` or `)})`

function ofType(type: AccountType, delegates: readonly string[]): RawBuilder<unknown> {
  const isDelegate = sql`account.id = ${uuids(delegates)}`
  switch (type) {
    case 'guest':
      return sql`account.kind = 'guest'`
    case 'system':
      return sql`account.kind in ('system', 'bot')`
    case 'administrator':
      return sql`account.is_administrator`
    case 'delegated':
      return sql`(${isDelegate} and not account.is_administrator)`
    case 'external':
      return sql`(account.is_external and not account.is_administrator and not ${isDelegate})`
    case 'normal':
      return sql`(account.kind = 'person' and not account.is_external and not account.is_administrator and not ${isDelegate})`
  }
}

/** What holds: by the account where its domain is no stricter, by the domain where it is. Domains that are shut are few. */
function ofStatus(status: Person['status'], shut: Asked['shut']): RawBuilder<unknown> {
  if (status === 'deleted') return sql`account.deleted_at is not null`
  const rank = (one: Person['status']) => ladder.indexOf(one)
  const stricter = shut.filter((domain) => rank(domain.status) > rank(status)).map(({ id }) => id)
  const same = shut.filter((domain) => domain.status === status).map(({ id }) => id)
  const weaker = ladder.filter((one) => rank(one) < rank(status))
  const own = [sql`account.status = ${status}`, ...(stricter.length > 0 ? [sql`not account.domain_id = ${uuids(stricter)}`] : [])]
  const byDomain = [sql`account.domain_id = ${uuids(same)}`, sql`account.status = any(${weaker}::text[])`, sql`account.kind <> 'guest'`]
  const holds = sql`(${sql.join(own, sql` and `)})`
  return sql`(account.deleted_at is null and ${same.length > 0 ? sql`(${holds} or (${sql.join(byDomain, sql` and `)}))` : holds})`
}

/** User names of this domain that begin so, for the first that is free. */
export async function namesBeginning(db: Db | Tx, domain: string, userName: string): Promise<Set<string>> {
  const { rows } = await sql<{ address: string }>`select lower(address::text) as address from address
    where address::text ilike ${`${userName.replaceAll(/[\\%_]/g, '\\$&')}%@${domain.replaceAll(/[\\%_]/g, '\\$&')}`}`.execute(open(db))
  return new Set(rows.map(({ address }) => address.slice(0, address.lastIndexOf('@'))))
}

export interface Change {
  name?: string | undefined
  given?: string | undefined
  initials?: string | undefined
  surname?: string | undefined
  title?: string | undefined
  notes?: string | undefined
  isHidden?: boolean | undefined
  profile?: Partial<Profile> | undefined
  recoveryAddress?: string | null | undefined
  isRecoveryVerified?: boolean | undefined
  cosId?: CosId | null | undefined
  ownValues?: OwnValues | undefined
  status?: Person['status'] | undefined
  deletedAt?: Date | null | undefined
  domainId?: Row['domainId'] | undefined
  isExternal?: boolean | undefined
}
/** What is not said stays. */
export async function writeAccount(tx: Tx, id: AccountId, change: Change & { sortKey?: string; words?: string }): Promise<void> {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  if (Object.keys(given).length > 0) await open(tx).updateTable('account').set(given).where('id', '=', id).execute()
}

/** The primary address gives way to another; it stays as an alias, or is free again. */
export async function setPrimary(tx: Tx, id: AccountId, address: string, keepsAlias: boolean): Promise<boolean> {
  const owner = { ownerKind: 'account', ownerId: id } as const
  if (keepsAlias)
    await open(tx).updateTable('address').set({ isPrimary: false }).where('ownerId', '=', id).where('isPrimary', '=', true).execute()
  else await open(tx).deleteFrom('address').where('ownerId', '=', id).where('isPrimary', '=', true).execute()
  const { numInsertedOrUpdatedRows } = await open(tx)
    .insertInto('address')
    .values({ ...owner, address, isPrimary: true })
    // What was an alias of theirs becomes the address.
    .onConflict((taken) => taken.column('address').doUpdateSet({ isPrimary: true }).where('address.ownerId', '=', id))
    .executeTakeFirst()
  return Boolean(numInsertedOrUpdatedRows)
}

export async function removeAlias(tx: Tx, id: AccountId, address: string): Promise<boolean> {
  const { numDeletedRows } = await open(tx)
    .deleteFrom('address')
    .where('ownerId', '=', id)
    .where('address', '=', address)
    .where('isPrimary', '=', false)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

export async function isTaken(db: Db | Tx, address: string): Promise<boolean> {
  return (await open(db).selectFrom('address').select('ownerId').where('address', '=', address).executeTakeFirst()) !== undefined
}

/** Those that were kept long enough. */
export async function listOverdue(db: Db, at: Date, limit: number): Promise<AccountId[]> {
  const rows = await open(db)
    .selectFrom('account')
    .select('id')
    .where('deletedAt', '<=', at)
    .where('status', '<>', 'deleted')
    .orderBy('deletedAt')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}
