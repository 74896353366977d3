import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const fileTables: Migration = {
  async up(db: Kysely<unknown>) {
    // Files, folders and documents. The root of a space is a folder without a parent; who may read is asked of its ancestors.
    // `name_key` is the name as two of them are compared, `sort_key` as people sort, `words` as they are searched.
    await sql`create table file (
      id uuid primary key,
      kind text not null check (kind in ('folder', 'file', 'document')),
      parent_id uuid references file,
      space text not null check (space in ('personal', 'room')),
      space_id uuid not null,
      name text not null,
      name_key text not null,
      sort_key text collate "C" not null,
      words text not null,
      type text not null default '',
      bytes bigint not null default 0,
      version int not null default 0,
      created_at timestamptz not null,
      changed_at timestamptz not null,
      changed_by uuid not null,
      trashed_at timestamptz,
      trashed_by uuid)`.execute(db)
    await sql`create unique index file_root on file (space, space_id) where parent_id is null`.execute(db)
    await sql`create unique index file_name on file (parent_id, name_key) where trashed_at is null`.execute(db)
    await sql`create index file_by_name on file (parent_id, (kind <> 'folder'), sort_key, id)`.execute(db)
    await sql`create index file_in_trash on file (space, space_id, trashed_at) where trashed_at is not null`.execute(db)
    await sql`create index file_in_space on file (space, space_id)`.execute(db)
    await sql`create index file_words on file using gin (words gin_trgm_ops)`.execute(db)

    // A content, once: found by its hash, under a random key in the blobs. It goes with the last version that has it.
    await sql`create table file_blob (
      key text primary key,
      sha256 text not null unique,
      bytes bigint not null,
      uses int not null,
      added_at timestamptz not null,
      checked_at timestamptz,
      fault text check (fault in ('lost', 'damaged')))`.execute(db)

    // What a file contained. Whoever brought it in pays for it, wherever it lies.
    await sql`create table file_version (
      file_id uuid not null references file,
      version int not null,
      blob_key text not null references file_blob,
      type text not null,
      bytes bigint not null,
      account_id uuid not null,
      at timestamptz not null,
      primary key (file_id, version))`.execute(db)
    await sql`create index file_version_of_account on file_version (account_id)`.execute(db)
    await sql`create index file_version_blob on file_version (blob_key)`.execute(db)

    await sql`create table file_share (
      file_id uuid not null references file,
      account_id uuid not null,
      may text not null check (may in ('read', 'write')),
      by_id uuid not null,
      at timestamptz not null,
      primary key (file_id, account_id))`.execute(db)
    await sql`create index file_share_of_account on file_share (account_id)`.execute(db)

    // Bytes on their way in lie in the blobs' staging under `blob_key`, which becomes that of the content.
    await sql`create table file_upload (
      id uuid primary key,
      account_id uuid not null,
      client_id uuid not null,
      folder_id uuid not null,
      name text not null,
      bytes bigint not null,
      replaces uuid,
      sha256 text,
      blob_key text not null unique,
      state text not null check (state in ('open', 'checking', 'done', 'failed')),
      file_id uuid,
      problem text,
      begun_at timestamptz not null,
      unique (account_id, client_id))`.execute(db)
    await sql`create index file_upload_begun on file_upload (begun_at)`.execute(db)

    // What a person keeps, uploads under way included: one row, so that two uploads at once cannot both take what is left.
    await sql`create table file_usage (
      account_id uuid primary key,
      bytes bigint not null check (bytes >= 0))`.execute(db)

    // Files in messages, as they were called; and where to find them on the day that a name is to be forgotten.
    await sql`alter table message add column files jsonb not null default '[]'`.execute(db)
    await sql`create table message_file (
      file_id uuid not null,
      message_id uuid not null,
      primary key (file_id, message_id))`.execute(db)
  },
}
