import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const auditedIndexes: Migration = {
  async up(db: Kysely<unknown>) {
    // A page of a time long ago begins where that time ends, however much was done since; and few deeds are refused.
    await sql`drop index audit_by_time`.execute(db)
    await sql`create index audit_by_time on audit_entry (at, seq)`.execute(db)
    await sql`create index audit_refused on audit_entry (seq) where outcome = 'refused'`.execute(db)
  },
}
