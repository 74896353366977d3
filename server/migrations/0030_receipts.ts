import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const readTimes: Migration = {
  async up(db: Kysely<unknown>) {
    // When the cursor came where it stands; null: before that was kept.
    await sql`alter table seat add column read_at timestamptz`.execute(db)
  },
}
