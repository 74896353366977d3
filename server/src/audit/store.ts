import { sql, type Kysely, type RawBuilder } from 'kysely'
import { inOneGo, type Reading, type Tx as UnderWay } from '@atrium/platform'
import type { AccountId, AuditEntry, Failure } from '@atrium/protocol'
import { inwardPatternsOf } from '../directory/index.ts'
import type { Word } from './rules.ts'

/** It is about things of every slice: as it writes, it looks up what they are called and where they lie. */
export interface AuditTables {
  auditEntry: { seq: number }
}
export type Db = Reading<AuditTables>
export type Tx = UnderWay<AuditTables>
const open = (db: Db | Tx) => db as unknown as Kysely<AuditTables>

export interface NewEntry {
  at: Date
  actorId: AccountId | null
  openedBy: AccountId | null
  source: string
  door: AuditEntry['door']
  operation: string
  target: { kind: string; id: string; name?: string | undefined } | undefined
  domainId: string | null | undefined
  refusal: Pick<Failure, 'key' | 'params'> | undefined
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
}

/** A grant is about what it is over. */
const known = (kind: string, id: string) => sql`
  select coalesce(over.kind, ${kind}::text) as kind, coalesce(over.id, ${id}::uuid) as id
  from (select 1) as one left join (select target_kind as kind, target_id as id from granted where id = ${id}::uuid and ${kind}::text = 'grant') as over on true`

export async function addEntry(tx: Tx, { target, domainId, ...entry }: NewEntry): Promise<void> {
  const { at, actorId, openedBy, source, door, operation, refusal, before, after } = entry
  const lies = target
    ? sql`(select case thing.kind when 'domain' then (select id from domain where id = thing.id)
        when 'account' then (select domain_id from account where id = thing.id)
        when 'list' then (select domain_id from list where id = thing.id)
        when 'resource' then (select domain_id from resource where id = thing.id) end from (${known(target.kind, target.id)}) as thing)`
    : sql`null::uuid`
  const named = target
    ? sql`(select coalesce((select name from account where id = thing.id), (select name::text from domain where id = thing.id),
        (select name from list where id = thing.id), (select name from resource where id = thing.id), (select name from cos where id = thing.id))
        from (${known(target.kind, target.id)}) as thing)`
    : sql`null`
  await sql`
    insert into audit_entry (at, actor_id, opened_by, source, door, operation, target_kind, target_id, target_name, domain_id, outcome, refusal,
      refusal_params, before, after)
    values (${at}, ${actorId}, ${openedBy}, ${source}, ${door}, ${operation}, ${target?.kind ?? null}, ${target?.id ?? null},
      coalesce(${target?.name ?? null}, ${named}), ${domainId === undefined ? lies : sql`${domainId}::uuid`},
      ${refusal === undefined ? 'done' : 'refused'}, ${refusal?.key ?? null}, ${jsonOf(refusal?.params ?? null)}::jsonb, ${jsonOf(before)}::jsonb, ${jsonOf(after)}::jsonb)`.execute(
    open(tx),
  )
}
const jsonOf = (said: Record<string, unknown> | null) => (said === null ? null : JSON.stringify(said))

type Row = Omit<AuditEntry, 'at' | 'actor' | 'openedBy' | 'target'> & {
  at: Date
  actorId: AccountId | null
  actorName: string | null
  openedById: AccountId | null
  openedByName: string | null
  targetKind: string | null
  targetId: string | null
  targetName: string | null
}
const toEntry = ({ at, actorId, actorName, openedById, openedByName, targetKind, targetId, targetName, ...row }: Row): AuditEntry => ({
  ...row,
  at: at.toISOString(),
  actor: actorId && { id: actorId, name: actorName ?? '' },
  openedBy: openedById && { id: openedById, name: openedByName ?? '' },
  target: targetKind === null ? null : { kind: targetKind, id: targetId ?? '', name: targetName ?? '' },
})

export interface Asked {
  actorId?: string | undefined
  targetId?: string | undefined
  domainId?: string | undefined
  operation?: string | undefined
  operations?: readonly string[] | undefined
  words?: readonly Word[] | undefined
  outcome?: AuditEntry['outcome'] | undefined
  from?: string | undefined
  to?: string | undefined
  before?: number | undefined
  limit: number
  /** The domains whose entries may be read. */
  domainIds: readonly string[] | 'all'
}
/** Of the entries that come first it is looked whether a page of them has the words: what is common is found there. */
const nearby = 5_000

interface Meant extends Pick<Word, 'operations'> {
  people: RawBuilder<unknown>
  things: RawBuilder<unknown>
  inside: string
}
function meant({ text, operations }: Word): Meant {
  const isNamed = sql.join(
    inwardPatternsOf(text).map((pattern) => sql`words like ${pattern}`),
    sql` and `,
  )
  return {
    operations,
    people: sql`select id from account where ${isNamed}`,
    things: sql`select id::text from account where ${isNamed} union all select id::text from list where ${isNamed}
      union all select id::text from resource where ${isNamed}`,
    inside: `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`,
  }
}
const grantee = sql`coalesce(entry.after, entry.before) ->> 'granteeName'`
/** An entry has a word: looked at one by one, with those whom it names in a table beside. */
const hasWord = ({ operations, people, things, inside }: Meant) => sql`(entry.operation = any(${operations}::text[])
  or entry.actor_id in (${people}) or entry.opened_by in (${people}) or entry.target_id in (${things})
  or entry.target_name ilike ${inside} or ${grantee} ilike ${inside})`
/** All entries that have it, each way by its own index: an array, so that nothing else is looked for among all entries first. */
const havingWord = ({ operations, people, things, inside }: Meant) => sql`entry.seq = any(array(
  select seq from audit_entry where operation = any(${operations}::text[])
  union all select seq from audit_entry where actor_id in (${people})
  union all select seq from audit_entry where opened_by in (${people})
  union all select seq from audit_entry where target_id in (${things})
  union all select seq from audit_entry where target_name ilike ${inside}
  union all select entry.seq from audit_entry as entry where ${grantee} ilike ${inside}))`

const kept = sql`entry.seq, entry.at, entry.actor_id, entry.opened_by, entry.source, entry.door, entry.operation, entry.target_kind,
  entry.target_id, entry.target_name, entry.domain_id, entry.outcome, entry.refusal, entry.refusal_params, entry.before, entry.after`
/**
 * The newest first: as they were written, or, of a time that is asked for, as the clocks said, so that a page of long ago begins at its
 * end. Two entries differ in it only if two processes' clocks do.
 */
export async function listEntries(db: Db, asked: Asked): Promise<AuditEntry[]> {
  const isByTime = asked.from !== undefined || asked.to !== undefined
  const where = [sql`true`]
  if (asked.domainIds !== 'all') where.push(sql`entry.domain_id = any(${asked.domainIds}::uuid[])`)
  if (asked.actorId !== undefined) where.push(sql`(entry.actor_id = ${asked.actorId} or entry.opened_by = ${asked.actorId})`)
  if (asked.targetId !== undefined) where.push(sql`entry.target_id = ${asked.targetId}`)
  if (asked.domainId !== undefined) where.push(sql`entry.domain_id = ${asked.domainId}`)
  // A whole name, or what names of operations begin with.
  if (asked.operation) where.push(sql`(entry.operation = ${asked.operation} or starts_with(entry.operation, ${`${asked.operation}.`}))`)
  if (asked.operations !== undefined) where.push(sql`entry.operation = any(${asked.operations}::text[])`)
  if (asked.outcome !== undefined) where.push(sql`entry.outcome = ${sql.lit(asked.outcome)}`)
  if (asked.from !== undefined) where.push(sql`entry.at >= ${asked.from}::timestamptz`)
  if (asked.to !== undefined) where.push(sql`entry.at < ${asked.to}::timestamptz`)
  if (asked.before !== undefined)
    where.push(
      isByTime
        ? sql`(entry.at, entry.seq) < ((select at from audit_entry where seq = ${asked.before}), ${asked.before})`
        : sql`entry.seq < ${asked.before}`,
    )
  const inOrder = isByTime ? sql`order by entry.at desc, entry.seq desc` : sql`order by entry.seq desc`
  const page = async (from: RawBuilder<unknown>, conditions: readonly RawBuilder<unknown>[]): Promise<AuditEntry[]> => {
    const asking = sql<Row>`
      select ${kept}, actor.name as actor_name, entry.opened_by as opened_by_id, opener.name as opened_by_name
      from ${from} left join account as actor on actor.id = entry.actor_id left join account as opener on opener.id = entry.opened_by
      where ${sql.join(conditions, sql` and `)} ${inOrder} limit ${asked.limit}`
    // Half of all entries may be of one domain and ten of another: what is quick for the one takes all day for the other, so what was
    // planned before is not used again.
    const [, { rows }] = await inOneGo(db, (at: Kysely<AuditTables>) => [
      sql`set plan_cache_mode = force_custom_plan`.execute(at),
      asking.execute(at),
      sql`reset plan_cache_mode`.execute(at),
    ])
    return rows.map(toEntry)
  }
  const words = (asked.words ?? []).map(meant)
  if (words.length === 0) return page(sql`audit_entry as entry`, where)
  const first = sql`(select ${kept} from audit_entry as entry where ${sql.join(where, sql` and `)} ${inOrder} limit ${sql.lit(nearby)}) as entry`
  const soon = await page(first, words.map(hasWord))
  if (soon.length >= asked.limit) return soon
  const { rows } = await sql<{ looked: number }>`select count(*)::int as looked
    from (select from audit_entry as entry where ${sql.join(where, sql` and `)} limit ${sql.lit(nearby)}) as some_of_them`.execute(open(db))
  if (rows[0]!.looked < nearby) return soon
  const [rarest, ...others] = await fromRarest(db, words)
  return page(sql`audit_entry as entry`, [...where, havingWord(rarest!), ...others.map(hasWord)])
}

/** Words by how much is called so, the rarest first: it finds the entries in which the others are looked for. */
async function fromRarest(db: Db, words: readonly Meant[]): Promise<Meant[]> {
  if (words.length < 2) return [...words]
  const { rows } = await sql<{ counts: number[] }>`select array[${sql.join(
    words.map(({ things }) => sql`(select count(*)::int from (${things}) as called)`),
  )}] as counts`.execute(open(db))
  const weight = ({ operations }: Meant, n: number) => (rows[0]?.counts[n] ?? 0) + operations.length * oftenDone
  return words
    .map((word, n) => ({ word, weight: weight(word, n) }))
    .toSorted((one, other) => one.weight - other.weight)
    .map(({ word }) => word)
}
/** As many entries as an operation has, so many people have together: a guess. */
const oftenDone = 300
