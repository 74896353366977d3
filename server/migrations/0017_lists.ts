import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const listTables: Migration = {
  async up(db: Kysely<unknown>) {
    // `url` null: members are named. `url_key` is what it asks for, however it was written.
    await sql`create table list (
      id uuid primary key,
      domain_id uuid not null references domain (id),
      name text not null,
      description text not null,
      notes text not null,
      is_hidden boolean not null,
      url text,
      url_key text,
      who_may_write text not null check (who_may_write in ('everyone', 'members', 'internal', 'named')),
      notifies_members boolean not null,
      joining text not null check (joining in ('free', 'asked', 'closed')),
      leaving text not null check (leaving in ('free', 'asked', 'closed')),
      sort_key text not null,
      words text not null,
      created_at timestamptz not null,
      added_by uuid,
      client_id uuid,
      source text not null default 'here' check (source in ('here', 'ldap')),
      external_id text,
      unique (added_by, client_id))`.execute(db)
    await sql`create unique index list_url on list (domain_id, url_key) where url_key is not null`.execute(db)
    await sql`create index list_by_name on list (sort_key, id)`.execute(db)
    await sql`create index list_of_domain on list (domain_id, sort_key, id)`.execute(db)
    await sql`create index list_words on list using gin (words gin_trgm_ops)`.execute(db)
    await sql`create unique index list_external on list (domain_id, external_id) where external_id is not null`.execute(db)

    // A member is an account, a list, or an address outside. `is_out`: a dynamic list would find them, and they left.
    await sql`create table list_member (
      list_id uuid not null references list (id) on delete cascade,
      member_id uuid,
      member_kind text not null check (member_kind in ('account', 'list', 'address')),
      address citext,
      is_out boolean not null default false,
      added_at timestamptz not null,
      check ((member_id is null) <> (address is null)),
      unique (list_id, member_id),
      unique (list_id, address))`.execute(db)
    await sql`create index list_member_of on list_member (member_id) where member_id is not null`.execute(db)
    await sql`create view list_named as select list_id, member_id, member_kind from list_member where member_id is not null and not is_out`.execute(
      db,
    )
    await sql`create table list_owner (
      list_id uuid not null references list (id) on delete cascade,
      account_id uuid not null references account (id),
      primary key (list_id, account_id))`.execute(db)
    await sql`create index list_owner_of on list_owner (account_id)`.execute(db)
    await sql`create table list_writer (
      list_id uuid not null references list (id) on delete cascade,
      account_id uuid not null references account (id),
      primary key (list_id, account_id))`.execute(db)
    await sql`create table list_wish (
      list_id uuid not null references list (id) on delete cascade,
      account_id uuid not null references account (id),
      wish text not null check (wish in ('join', 'leave')),
      asked_at timestamptz not null,
      primary key (list_id, account_id))`.execute(db)

    await sql`create table resource (
      id uuid primary key,
      domain_id uuid not null references domain (id),
      kind text not null check (kind in ('room', 'equipment')),
      name text not null,
      capacity integer,
      location text not null,
      notes text not null,
      policy text not null check (policy in ('automatic', 'manager', 'always', 'never')),
      refuses_recurring boolean not null,
      manager_ids uuid[] not null,
      notify text[] not null,
      is_hidden boolean not null,
      sort_key text not null,
      words text not null,
      created_at timestamptz not null,
      added_by uuid,
      client_id uuid,
      unique (added_by, client_id))`.execute(db)
    await sql`create index resource_by_name on resource (sort_key, id)`.execute(db)
    await sql`create index resource_of_domain on resource (domain_id, sort_key, id)`.execute(db)
  },
}
