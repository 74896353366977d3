import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const lookingIndex: Migration = {
  async up(db: Kysely<unknown>) {
    // Who looks through another's eyes now is asked for whenever rights change: a few, among all sessions there are.
    await sql`create index session_looking on session (opened_by) where opened_by is not null and ended_at is null`.execute(db)
  },
}
