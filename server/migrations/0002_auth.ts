import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const authTables: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create table credential (account_id uuid primary key, hash text not null, changed_at timestamptz not null)`.execute(db)

    // Secrets are kept as hashes only: who reads this table can sign in as nobody.
    await sql`create table session (
      id uuid primary key,
      account_id uuid not null,
      account_kind text not null,
      scope text,
      secret_hash bytea not null unique,
      device text not null,
      source text not null,
      started_at timestamptz not null,
      seen_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz)`.execute(db)
    await sql`create index session_of_account on session (account_id)`.execute(db)
    await sql`create index session_expiry on session (expires_at)`.execute(db)

    await sql`create table link (
      secret_hash bytea primary key,
      purpose text not null check (purpose in ('setup', 'invitation', 'reset', 'admin')),
      account_id uuid check ((purpose = 'setup') = (account_id is null)),
      expires_at timestamptz not null,
      used_at timestamptz,
      used_by_client uuid)`.execute(db)
    await sql`create index link_of_account on link (account_id)`.execute(db)

    // Where somebody signed in before: strangers who guess at the address from elsewhere cannot lock this door.
    await sql`create table known_source (
      account_id uuid not null,
      source text not null,
      seen_at timestamptz not null,
      primary key (account_id, source))`.execute(db)
  },
}
