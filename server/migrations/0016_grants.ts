import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const grantTables: Migration = {
  async up(db: Kysely<unknown>) {
    // Who may do what to what. Ids of all kinds are uuids: none is another's.
    await sql`create table granted (
      id uuid primary key,
      grantee_kind text not null check (grantee_kind in ('account', 'list')),
      grantee_id uuid not null,
      target_kind text not null check (target_kind in ('domain', 'account', 'list', 'resource', 'cos')),
      target_id uuid not null,
      rights text[] not null,
      is_denied boolean not null,
      may_grant boolean not null,
      given_by uuid not null references account (id),
      given_at timestamptz not null)`.execute(db)
    await sql`create index granted_to on granted (grantee_id)`.execute(db)
    await sql`create index granted_over on granted (target_id)`.execute(db)
    // What was given on: it ends with any of its sources. A source that is being revoked cannot be built on meanwhile.
    await sql`create table granted_from (
      granted_id uuid not null references granted (id) on delete cascade,
      source_id uuid not null references granted (id) on delete cascade,
      primary key (granted_id, source_id))`.execute(db)
    await sql`create index granted_from_source on granted_from (source_id)`.execute(db)

    await sql`create table audit_entry (
      seq bigint generated always as identity primary key,
      at timestamptz not null,
      actor_id uuid,
      opened_by uuid,
      source text not null,
      door text not null check (door in ('browser', 'program', 'console', 'hub')),
      operation text not null,
      target_kind text,
      target_id text,
      target_name text,
      domain_id uuid,
      outcome text not null check (outcome in ('done', 'refused')),
      refusal text,
      before jsonb,
      after jsonb)`.execute(db)
    await sql`create index audit_of_domain on audit_entry (domain_id, seq)`.execute(db)
    await sql`create index audit_by_actor on audit_entry (actor_id, seq)`.execute(db)
    await sql`create index audit_of_target on audit_entry (target_id, seq)`.execute(db)
    await sql`create index audit_by_time on audit_entry (at)`.execute(db)
    // What was noted stays as it was. Whoever owns the database can switch a trigger off; the product never does.
    await sql`create function refuse_change() returns trigger language plpgsql as $$
      begin raise exception 'The audit log is only ever added to.' using errcode = 'insufficient_privilege'; end $$`.execute(db)
    await sql`create trigger audit_stays before update or delete or truncate on audit_entry for each statement execute function refuse_change()`.execute(
      db,
    )
  },
}
