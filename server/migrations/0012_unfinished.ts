import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const unfinishedSessions: Migration = {
  async up(db: Kysely<unknown>) {
    // What is still owed before the session opens anything; when the password was last shown; who looks through this person's eyes.
    await sql`alter table session
      add column owes text[] not null default '{}',
      add column confirmed_at timestamptz,
      add column opened_by uuid`.execute(db)
    await sql`alter table credential add column must_change boolean not null default false`.execute(db)
  },
}
