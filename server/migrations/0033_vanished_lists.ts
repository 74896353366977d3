import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const vanishedLists: Migration = {
  async up(db: Kysely<unknown>) {
    // How many groups vanished that an administrator is asked about, beside the accounts.
    await sql`alter table mirror add column vanished_lists integer not null default 0`.execute(db)
    // What was answered: so many really left. For whoever follows the mirror, in whatever process, and for its next look alone.
    await sql`alter table mirror add column accepted_accounts integer, add column accepted_lists integer`.execute(db)
  },
}
