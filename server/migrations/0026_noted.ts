import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const notedIndexes: Migration = {
  async up(db: Kysely<unknown>) {
    // What the sentence of a refusal speaks of.
    await sql`alter table audit_entry add column refusal_params jsonb`.execute(db)
    // A search of the audit log is one of who did it, of what, and of whom it was done to: each finds its entries by an index.
    await sql`create index audit_by_opener on audit_entry (opened_by, seq) where opened_by is not null`.execute(db)
    await sql`create index audit_of_operation on audit_entry (operation, seq)`.execute(db)
    await sql`create index audit_target_name on audit_entry using gin (target_name gin_trgm_ops)`.execute(db)
    await sql`create index audit_grantee on audit_entry using gin ((coalesce(after, before) ->> 'granteeName') gin_trgm_ops)`.execute(db)
  },
}
