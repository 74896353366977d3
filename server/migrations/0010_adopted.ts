import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const adoptedTable: Migration = {
  async up(db: Kysely<unknown>) {
    // What was filed of what another service made, by the key that one gave it. It stays, also when the file is deleted for ever:
    // whoever tells of it again, however late, makes no second file.
    await sql`create table file_adopted (
      key text primary key,
      file_id uuid not null,
      account_id uuid not null)`.execute(db)
  },
}
