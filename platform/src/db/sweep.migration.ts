import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What the last comparison of the blobs with their rows found. */
export const sweepTables: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create table blob_sweep (
      one boolean primary key default true check (one),
      at timestamptz not null,
      blobs bigint not null,
      removed bigint not null,
      spared bigint not null,
      lost bigint not null)`.execute(db)
    await sql`insert into job_round (kind, due_at) values ('blobs.sweep', now() + interval '1 day')`.execute(db)
  },
}
