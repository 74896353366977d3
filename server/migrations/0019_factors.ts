import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const factorTables: Migration = {
  async up(db: Kysely<unknown>) {
    // `opened_from`: the administrator's own session, which comes back when this one ends.
    await sql`alter table session
      add column kind text not null default 'browser' check (kind in ('browser', 'phone', 'program')),
      add column opened_from uuid`.execute(db)
    // What a link is about besides its account: an address to verify, what is to be enrolled, whose screen showed the code.
    await sql`alter table link drop constraint link_purpose_check`.execute(db)
    await sql`alter table link add column detail jsonb, add constraint link_purpose_check
      check (purpose in ('setup', 'invitation', 'reset', 'admin', 'forgotten', 'recovery', 'phone', 'enrolment'))`.execute(db)
    await sql`create table password_history (
      account_id uuid not null,
      hash text not null,
      changed_at timestamptz not null,
      primary key (account_id, changed_at))`.execute(db)

    // Wrong passwords of a while, as keyed hashes, with a hash of where they came from; what processes must agree on, and nothing
    // that anybody misses after a crash. A lockout stays.
    await sql`create unlogged table guess (key bytea primary key, tries jsonb not null, seen_at timestamptz not null)`.execute(db)
    await sql`create table lockout (key bytea primary key, since timestamptz not null, until timestamptz)`.execute(db)

    // Since when somebody signs in with a second factor required and none there.
    await sql`create table factor_grace (account_id uuid primary key, since timestamptz not null)`.execute(db)
    await sql`create table factor (
      id uuid primary key,
      account_id uuid not null,
      kind text not null check (kind in ('totp', 'passkey')),
      name text not null,
      created_at timestamptz not null,
      confirmed_at timestamptz,
      used_at timestamptz,
      sealed_secret bytea check ((kind = 'totp') = (sealed_secret is not null)),
      last_step bigint not null default 0,
      credential_id text unique check ((kind = 'passkey') = (credential_id is not null)),
      public_key bytea,
      counter bigint not null default 0,
      transports text[] not null default '{}')`.execute(db)
    await sql`create index factor_of_account on factor (account_id)`.execute(db)
    await sql`create unique index one_totp on factor (account_id, (confirmed_at is null)) where kind = 'totp'`.execute(db)

    await sql`create table scratch_code (
      account_id uuid not null,
      hash bytea not null,
      used_at timestamptz,
      primary key (account_id, hash))`.execute(db)
    await sql`create table trusted_device (
      id uuid primary key,
      account_id uuid not null,
      secret_hash bytea not null unique,
      device text not null,
      trusted_at timestamptz not null,
      expires_at timestamptz not null)`.execute(db)
    await sql`create index trusted_device_of_account on trusted_device (account_id)`.execute(db)
    await sql`create table passkey_challenge (
      hash bytea primary key,
      purpose text not null,
      session_id uuid,
      expires_at timestamptz not null)`.execute(db)

    await sql`create table token (
      id uuid primary key,
      account_id uuid not null,
      kind text not null check (kind in ('application', 'script')),
      name text not null,
      purpose text not null,
      scopes text[] not null,
      secret_hash bytea not null unique,
      created_at timestamptz not null,
      expires_at timestamptz,
      used_at timestamptz,
      used_from text,
      revoked_at timestamptz)`.execute(db)
    await sql`create index token_of_account on token (account_id)`.execute(db)
  },
}
