import { sql, type Kysely } from 'kysely'

export const journalDays = 14
const daysAhead = 7
const dayMs = 86_400_000

/** Makes the partitions of the days to come. Attached, not created in place: that way readers and writers go on. */
export async function makePartitions(db: Kysely<any>): Promise<void> {
  const { rows } = await sql<{ day: Date; name: string }>`
    select day, name from (
      select day at time zone 'UTC' as day, 'journal_' || to_char(day, 'YYYYMMDD') as name
      from generate_series(date_trunc('day', now() at time zone 'UTC') - interval '1 day',
        date_trunc('day', now() at time zone 'UTC') + make_interval(days => ${daysAhead}), interval '1 day') as day
    ) as wanted where to_regclass(name) is null order by day`.execute(db)
  for (const { day, name } of rows) {
    const [from, to] = [day, new Date(day.getTime() + dayMs)].map((bound) => sql.lit(bound.toISOString()))
    await sql`create table ${sql.id(name)} (like journal including defaults including constraints)`.execute(db)
    await sql`alter table journal attach partition ${sql.id(name)} for values from (${from}) to (${to})`.execute(db)
  }
}
