import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const givenTables: Migration = {
  async up(db: Kysely<unknown>) {
    // When somebody saw what was given to them: what was given before is no news.
    await sql`alter table file_share add column seen_at timestamptz`.execute(db)
    await sql`update file_share set seen_at = at`.execute(db)

    // The pictures of documents: whoever may read the document reads them.
    await sql`create table file_picture (
      file_id uuid not null references file on delete cascade,
      document_id uuid not null references file on delete cascade,
      primary key (file_id, document_id))`.execute(db)
    await sql`create index file_picture_of_document on file_picture (document_id)`.execute(db)
  },
}
