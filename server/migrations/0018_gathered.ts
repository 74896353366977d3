import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const gatheredTables: Migration = {
  async up(db: Kysely<unknown>) {
    // Lists that sit in a room. One that is deleted stays here until its people were led out.
    await sql`create table room_list (
      room_id uuid not null references room (id),
      list_id uuid not null,
      added_by uuid not null,
      added_at timestamptz not null,
      primary key (room_id, list_id))`.execute(db)
    // Who is in them, as it was looked at last. `has_own`: had a seat before, and keeps it.
    await sql`create table seat_by_list (
      room_id uuid not null references room (id),
      account_id uuid not null,
      has_own boolean not null,
      primary key (room_id, account_id))`.execute(db)

    // The same for files and folders that are shared with lists.
    await sql`create table file_list (
      file_id uuid not null references file (id) on delete cascade,
      list_id uuid not null,
      may text not null check (may in ('read', 'write')),
      by_id uuid not null,
      at timestamptz not null,
      primary key (file_id, list_id))`.execute(db)
    await sql`create table share_by_list (
      file_id uuid not null references file (id) on delete cascade,
      account_id uuid not null,
      has_own boolean not null,
      primary key (file_id, account_id))`.execute(db)

    // What may have changed who is in a list. Written by triggers, so that whoever changes an account cannot forget it: an
    // administrator, a mirror, an import. Nothing said at all: anybody may be elsewhere.
    await sql`create table list_stirred (
      id bigint generated always as identity primary key,
      account_id uuid,
      list_id uuid,
      room_id uuid,
      file_id uuid)`.execute(db)
    const trigger = async (name: string, on: string, event: string, rows: 'new' | 'old' | 'both', body: string) => {
      const tables = { new: 'new table as new_rows', old: 'old table as old_rows', both: 'new table as new_rows old table as old_rows' }[
        rows
      ]
      await sql
        .raw(
          `create function ${name}() returns trigger language plpgsql as $$ begin
            if exists (select from room_list) or exists (select from file_list) then ${body}; end if; return null; end $$`,
        )
        .execute(db)
      await sql
        .raw(`create trigger ${name} after ${event} on ${on} referencing ${tables} for each statement execute function ${name}()`)
        .execute(db)
    }
    const accounts = (rows: string) =>
      `insert into list_stirred (account_id) select distinct owner_id from ${rows} where owner_kind = 'account'`
    const asked = ['status', 'name', 'title', 'domain_id', 'cos_id', 'given', 'initials', 'surname', 'profile', 'is_administrator']
    const row = (table: string) => `(${asked.map((column) => `${table}.${column}`).join(', ')})`
    await trigger(
      'account_stirs',
      'account',
      'update',
      'both',
      `insert into list_stirred (account_id)
      select n.id from new_rows n join old_rows o using (id) where ${row('n')} is distinct from ${row('o')}`,
    )
    await trigger(
      'new_account_stirs',
      'account',
      'insert',
      'new',
      `insert into list_stirred (account_id) select id from new_rows where kind = 'person'`,
    )
    await trigger('address_stirs', 'address', 'insert', 'new', accounts('new_rows'))
    await trigger('changed_address_stirs', 'address', 'update', 'new', accounts('new_rows'))
    await trigger('lost_address_stirs', 'address', 'delete', 'old', accounts('old_rows'))
    await trigger(
      'domain_stirs',
      'domain',
      'update',
      'both',
      `insert into list_stirred (list_id) select null from new_rows n join old_rows o using (id)
      where (n.name, n.status, n.default_cos_id) is distinct from (o.name, o.status, o.default_cos_id)`,
    )
    await trigger(
      'class_stirs',
      'cos',
      'update',
      'both',
      `insert into list_stirred (list_id) select null from new_rows n join old_rows o using (id)
      where n.name is distinct from o.name`,
    )
    const lists = (rows: string) => `insert into list_stirred (list_id) select distinct list_id from ${rows}`
    await trigger('member_stirs', 'list_member', 'insert', 'new', lists('new_rows'))
    await trigger('changed_member_stirs', 'list_member', 'update', 'new', lists('new_rows'))
    await trigger('lost_member_stirs', 'list_member', 'delete', 'old', lists('old_rows'))
    await trigger(
      'url_stirs',
      'list',
      'update',
      'both',
      `insert into list_stirred (list_id) select n.id from new_rows n join old_rows o using (id)
      where n.url is distinct from o.url`,
    )
    await trigger('lost_list_stirs', 'list', 'delete', 'old', 'insert into list_stirred (list_id) select id from old_rows')
  },
}
