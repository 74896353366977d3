import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Reading, Tx as UnderWay } from '@atrium/platform'
import type { AccountId, DomainId, Grant, Grantee, GrantId, GrantTarget, Right } from '@atrium/protocol'
import type { Held, Place, TargetKind } from './rules.ts'

/** Rights are about things of every slice: besides its own tables it reads where those lie, and what they are called. */
export interface GrantTables {
  granted: {
    id: GrantId
    granteeKind: Grantee['kind']
    granteeId: string
    targetKind: TargetKind
    targetId: string
    rights: Right[]
    isDenied: boolean
    mayGrant: boolean
    givenBy: AccountId
    givenAt: Date
  }
  grantedFrom: { grantedId: GrantId; sourceId: GrantId }
}
export type Db = Reading<GrantTables>
export type Tx = UnderWay<GrantTables>
const open = (db: Db) => db as Kysely<GrantTables>

/** The domains a target lies in. A class lies in those whose accounts may have it. */
const domainsOf = (kind: ReturnType<typeof sql>, id: ReturnType<typeof sql>) => sql`
  case ${kind}
    when 'domain' then array[${id}]
    when 'account' then array(select domain_id from account where id = ${id} and domain_id is not null)
    when 'list' then array(select domain_id from list where id = ${id})
    when 'resource' then array(select domain_id from resource where id = ${id})
    else array(select id from domain where default_cos_id = ${id} or coalesce(classes, 'null') = 'null'
      or classes @> jsonb_build_array(jsonb_build_object('cosId', ${id})))
  end`

interface HeldRow extends Omit<Held, 'target'> {
  holder: string
  kind: TargetKind
  targetId: string
  domainIds: string[]
}

/** What these accounts hold, by themselves and by the lists that name them: one statement, over indexes, circles or not. */
export async function heldBy(db: Db, accountIds: readonly string[]): Promise<Map<string, Held[]>> {
  const { rows } = await sql<HeldRow>`
    with recursive whose (holder, id) as (
      select account_id, account_id from unnest(${accountIds}::uuid[]) as account_id
      union
      select whose.holder, named.list_id from whose join list_named as named on named.member_id = whose.id
    )
    select whose.holder, g.id, g.rights, g.is_denied, g.may_grant, g.target_kind as kind, g.target_id,
      ${domainsOf(sql`g.target_kind`, sql`g.target_id`)} as domain_ids
    from whose join granted as g on g.grantee_id = whose.id order by g.given_at, g.id`.execute(open(db))
  const held = new Map<string, Held[]>()
  for (const { holder, kind, targetId, domainIds, ...grant } of rows) {
    const mine = held.get(holder) ?? []
    mine.push({ ...grant, target: { kind, id: targetId, domainIds } })
    held.set(holder, mine)
  }
  return held
}

const existing: Record<TargetKind, ReturnType<typeof sql>> = {
  domain: sql`select id, 'domain' as kind from domain`,
  account: sql`select id, 'account' as kind from account where kind <> 'guest' and status <> 'deleted'`,
  list: sql`select id, 'list' as kind from list`,
  resource: sql`select id, 'resource' as kind from resource`,
  cos: sql`select id, 'cos' as kind from cos`,
}
/** Those of these things that exist, and where they lie. */
export async function placesOf(db: Db, kind: TargetKind, ids: readonly string[]): Promise<Map<string, Place>> {
  const { rows } = await sql<Place>`
    select thing.id, thing.kind, ${domainsOf(sql`thing.kind`, sql`thing.id`)} as domain_ids
    from (${existing[kind]}) as thing where thing.id = any(${ids}::uuid[])`.execute(open(db))
  return new Map(rows.map((place) => [place.id, place]))
}

/** Which of these accounts administer everything, whatever state they are in. */
export async function administratorsAmong(db: Db, accountIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from account where id = any(${accountIds}::uuid[]) and is_administrator`.execute(open(db))
  return new Set(rows.map(({ id }) => id))
}

/** The classes that accounts of these domains may have. */
export async function classesOf(db: Db, domainIds: readonly string[]): Promise<string[]> {
  if (domainIds.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    select cos.id from cos where exists (select from domain where domain.id = any(${domainIds}::uuid[]) and (
      default_cos_id = cos.id or coalesce(classes, 'null') = 'null'
      or classes @> jsonb_build_array(jsonb_build_object('cosId', cos.id))))`.execute(open(db))
  return rows.map(({ id }) => id)
}

/** All who are named in these lists, or in a list in them. */
export async function namedIn(db: Db, listIds: readonly string[]): Promise<AccountId[]> {
  if (listIds.length === 0) return []
  const { rows } = await sql<{ id: AccountId }>`
    with recursive below (id) as (
      select unnest(${listIds}::uuid[])
      union
      select named.member_id from below join list_named as named on named.list_id = below.id
    )
    select account.id from below join account using (id)`.execute(open(db))
  return rows.map(({ id }) => id)
}

/** Everybody who was granted something. */
export async function delegates(db: Db): Promise<AccountId[]> {
  const { rows } = await sql<{ id: AccountId }>`
    with recursive below (id) as (
      select grantee_id from granted where not is_denied
      union
      select named.member_id from below join list_named as named on named.list_id = below.id
    )
    select account.id from below join account using (id) where status <> 'deleted'`.execute(open(db))
  return rows.map(({ id }) => id)
}

/** Of these accounts, those to whom something was granted, by themselves or by a list: in SQL, for a statement that lists them. */
export const delegatesAmong = (accountIds: RawBuilder<unknown>): RawBuilder<AccountId> => sql`
  with recursive above (holder, id) as (
    select mine.id, mine.id from (${accountIds}) as mine
    union
    select above.holder, named.list_id from above join list_named as named on named.member_id = above.id
  )
  select above.holder from above join granted as g on g.grantee_id = above.id where not g.is_denied`

/** What was granted to these lists, and to lists they are in. */
export async function heldByLists(db: Db, listIds: readonly string[]): Promise<Held[]> {
  const { rows } = await sql<Omit<HeldRow, 'holder'>>`
    with recursive above (id) as (
      select unnest(${listIds}::uuid[])
      union
      select named.list_id from above join list_named as named on named.member_id = above.id
    )
    select distinct g.id, g.rights, g.is_denied, g.may_grant, g.target_kind as kind, g.target_id,
      ${domainsOf(sql`g.target_kind`, sql`g.target_id`)} as domain_ids
    from above join granted as g on g.grantee_id = above.id`.execute(open(db))
  return rows.map(({ kind, targetId, domainIds, ...grant }) => ({ ...grant, target: { kind, id: targetId, domainIds } }))
}

/** Those of these lists that rights are granted to, or to a list that they are in. */
export async function carryingRights(db: Db, listIds: readonly string[]): Promise<string[]> {
  if (listIds.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    with recursive above (below, id) as (
      select given, given from unnest(${listIds}::uuid[]) as given
      union
      select above.below, named.list_id from above join list_named as named on named.member_id = above.id
    )
    select distinct above.below as id from above join granted on granted.grantee_id = above.id`.execute(open(db))
  return rows.map(({ id }) => id)
}

type GrantRow = Omit<Grant, 'grantee' | 'target' | 'givenBy' | 'givenAt'> & {
  granteeKind: Grantee['kind']
  granteeId: string
  targetKind: TargetKind
  targetId: string
  givenBy: AccountId
  giverName: string | null
  givenAt: Date
}
const nameOf = (id: ReturnType<typeof sql>) => sql`coalesce(
  (select name from account where id = ${id}), (select name::text from domain where id = ${id}), (select name from list where id = ${id}),
  (select name from resource where id = ${id}), (select name from cos where id = ${id}), '')`
const columns = sql`g.id, g.grantee_kind, g.grantee_id, ${nameOf(sql`g.grantee_id`)} as grantee_name, g.target_kind, g.target_id,
  ${nameOf(sql`g.target_id`)} as target_name, g.rights, g.is_denied, g.may_grant, g.given_by,
  (select name from account where id = g.given_by) as giver_name, g.given_at`
const toGrant = ({ granteeKind, granteeId, targetKind, targetId, givenBy, giverName, givenAt, ...row }: GrantRow): Grant => ({
  ...row,
  grantee: { kind: granteeKind, id: granteeId } as Grantee,
  target: { kind: targetKind, id: targetId } as GrantTarget,
  givenBy: { id: givenBy, name: giverName ?? '' },
  givenAt: givenAt.toISOString(),
})

export async function findGrants(db: Db, ids: readonly string[]): Promise<Grant[]> {
  const { rows } =
    await sql<GrantRow>`select ${columns} from granted as g where g.id = any(${ids}::uuid[]) order by g.given_at, g.id`.execute(open(db))
  return rows.map(toGrant)
}

export interface Seen {
  domainIds: readonly string[]
  ids: readonly string[]
  except: { domainIds: readonly string[]; ids: readonly string[] }
}
/** The newest first, of what may be seen. */
export async function listGrants(
  db: Db,
  asked: {
    granteeId?: string | undefined
    targetId?: string | undefined
    after?: { at: Date; id: string } | undefined
    limit: number
    seen: Seen | 'all'
  },
): Promise<Grant[]> {
  const { granteeId, targetId, after, limit, seen } = asked
  const where = [sql`true`]
  if (granteeId !== undefined) where.push(sql`g.grantee_id = ${granteeId}`)
  if (targetId !== undefined) where.push(sql`g.target_id = ${targetId}`)
  if (after) where.push(sql`(g.given_at, g.id) < (${after.at}, ${after.id}::uuid)`)
  if (seen !== 'all')
    where.push(sql`(lying.domain_ids && ${seen.domainIds}::uuid[] and g.target_kind <> 'cos' or g.target_id = any(${seen.ids}::uuid[]))
      and not lying.domain_ids && ${seen.except.domainIds}::uuid[] and g.target_id <> all(${seen.except.ids}::uuid[])`)
  const { rows } = await sql<GrantRow>`
    select ${columns} from granted as g
    cross join lateral (select ${domainsOf(sql`g.target_kind`, sql`g.target_id`)} as domain_ids) as lying
    where ${sql.join(where, sql` and `)} order by g.given_at desc, g.id desc limit ${limit}`.execute(open(db))
  return rows.map(toGrant)
}

type NewGrant = GrantTables['granted'] & { sources: readonly string[] }
/** False when one of its sources is gone: somebody took it back meanwhile. Until we commit nobody takes one back. */
export async function addGrant(tx: Tx, { sources, ...grant }: NewGrant): Promise<boolean> {
  if (sources.length > 0) {
    const { rows } = await sql`select id from granted where id = any(${sources}::uuid[]) order by id for key share`.execute(tx)
    if (rows.length < sources.length) return false
  }
  await tx.insertInto('granted').values(grant).execute()
  if (sources.length > 0)
    await tx
      .insertInto('grantedFrom')
      .values(sources.map((sourceId) => ({ grantedId: grant.id, sourceId: sourceId as GrantId })))
      .execute()
  return true
}

export interface Removed {
  id: GrantId
  granteeKind: Grantee['kind']
  granteeId: string
}
/**
 * Takes these and all that was granted from them. Each level is held before the next is looked for, so that what somebody grants
 * from it at this moment is found, or finds its source gone.
 */
export async function removeTree(tx: Tx, ids: readonly string[]): Promise<Removed[]> {
  const removed: Removed[] = []
  for (let level = ids; level.length > 0;) {
    const { rows } = await sql<Removed>`
      select id, grantee_kind, grantee_id from granted where id = any(${level}::uuid[]) order by id for update`.execute(tx)
    const { rows: next } = await sql<{ id: string }>`
      select distinct granted_id as id from granted_from where source_id = any(${level}::uuid[])`.execute(tx)
    await sql`delete from granted where id = any(${level}::uuid[])`.execute(tx)
    removed.push(...rows)
    level = next.map(({ id }) => id)
  }
  return removed
}

/** All that names one of these, on either side. */
export async function grantsAbout(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from granted where grantee_id = any(${ids}::uuid[]) or target_id = any(${ids}::uuid[])`.execute(tx)
  return rows.map(({ id }) => id)
}

/** Those of these grants that were given by somebody, or from one that was. */
export async function comeFrom(db: Db, ids: readonly string[], accountId: string): Promise<Set<GrantId>> {
  if (ids.length === 0) return new Set()
  const { rows } = await sql<{ id: GrantId }>`
    with recursive up (asked, id) as (
      select id, id from unnest(${ids}::uuid[]) as of_these (id)
      union select up.asked, from_.source_id from up join granted_from as from_ on from_.granted_id = up.id
    )
    select distinct up.asked as id from up join granted using (id) where given_by = ${accountId}`.execute(open(db))
  return new Set(rows.map(({ id }) => id))
}

export async function listDomains(db: Db, ids: readonly string[] | 'all'): Promise<{ id: DomainId; name: string }[]> {
  const these = ids === 'all' ? sql`` : sql`where id = any(${ids}::uuid[])`
  const { rows } = await sql<{
    id: DomainId
    name: string
  }>`select id, name::text as name from domain ${these} order by name limit 1000`.execute(open(db))
  return rows
}
/** What may hold rights: somebody here who is no guest, or a list. */
export async function findGrantee(db: Db, { kind, id }: Grantee): Promise<{ isAdministrator: boolean; url: string | null } | undefined> {
  const { rows } = await (
    kind === 'account'
      ? sql<{ isAdministrator: boolean; url: string | null }>`
        select is_administrator, null as url from account where id = ${id} and kind = 'person' and status <> 'deleted'`
      : sql<{ isAdministrator: boolean; url: string | null }>`select false as is_administrator, url from list where id = ${id}`
  ).execute(open(db))
  return rows[0]
}

/** When the password was last shown in a session. */
export async function confirmedAt(db: Db, sessionId: string): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`select confirmed_at as at from session where id = ${sessionId}`.execute(open(db))
  return rows[0]?.at ?? null
}
