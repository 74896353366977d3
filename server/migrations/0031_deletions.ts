import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const deletionsNoted: Migration = {
  async up(db: Kysely<unknown>) {
    // What the server had said of itself when we last knew of all that was deleted: from there whoever follows it asks on.
    await sql`alter table mirror add column settled text`.execute(db)
    // When somebody was found gone: what vanishes bit by bit is counted together.
    await sql`alter table mirrored add column gone_at timestamptz`.execute(db)
  },
}
