import { sql, type RawBuilder } from 'kysely'
import type { AccountType, Hub, Input, Person } from '@atrium/protocol'
import { ladder } from './rules.ts'
import { joined, rowColumns, type Row } from './store.accounts.ts'
import { open, type Db, type DirectoryTables } from './tables.ts'
import { inwardPatternsOf } from './words.ts'

/** Accounts that somebody may see: all, or those of these domains and these single ones, but for the exceptions. */
export type Visible = 'all' | (Targets & { except: Targets })
/** As the statement that reads them says it: all if this holds, which is asked in it. */
export type Seen = Visible | { allIf: RawBuilder<boolean> }
interface Targets {
  domainIds: string[]
  ids: string[]
}
export type Filter = Input<Hub, 'accounts.count'>
export type Sort = Input<Hub, 'accounts.list'>['sort']

const sortedBy = {
  name: { key: sql`account.sort_key`, type: sql`text` },
  address: { key: sql`main.address`, type: sql`citext` },
  createdAt: { key: sql`account.created_at`, type: sql`timestamptz` },
  seenAt: { key: sql`account.seen_at`, type: sql`timestamptz` },
} as const satisfies Record<Sort, { key: RawBuilder<unknown>; type: RawBuilder<unknown> }>

/** What other slices keep of accounts, as statements here can ask for it. */
export interface Beside {
  /** Until when an account is locked out, null where it is not. */
  lockoutOf: (accountId: RawBuilder<unknown>) => RawBuilder<Date | null>
  /** All who are. */
  lockedOut: () => RawBuilder<unknown>
  /** Of these accounts, those to whom something was granted. */
  delegatesAmong: (accountIds: RawBuilder<unknown>) => RawBuilder<unknown>
}
interface Asked extends Filter {
  visible: Seen
  /** Who has been granted something. */
  delegates: readonly string[]
  /** Domains whose status is not active, with it. */
  shut: readonly Pick<DirectoryTables['domain'], 'id' | 'status'>[]
  beside: Beside
}
export interface Cursor {
  key: string
  id: string
}
export type Listed = Row & { lockedOutUntil: Date | null; isDelegate: boolean }

/** Up to so many that a search finds are sorted; of more, a page is soon found in the order that it is to have. */
const fewFound = 400
const nearby = 5_000
/** Blocks of the table that hold about `size` accounts: where `denseFrom` of these are found, a page of them lies nearby. */
const sample = { size: 300, denseFrom: 5 }
/** Whoever writes an address or a number mostly means one, and to sample takes longer than to find it. If many have it, four hundred are found first. */
const namesOne = /\S@|\d{4}/
/** As many as there are taken to be while nobody has counted. */
const uncounted = 100_000
/**
 * A page of another size would be another statement: with its size in it, one that was prepared keeps its plan. Of more rows than
 * were asked for, the last are not shown.
 */
const sizes = [51, 101, 201, 501]

/** A page, sorted; equal at its beginning and far behind it, for each sorting has its index. */
export async function listAccounts(
  db: Db,
  asked: Asked & { sort: Sort; isDescending: boolean; after: Cursor | undefined; limit: number },
): Promise<Listed[]> {
  const { key, type } = sortedBy[asked.sort]
  // Said once, not with each of the ways to a page: what is planned takes as long as what is read.
  const may = asked.visible !== 'all' && 'allIf' in asked.visible ? asked.visible.allIf : undefined
  const wanted = conditionsOf(may ? { ...asked, visible: { allIf: sql`(select holds from may)` } } : asked)
  const conditions = [...wanted]
  if (asked.sort === 'address') conditions.push(sql`main.address is not null`)
  if (asked.after)
    conditions.push(
      sql`(${key}, account.id) ${asked.isDescending ? sql`<` : sql`>`} (${asked.after.key}::${type}, ${asked.after.id}::uuid)`,
    )
  const direction = asked.isDescending ? sql`desc` : sql`asc`
  const size = sql.lit(sizes.find((one) => one >= asked.limit) ?? asked.limit)
  const from = sql`account ${asked.sort === 'address' ? sql`join address as main on main.owner_id = account.id and main.is_primary` : sql``}`
  const those = (columns: RawBuilder<unknown> = sql``) =>
    sql`select account.id, ${key} as key${columns} from ${from} where ${sql.join(conditions, sql` and `)}`
  const inOrder = sql`order by ${key} ${direction}, account.id ${direction}`
  const firstOf = (some: RawBuilder<unknown>) => sql`select id, key from ${some} order by key ${direction}, id ${direction} limit ${size}`

  /** What a row shows is looked up for those of a page only. Where the statement chooses a `way`, it says also of nobody which one it went. */
  async function shown(page: RawBuilder<unknown>, before: RawBuilder<unknown> = sql``, way?: RawBuilder<Way>) {
    const rowsOfPage = sql`page join ${joined} on account.id = page.id`
    const { rows } = await sql<(Listed | { id: null }) & { way: Way }>`
      with ${may ? sql`may as materialized (select ${may} as holds), ` : sql``}${before}page as materialized (${page})
      select ${rowColumns}, page.key::text as key, ${asked.beside.lockoutOf(sql`account.id`)} as locked_out_until,
        account.id in (${asked.beside.delegatesAmong(sql`select id from page`)}) as is_delegate, ${way ? sql`way` : sql`'whole'`} as way
      from ${way ? sql`(select ${way} as way) as gone left join (${rowsOfPage}) on true` : rowsOfPage}
      order by page.key ${direction}, page.id ${direction}`.execute(open(db))
    const found = rows.flatMap(({ way: _, ...row }) => (row.id === null ? [] : [row]))
    return { rows: found.slice(0, asked.limit), way: rows[0]?.way }
  }

  const patterns = inwardPatternsOf(asked.search ?? '').map((pattern) => sql`words like ${pattern}`)
  if (patterns.length === 0) return (await shown(sql`${those()} ${inOrder} limit ${size}`)).rows
  const isFound = sql.join(patterns, sql` and `)
  const sampled = sql`(select count(*) >= ${sql.lit(sample.denseFrom)} from account tablesample system (
      (select 100.0 * ${sql.lit(sample.size)} / greatest(coalesce(nullif(reltuples, -1), ${sql.lit(uncounted)}), ${sql.lit(sample.size)})
        from pg_class where oid = 'account'::regclass))
      where ${sql.join(wanted, sql` and `)} and ${isFound})`

  // Whether a search finds few or nearly everybody nobody knows before, and a planner that guesses may read everybody for one: so
  // the statement itself looks, and of the two ways goes the shorter.
  function soon(guess: RawBuilder<unknown>) {
    const isDense = sql`(select is_dense from guessed)`
    const isWhole = sql`(select way = 'whole' from gone)`
    const some = sql`
      guessed as materialized (select ${guess} as is_dense),
      found as materialized (${those()} and ${isFound} and not ${isDense} limit ${sql.lit(fewFound + 1)}),
      gone as materialized (
        select case when ${isDense} then 'dense' when count(*) <= ${sql.lit(fewFound)} then 'whole' else 'near' end as way from found), `
    const few = firstOf(sql`found where ${isWhole}`)
    const near = firstOf(sql`(${those(sql`, words`)} ${inOrder} limit ${sql.lit(nearby)}) as near where ${isFound} and not ${isWhole}`)
    return shown(sql`(${few}) union all (${near})`, some, sql<Way>`(select way from gone)`)
  }
  let page = await soon(namesOne.test(asked.search ?? '') ? sql`false` : sampled)
  // What a sample has many of may be far away, or have been few that stand together.
  if (page.way === 'dense' && page.rows.length < asked.limit) page = await soon(sql`false`)
  if (page.way === 'whole' || page.rows.length >= asked.limit) return page.rows
  return (await shown(firstOf(sql`(${those()} and ${isFound}) as all_found`))).rows
}
/** All that were found, what lies near of many, or the same where a sample said that there are many. */
type Way = 'whole' | 'near' | 'dense'

export async function countAccounts(db: Db, asked: Asked): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from account
    where ${sql.join([...conditionsOf(asked), ...inwardPatternsOf(asked.search ?? '').map((pattern) => sql`words like ${pattern}`)], sql` and `)}`.execute(
    open(db),
  )
  return rows[0]!.count
}

export async function findShut(db: Db): Promise<Asked['shut']> {
  return open(db).selectFrom('domain').select(['id', 'status']).where('status', '<>', 'active').execute()
}

const uuids = (ids: readonly string[]) => sql`any(${ids}::uuid[])`

function conditionsOf({ domainId, cosId, types, statuses, isLockedOut, visible, delegates, shut, beside }: Asked): RawBuilder<unknown>[] {
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
  if (isLockedOut !== undefined) conditions.push(sql`account.id ${isLockedOut ? sql`` : sql`not `}in (${beside.lockedOut()})`)
  conditions.push(amongVisible(visible))
  return conditions
}
export function amongVisible(visible: Seen): RawBuilder<unknown> {
  if (visible === 'all') return sql`true`
  if ('allIf' in visible) return visible.allIf
  return sql`(account.domain_id = ${uuids(visible.domainIds)} or account.id = ${uuids(visible.ids)})
        and not (account.domain_id = ${uuids(visible.except.domainIds)} or account.id = ${uuids(visible.except.ids)})`
}

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
