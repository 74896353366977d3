import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const providerKeys: Migration = {
  async up(db: Kysely<unknown>) {
    // What we sign with towards a SAML provider; the key is sealed and bound to the provider's id.
    await sql`create table provider_key (
      provider_id uuid primary key references provider (id) on delete cascade,
      sealed_key bytea not null,
      certificate text not null)`.execute(db)
    // What went wrong last with a provider, of each kind one: that it says of itself, or that somebody came from it.
    await sql`create table provider_trouble (
      provider_id uuid not null references provider (id) on delete cascade,
      about text not null check (about in ('metadata', 'signIn')),
      what text not null,
      at timestamptz not null,
      primary key (provider_id, about))`.execute(db)
    await sql`create index provider_session_account on provider_session (account_id)`.execute(db)
  },
}
