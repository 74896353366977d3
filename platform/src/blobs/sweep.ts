import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Blobs } from './index.ts'

/** What nothing names may still be on its way to its row: so long it is left alone. */
const graceMs = 86_400_000
/**
 * More of it than this, and than a tenth of all there is, are no leftovers: another hub keeps its files there, or the
 * database is not the one that belongs to them.
 */
const mostUnnamed = 100
const mostShare = 0.1
const pageSize = 1_000
const namedInLog = 20

export interface SweepNeeds {
  db: Kysely<any>
  blobs: Pick<Blobs, 'list' | 'stat' | 'delete'>
  log: Pick<Log, 'error' | 'info'>
  metrics: Pick<Metrics, 'blobsRemoved' | 'blobsLost'>
  now: () => Date
}
export interface Swept {
  /** How many lay in the store. */
  blobs: number
  /** What no row named, and is gone. */
  removed: number
  /** What no row named, and was left alone because it is too much to be believed. */
  spared: number
  /** What rows name, and is not there. */
  lost: number
}
/** A table that names blobs. Not kept: what it names is perhaps still to come. */
interface Naming {
  relation: string
  isKept: boolean
}

/** Compares what lies in the store with the rows that name it: what nothing names is removed, what is missing is said. */
export async function sweepBlobs({ db, blobs, log, metrics, now }: SweepNeeds): Promise<Swept> {
  // On one connection: the list of all there is lies in a table that only it sees.
  const swept = await db.connection().execute(async (mine) => {
    await sql`create temporary table listed_blob (key text primary key, at timestamptz not null)`.execute(mine)
    try {
      return await compare(mine, blobs, log, new Date(now().getTime() - graceMs))
    } finally {
      await sql`drop table listed_blob`.execute(mine)
    }
  })
  metrics.blobsRemoved.inc(swept.removed)
  metrics.blobsLost.set(swept.lost)
  await sql`
    insert into blob_sweep (at, blobs, removed, spared, lost) values (${now()}, ${swept.blobs}, ${swept.removed}, ${swept.spared}, ${swept.lost})
    on conflict (one) do update set
      at = excluded.at, blobs = excluded.blobs, removed = excluded.removed, spared = excluded.spared, lost = excluded.lost`.execute(db)
  return swept
}

async function compare(mine: Kysely<any>, blobs: SweepNeeds['blobs'], log: SweepNeeds['log'], before: Date): Promise<Swept> {
  const all = await list(mine, blobs)
  const namings = await namingsIn(mine)
  if (namings.length === 0) return { blobs: all, removed: 0, spared: 0, lost: 0 }
  const unnamed = sql`from listed_blob where at < ${before} and not ${sql.join(
    namings.map(({ relation }) => sql`exists (select from ${sql.table(relation)} as naming where naming.blob_key = listed_blob.key)`),
    sql` and not `,
  )}`
  const { rows } = await sql<{ count: number }>`select count(*) as count ${unnamed}`.execute(mine)
  const { count } = rows[0]!
  const isTooMuch = count > mostUnnamed && count > all * mostShare
  if (isTooMuch)
    log.error(
      { operation: 'blobs.sweep', blobs: all, unnamed: count },
      'No row names much of what lies in the store, so nothing was removed. Does another hub keep its files there, or is this not their database?',
    )
  const removed = isTooMuch ? 0 : await remove(mine, blobs, unnamed)
  if (removed > 0) log.info({ operation: 'blobs.sweep', removed }, 'blobs that no row named were removed')
  const lost = await missing(mine, blobs, namings)
  if (lost.length > 0)
    log.error({ operation: 'blobs.sweep', lost: lost.length, some: lost.slice(0, namedInLog) }, 'blobs that rows name are gone')
  return { blobs: all, removed, spared: isTooMuch ? count : 0, lost: lost.length }
}

/**
 * Every column called `blob_key` names blobs, whichever slice or service has it: this process need not know them, nor be of
 * the same version. Those of an upload, in a table called so, are on their way.
 */
async function namingsIn(mine: Kysely<any>): Promise<Naming[]> {
  const { rows } = await sql<Naming>`
    select c.relname as relation, c.relname not like '%upload' as is_kept
    from pg_attribute as a join pg_class as c on c.oid = a.attrelid
    where a.attname = 'blob_key' and not a.attisdropped and c.relkind in ('r', 'p') and not c.relispartition
      and c.relnamespace = 'public'::regnamespace
    order by relation`.execute(mine)
  return rows
}

async function list(mine: Kysely<any>, blobs: SweepNeeds['blobs']): Promise<number> {
  let count = 0
  let page: { key: string; at: Date }[] = []
  async function keep() {
    await sql`insert into listed_blob (key, at)
      select key, at from unnest(${page.map(({ key }) => key)}::text[], ${page.map(({ at }) => at)}::timestamptz[]) as listed (key, at)
      on conflict do nothing`.execute(mine)
    count += page.length
    page = []
  }
  for await (const { key, at } of blobs.list()) {
    page.push({ key, at })
    if (page.length === pageSize) await keep()
  }
  if (page.length > 0) await keep()
  await sql`analyze listed_blob`.execute(mine)
  return count
}

/** Page by page, and asked again for each: what was named meanwhile stays. */
async function remove(mine: Kysely<any>, blobs: SweepNeeds['blobs'], unnamed: RawBuilder<unknown>): Promise<number> {
  for (let removed = 0; ;) {
    const { rows } = await sql<{ key: string }>`select key ${unnamed} limit ${pageSize}`.execute(mine)
    if (rows.length === 0) return removed
    for (const { key } of rows) await blobs.delete(key)
    await sql`delete from listed_blob where key = any(${rows.map(({ key }) => key)}::text[])`.execute(mine)
    removed += rows.length
  }
}

/** What came after the list was made is there; what is gone together with its row is missed by nobody. */
async function missing(mine: Kysely<any>, blobs: SweepNeeds['blobs'], namings: Naming[]): Promise<string[]> {
  const lost: string[] = []
  for (const { relation, isKept } of namings) {
    if (!isKept) continue
    const table = sql.table(relation)
    const { rows } = await sql<{ blobKey: string }>`
      select distinct blob_key from ${table} where not exists (select from listed_blob where key = blob_key)`.execute(mine)
    for (const { blobKey } of rows) {
      if (await blobs.stat(blobKey)) continue
      const { rows: still } = await sql`select from ${table} where blob_key = ${blobKey} limit 1`.execute(mine)
      if (still.length > 0) lost.push(`${relation} ${blobKey}`)
    }
  }
  return lost
}
