import { sql, type Kysely } from 'kysely'

export const presenceTables = {
  async up(db: Kysely<unknown>): Promise<void> {
    // Unlogged: it says who is connected this minute, is written often, and means nothing after a restart.
    await sql`
      create unlogged table presence_screen (
        account_id uuid not null, process text not null, is_active bool not null, until timestamptz not null,
        primary key (account_id, process)
      )`.execute(db)
    await sql`create index presence_screen_process on presence_screen (process)`.execute(db)
    await sql`create table presence_choice (account_id uuid primary key, choice text not null)`.execute(db)
  },
}
