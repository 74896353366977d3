import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const listingIndexes: Migration = {
  async up(db: Kysely<unknown>) {
    // The list of accounts has bots as well as people: sorted by name, it would otherwise be sorted anew for each page.
    await sql`create index account_listed on account (sort_key, id) where kind <> 'guest' and status <> 'deleted'`.execute(db)
  },
}
