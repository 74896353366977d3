import { sql, type Kysely } from 'kysely'

/** What the hub counts and notes of every request, whoever sends it: not what a person did. */
const bookkeeping = ['strike', 'guess', 'presence_screen', 'job_round', 'audit_entry']

export async function tablesOf(db: Kysely<any>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`.execute(db)
  return rows.map(({ name }) => name).filter((name) => !bookkeeping.includes(name))
}

type Sums = Record<string, string>
const watched = new WeakMap<Kysely<any>, Promise<() => Promise<Sums>>>()

/** The content of every table, as one number each; but for what time alone changes: when a session was last seen, until when a process lives. */
export async function fingerprint(db: Kysely<any>): Promise<Sums> {
  if (!watched.has(db)) watched.set(db, watch(db))
  return (await watched.get(db)!)()
}

/** Most of what is asked is refused before it comes to a table: the tables are read again only when a statement wrote to one of them. */
async function watch(db: Kysely<any>): Promise<() => Promise<Sums>> {
  const names = await tablesOf(db)
  await sql`create sequence written`.execute(db)
  await sql`create function note_written() returns trigger language plpgsql as $$ begin perform nextval('written'); return null; end $$`.execute(
    db,
  )
  for (const name of names)
    await sql`
      create trigger note_written after insert or update or delete or truncate on ${sql.table(name)}
      for each statement execute function note_written()`.execute(db)

  const contents = names.map(
    (name) =>
      sql`select ${name} as name, concat(count(*), ' ', sum(hashtextextended((to_jsonb(t) - 'seen_at' - 'until')::text, 0))) as content from ${sql.table(name)} as t`,
  )
  let known: { written: string; sums: Sums } | undefined
  return async () => {
    // Counted before they are read: what is written meanwhile is seen the next time.
    const { rows: counted } = await sql<{ written: string }>`select last_value || ' ' || is_called as written from written`.execute(db)
    const { written } = counted[0]!
    if (known?.written === written) return known.sums
    const { rows } = await sql<{ name: string; content: string }>`${sql.join(contents, sql` union all `)}`.execute(db)
    known = { written, sums: Object.fromEntries(rows.map(({ name, content }) => [name, content])) }
    return known.sums
  }
}
