import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const openedSessions: Migration = {
  async up(db: Kysely<unknown>) {
    // Whoever is signed out takes along what was opened from there: of all sessions next to none.
    await sql`create index on session (opened_from) where opened_from is not null and ended_at is null`.execute(db)
  },
}
