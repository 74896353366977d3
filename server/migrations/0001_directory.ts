import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const directoryTables: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create extension if not exists citext`.execute(db)
    await sql`create extension if not exists pg_trgm`.execute(db)

    // One row or none: there is no organisation before the set-up, and never two.
    await sql`create table organisation (
      is_only boolean primary key default true check (is_only),
      name text not null,
      domain citext not null,
      set_up_at timestamptz not null)`.execute(db)

    // Everyone who acts. `sort_key` and `words` are the name without accents and capitals, as lists and searches want it.
    await sql`create table account (
      id uuid primary key,
      kind text not null check (kind in ('person', 'guest', 'bot', 'system')),
      name text not null,
      title text not null,
      picture_id uuid,
      language text,
      status text not null check (status in ('active', 'invited', 'locked', 'closed')),
      is_administrator boolean not null,
      joined_at timestamptz,
      created_at timestamptz not null,
      added_by uuid,
      client_id uuid,
      sort_key text not null,
      words text not null,
      unique (added_by, client_id))`.execute(db)
    await sql`create index account_by_name on account (sort_key, id) where kind = 'person' and status <> 'closed'`.execute(db)
    await sql`create index account_words on account using gin (words gin_trgm_ops)`.execute(db)
    await sql`create index account_administrators on account (id) where is_administrator`.execute(db)

    // One table for every kind of owner: that an address belongs to one of them is a constraint, not a hope.
    await sql`create table address (
      address citext primary key,
      owner_kind text not null check (owner_kind in ('account')),
      owner_id uuid not null,
      is_primary boolean not null)`.execute(db)
    await sql`create unique index address_primary on address (owner_id) where is_primary`.execute(db)
  },
}
