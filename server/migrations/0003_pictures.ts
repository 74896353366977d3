import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const pictureTables: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create table picture (
      id uuid primary key,
      owner_id uuid not null,
      type text not null,
      width int not null,
      height int not null,
      bytes int not null,
      sha256 text not null,
      blob_key text not null,
      received_at timestamptz not null,
      use text check (use in ('message', 'profile')),
      account_id uuid check ((use is not distinct from 'profile') = (account_id is not null)),
      message_id uuid check ((use is not distinct from 'message') = (message_id is not null)),
      room_id uuid,
      seq int)`.execute(db)
    await sql`create index picture_content on picture (sha256)`.execute(db)
    await sql`create index picture_blob on picture (blob_key)`.execute(db)
    await sql`create index picture_of_message on picture (message_id) where message_id is not null`.execute(db)
    await sql`create index picture_of_owner on picture (owner_id)`.execute(db)
  },
}
