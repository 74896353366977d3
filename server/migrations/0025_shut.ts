import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const shutDomains: Migration = {
  async up(db: Kysely<unknown>) {
    // What was begun before its account's domain was shut is over with that one row; the rows of sessions and links follow. By the
    // database's clock, which all processes share.
    await sql`alter table domain add column shut_at timestamptz`.execute(db)
    await sql`alter table session add column opened_at timestamptz not null default clock_timestamp()`.execute(db)
    await sql`alter table link add column made_at timestamptz not null default clock_timestamp()`.execute(db)
    await sql`update domain set shut_at = clock_timestamp() where status <> 'active'`.execute(db)
    // A portion of a domain's people after the other.
    await sql`drop index account_of_domain`.execute(db)
    await sql`create index account_of_domain on account (domain_id, id)`.execute(db)
  },
}
