import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const documentTables: Migration = {
  async up(db: Kysely<unknown>) {
    // What the log below has been folded into, and who has written since the last version. `generation` counts the folds:
    // a node that has not seen the newest one must not overwrite it. A deleted document stays as a row, so that a ticket
    // of the minute before does not begin it anew.
    await sql`create table document (
      file_id uuid primary key,
      snapshot bytea,
      state_vector bytea,
      generation int not null default 0,
      authors uuid[] not null default '{}',
      versioned_n bigint not null default 0,
      deleted_at timestamptz)`.execute(db)
    // The states are compressed by Yjs already: packing them again costs time and saves little.
    await sql`alter table document alter column snapshot set storage external`.execute(db)

    // Every change, before anybody is told that it is saved. Numbers are of the whole table: a document's only rise.
    await sql`create table doc_update (
      file_id uuid not null,
      n bigint generated always as identity,
      bytes bytea not null,
      account_id uuid not null,
      at timestamptz not null default now(),
      primary key (file_id, n))`.execute(db)

    await sql`create table doc_version (
      file_id uuid not null references document,
      v int not null,
      name text not null,
      authors uuid[] not null,
      reason text not null check (reason in ('named', 'time', 'left', 'restore')),
      at timestamptz not null,
      bytes int not null,
      blob_key text not null,
      sha256 text not null,
      client_id uuid,
      restored_at timestamptz,
      primary key (file_id, v),
      unique (file_id, client_id))`.execute(db)
  },
}
