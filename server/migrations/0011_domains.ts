import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const domainTables: Migration = {
  async up(db: Kysely<unknown>) {
    // `own_values` holds what differs from the catalogue's defaults, by key.
    await sql`create table cos (
      id uuid primary key,
      name text not null,
      description text not null,
      own_values jsonb not null,
      created_at timestamptz not null)`.execute(db)
    await sql`create unique index cos_name on cos (lower(name))`.execute(db)

    await sql`create table domain (
      id uuid primary key,
      name citext not null unique,
      description text not null,
      status text not null check (status in ('active', 'maintenance', 'locked', 'closed')),
      default_cos_id uuid not null references cos (id),
      user_name_pattern text not null,
      max_accounts integer,
      max_bytes bigint,
      caps jsonb not null,
      classes jsonb,
      look jsonb not null,
      allows_password boolean not null,
      allows_passkey boolean not null,
      created_at timestamptz not null)`.execute(db)

    // A deleted account was called closed; closed is now a door that an administrator shuts and opens.
    await sql`drop index account_by_name`.execute(db)
    await sql`alter table account drop constraint account_status_check`.execute(db)
    await sql`update account set status = 'deleted' where status = 'closed'`.execute(db)
    await sql`alter table account add constraint account_status_check
      check (status in ('active', 'invited', 'pending', 'maintenance', 'locked', 'closed', 'deleted'))`.execute(db)
    await sql`create index account_by_name on account (sort_key, id) where kind = 'person' and status <> 'deleted'`.execute(db)

    // Class: null is the domain's default. `own_values`: what differs from the class.
    await sql`alter table account
      add column domain_id uuid references domain (id),
      add column cos_id uuid references cos (id),
      add column own_values jsonb not null default '{}',
      add column given text not null default '',
      add column initials text not null default '',
      add column surname text not null default '',
      add column profile jsonb not null default '{}',
      add column notes text not null default '',
      add column is_hidden boolean not null default false,
      add column deleted_at timestamptz,
      add column source text not null default 'here' check (source in ('here', 'ldap')),
      add column external_id text`.execute(db)
    await sql`create index account_of_domain on account (domain_id)`.execute(db)
    await sql`create index account_of_cos on account (cos_id) where cos_id is not null`.execute(db)
    await sql`create index account_values on account using gin (own_values) where own_values <> '{}'`.execute(db)

    // Addresses of lists and resources are kept beside those of accounts: one address, one owner.
    await sql`alter table address drop constraint address_owner_kind_check`.execute(db)
    await sql`alter table address add constraint address_owner_kind_check check (owner_kind in ('account', 'list', 'resource'))`.execute(db)
    await sql`create index address_of_owner on address (owner_id)`.execute(db)
    await sql`create index address_words on address using gin ((address::text) gin_trgm_ops)`.execute(db)

    // A hub that was set up before has its one domain from then on, with everybody in it.
    await sql`with class as (
        insert into cos (id, name, description, own_values, created_at)
        select gen_random_uuid(), 'Default', '', '{}', set_up_at from organisation returning id),
      home as (
        insert into domain (id, name, description, status, default_cos_id, user_name_pattern, caps, look, allows_password, allows_passkey, created_at)
        select gen_random_uuid(), organisation.domain, '', 'active', class.id, '{given}{surname}', '{}', '{}', true, true, set_up_at
        from organisation, class returning id)
      update account set domain_id = home.id from home`.execute(db)
  },
}
