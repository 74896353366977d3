import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const providerTables: Migration = {
  async up(db: Kysely<unknown>) {
    // `settings` are without their secret, which is sealed and bound to the id. `may_go_inside`: an administrator of the whole hub
    // set it, so it may lead to addresses that are not public.
    await sql`create table provider (
      id uuid primary key,
      domain_id uuid not null references domain (id) on delete cascade,
      kind text not null check (kind in ('saml', 'oidc', 'ldap')),
      is_on boolean not null,
      settings jsonb not null,
      sealed_secret bytea,
      may_go_inside boolean not null,
      client_id uuid not null,
      created_at timestamptz not null)`.execute(db)
    await sql`create unique index provider_of_domain on provider (domain_id, id)`.execute(db)
    await sql`create unique index provider_ldap on provider (domain_id) where kind = 'ldap'`.execute(db)

    // Who of a provider is which account. An account has one identity with each provider, and an identity one account.
    await sql`create table identity (
      provider_id uuid not null references provider (id) on delete cascade,
      subject text not null,
      account_id uuid not null references account (id) on delete cascade,
      linked_at timestamptz not null,
      used_at timestamptz,
      primary key (provider_id, subject))`.execute(db)
    await sql`create unique index identity_of_account on identity (account_id, provider_id)`.execute(db)

    // A sign-in that is under way at a provider: begun by one browser, to be finished by it.
    await sql`create table provider_visit (
      id bytea primary key,
      provider_id uuid not null references provider (id) on delete cascade,
      browser bytea,
      kept jsonb not null,
      arrived jsonb,
      expires_at timestamptz not null)`.execute(db)
    await sql`create index provider_visit_expiry on provider_visit (expires_at)`.execute(db)

    // Which assertions and logout tokens were taken already.
    await sql`create table provider_spent (
      provider_id uuid not null references provider (id) on delete cascade,
      id text not null,
      until timestamptz not null,
      primary key (provider_id, id))`.execute(db)

    // By which session of the provider a session of ours began, so that its end there is its end here.
    await sql`create table provider_session (
      session_id uuid primary key,
      provider_id uuid not null references provider (id) on delete cascade,
      account_id uuid not null references account (id) on delete cascade,
      subject text not null,
      index text,
      kept jsonb not null,
      began_at timestamptz not null)`.execute(db)
    await sql`create index provider_session_of on provider_session (provider_id, subject)`.execute(db)

    // LDAP: how far the mirror is. `seen` is what the server said of itself when we last read all that changed.
    await sql`create table mirror (
      provider_id uuid primary key references provider (id) on delete cascade,
      state text not null check (state in ('idle', 'running', 'unreachable', 'asks')),
      at timestamptz,
      seen text,
      listed_at timestamptz,
      vanished integer not null,
      problem text)`.execute(db)
    // `version`: of the entry, as the server counts. `held`: the status that we gave the account because of it, to be taken back by us alone.
    await sql`create table mirrored (
      provider_id uuid not null references provider (id) on delete cascade,
      kind text not null check (kind in ('account', 'list')),
      external_id text not null,
      owner_id uuid not null,
      dn text not null,
      version text not null,
      hash text not null,
      held text,
      is_gone boolean not null,
      primary key (provider_id, kind, external_id))`.execute(db)
    await sql`create index mirrored_owner on mirrored (owner_id)`.execute(db)
    await sql`create index mirrored_dn on mirrored (provider_id, lower(dn))`.execute(db)
  },
}
