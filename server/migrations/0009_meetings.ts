import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const meetingTables: Migration = {
  async up(db: Kysely<unknown>) {
    // A room may be made for a meeting, and a seat be lent for the time of one.
    await sql`alter table room drop constraint room_kind_check`.execute(db)
    await sql`alter table room add constraint room_kind_check check (kind in ('direct', 'group', 'meeting'))`.execute(db)
    await sql`alter table seat add column is_lent boolean not null default false`.execute(db)

    await sql`create table meeting (
      id uuid primary key,
      room_id uuid not null unique,
      slug text not null unique,
      guests text not null check (guests in ('wait', 'none')),
      is_locked boolean not null,
      created_by uuid not null,
      created_at timestamptz not null)`.execute(db)

    // One occurrence. At most one of a meeting goes on, and a recording ends with it.
    await sql`create table sitting (
      id uuid primary key,
      meeting_id uuid not null references meeting,
      began_at timestamptz not null,
      begun_by uuid not null,
      empty_since timestamptz,
      ended_at timestamptz,
      recording_began_at timestamptz,
      recording_by uuid,
      check ((recording_began_at is null) = (recording_by is null)))`.execute(db)
    await sql`create unique index sitting_open on sitting (meeting_id) where ended_at is null`.execute(db)

    // One row for a person in a meeting, whatever the sitting: who comes back is the same participant.
    await sql`create table participant (
      id uuid primary key,
      meeting_id uuid not null references meeting,
      account_id uuid not null,
      kind text not null check (kind in ('person', 'guest')),
      state text not null check (state in ('waiting', 'admitted', 'joined', 'left', 'denied', 'removed', 'timed_out')),
      is_host boolean not null,
      has_raised_hand boolean not null,
      since timestamptz not null,
      seen_at timestamptz not null,
      sitting_id uuid,
      was_let_in boolean not null,
      denials int not null,
      session_id uuid not null,
      node text,
      heard_from int,
      hosting_from int,
      unique (meeting_id, account_id))`.execute(db)
    await sql`create index participant_present on participant (meeting_id) where state in ('waiting', 'admitted', 'joined')`.execute(db)
    await sql`create index participant_of_account on participant (account_id)`.execute(db)

    await sql`create table ring (
      id uuid primary key,
      meeting_id uuid not null references meeting,
      room_id uuid not null,
      caller_id uuid not null,
      account_id uuid not null,
      until timestamptz not null,
      how text check (how in ('accepted', 'declined', 'missed', 'cancelled')),
      answered_with uuid)`.execute(db)
    await sql`create unique index ring_open on ring (meeting_id, account_id) where how is null`.execute(db)
    await sql`create index ring_of_account on ring (account_id) where how is null`.execute(db)

    // The key is sealed: whoever reads this table can stream nowhere. What opens it is a table of its own, like the key that signs tickets.
    await sql`create table stream_target (
      id uuid primary key,
      meeting_id uuid not null references meeting,
      name text not null,
      url text not null,
      sealed_key bytea not null,
      key_ends text not null,
      state text check (state in ('connecting', 'live', 'interrupted')),
      added_by uuid not null,
      client_id uuid not null,
      added_at timestamptz not null,
      unique (added_by, client_id))`.execute(db)
    await sql`create index stream_target_of_meeting on stream_target (meeting_id)`.execute(db)
    await sql`create table sealing_key (is_only boolean primary key default true check (is_only), key bytea not null)`.execute(db)
  },
}
