import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const accountValues: Migration = {
  async up(db: Kysely<unknown>) {
    // The language is a preference like the others now: it is inherited from the class until somebody chooses one.
    await sql`update account set own_values = own_values || jsonb_build_object('preferences.language', language)
      where language is not null`.execute(db)
    await sql`alter table account drop column language`.execute(db)

    // `is_external`: the address is in none of our domains. `seen_at` is coarse, for sorting; nobody was seen before the year 1970.
    await sql`alter table account
      add column is_external boolean not null default false,
      add column seen_at timestamptz not null default 'epoch',
      add column recovery_address text,
      add column is_recovery_verified boolean not null default false`.execute(db)
    await sql`update account set is_external = not exists (
        select from domain where domain.name = split_part(address.address::text, '@', 2)::citext)
      from address where address.owner_id = account.id and address.is_primary`.execute(db)
    await sql`update account set seen_at = session.seen_at
      from (select account_id, max(seen_at) as seen_at from session group by account_id) as session
      where session.account_id = account.id`.execute(db)

    // Each sorting of a list of accounts, with and without a domain.
    await sql`drop index account_of_domain`.execute(db)
    await sql`create index account_of_domain on account (domain_id, sort_key, id)`.execute(db)
    await sql`create index account_by_creation on account (created_at, id) where kind <> 'guest' and status <> 'deleted'`.execute(db)
    await sql`create index account_by_seen on account (seen_at, id) where kind <> 'guest' and status <> 'deleted'`.execute(db)
    await sql`create index account_to_delete on account (deleted_at) where deleted_at is not null`.execute(db)
  },
}
