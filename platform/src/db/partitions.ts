import { sql, type Kysely } from 'kysely'

export const journalDays = 14
const daysAhead = 7
const dayMs = 86_400_000

/**
 * Makes the partitions of the days to come. Attached, not created in place, so that readers and writers go on meanwhile.
 * Facts that found no day of their own, because a clock jumped, move in.
 */
export async function makePartitions(db: Kysely<any>): Promise<void> {
  const { rows } = await sql<{ day: Date; name: string }>`
    select day at time zone 'UTC' as day, 'journal_' || to_char(day, 'YYYYMMDD') as name
    from generate_series(date_trunc('day', now() at time zone 'UTC') - interval '1 day',
      date_trunc('day', now() at time zone 'UTC') + make_interval(days => ${daysAhead}), interval '1 day') as day
    where to_regclass('journal_' || to_char(day, 'YYYYMMDD')) is null order by day`.execute(db)
  for (const { day, name } of rows) {
    const table = sql.id(name)
    const [from, to] = [day, new Date(day.getTime() + dayMs)].map((bound) => sql.lit(bound.toISOString())) as [unknown, unknown]
    await sql`create table ${table} (like journal including defaults including constraints)`.execute(db)
    await sql`
      with moved as (delete from journal_other where at >= ${from} and at < ${to} returning topic, seq, name, payload, subject, at)
      insert into ${table} (topic, seq, name, payload, subject, at) select topic, seq, name, payload, subject, at from moved`.execute(db)
    await sql`alter table journal attach partition ${table} for values from (${from}) to (${to})`.execute(db)
  }
}

/** Forgets the days that are over: whoever was away for longer loads afresh. */
export async function dropPartitions(db: Kysely<any>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'journal'::regclass and relname ~ '^journal_[0-9]{8}$'
      and relname < 'journal_' || to_char(now() at time zone 'UTC' - make_interval(days => ${journalDays}), 'YYYYMMDD')`.execute(db)
  for (const { name } of rows) await sql`drop table ${sql.id(name)}`.execute(db)
  await sql`delete from journal_other where at < now() - make_interval(days => ${journalDays})`.execute(db)
}
