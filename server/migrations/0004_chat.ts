import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * No foreign keys on what a send writes: each would lock and rewrite the row it points at, and rooms and messages are
 * never removed (what is deleted keeps its row, without the words).
 */
export const chatTables: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create table room (
      id uuid primary key,
      kind text not null check (kind in ('direct', 'group')),
      direct_key text unique check ((kind = 'direct') = (direct_key is not null)),
      name text not null,
      about text not null,
      is_archived boolean not null default false,
      member_count int not null,
      created_at timestamptz not null)`.execute(db)

    // The numbers of the room that one person may see; who comes back gets another row. Open while to_seq is null.
    await sql`create table seat (
      account_id uuid not null,
      room_id uuid not null references room,
      joined_seq int not null,
      from_seq int not null,
      to_seq int,
      role text not null check (role in ('owner', 'member')),
      is_muted boolean not null default false,
      read_seq int not null,
      primary key (account_id, room_id, joined_seq))`.execute(db)
    await sql`create unique index seat_open on seat (room_id, account_id) where to_seq is null`.execute(db)
    await sql`create index seat_in_order on seat (room_id, joined_seq, account_id) where to_seq is null`.execute(db)

    // A deleted message has no body; the row stays, so that a late repetition of its send cannot bring it back.
    await sql`create table message (
      id uuid primary key,
      room_id uuid not null,
      seq int not null,
      author_id uuid not null,
      client_id uuid not null,
      body text,
      edits int not null default 0,
      reply_to uuid,
      mentions uuid[] not null,
      pictures jsonb not null,
      sent_at timestamptz not null,
      constraint message_in_order unique (room_id, seq),
      constraint message_once unique (author_id, client_id))`.execute(db)

    // Numbered by its fact: the order in which emoji stand below a message.
    await sql`create table reaction (
      message_id uuid not null,
      emoji text not null,
      account_id uuid not null,
      seq int not null,
      primary key (message_id, emoji, account_id))`.execute(db)
    await sql`create index reaction_of_account on reaction (account_id)`.execute(db)

    await sql`create table mention (
      account_id uuid not null,
      room_id uuid not null,
      seq int not null,
      primary key (account_id, room_id, seq))`.execute(db)
    await sql`create index mention_of_message on mention (room_id, seq)`.execute(db)
  },
}
