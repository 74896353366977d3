import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** One row per message that has words. `ts` is filled by us (search/words.ts): PostgreSQL's own parsers know no CJK. */
export const searchTables: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create table search_entry (
      message_id uuid primary key,
      room_id uuid not null,
      seq int not null,
      sent_at timestamptz not null,
      ts tsvector not null)`.execute(db)
    await sql`create index search_entry_words on search_entry using gin (ts) with (fastupdate = off)`.execute(db)
    await sql`create index search_entry_newest on search_entry (sent_at desc)`.execute(db)
    await sql`create index search_entry_room on search_entry (room_id, sent_at desc)`.execute(db)
  },
}
