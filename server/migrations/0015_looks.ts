import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const lookTables: Migration = {
  async up(db: Kysely<unknown>) {
    // What the people of a domain keep together.
    await sql`create view domain_usage as
      select account.domain_id, sum(file_usage.bytes)::bigint as bytes
      from file_usage join account on account.id = file_usage.account_id group by account.domain_id`.execute(db)

    // Who is rare in a list is found without looking at everybody.
    await sql`create index account_by_status on account (status, sort_key, id) where status <> 'active'`.execute(db)
    await sql`create index account_external on account (sort_key, id) where is_external`.execute(db)

    // A logo, and the picture of the sign-in page: seen by who is nobody yet.
    await sql`alter table picture drop constraint picture_use_check`.execute(db)
    await sql`alter table picture add constraint picture_use_check check (use in ('message', 'profile', 'look'))`.execute(db)
    await sql`alter table picture add column domain_id uuid check ((use is not distinct from 'look') = (domain_id is not null))`.execute(db)
    await sql`create index picture_of_domain on picture (domain_id) where domain_id is not null`.execute(db)
  },
}
