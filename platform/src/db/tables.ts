import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { makePartitions } from './partitions.ts'

/** The tables of the platform: facts, receipts, jobs. A slice never sees them. */
export const journalTables: Migration = {
  async up(db: Kysely<any>) {
    await sql`create table topic (name text primary key, seq int not null)`.execute(db)
    // Half of each page stays free, so that a number taken is a row written in place, and no index grows.
    await sql`alter table topic set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500)`.execute(db)
    // Null payload: a later fact replaced this one. The number stays, or the topic would have a gap for ever.
    await sql`
      create table journal (
        topic text not null, seq int not null, name text not null, payload jsonb, subject text, at timestamptz not null default now(),
        primary key (topic, seq, at)
      ) partition by range (at)`.execute(db)
    await sql`create index journal_subject on journal (subject) where payload is not null and subject is not null`.execute(db)
    await sql`create index journal_at on journal (at)`.execute(db)
    // For a clock that jumps: a fact must never find no place.
    await sql`create table journal_other partition of journal default`.execute(db)
    await makePartitions(db)

    await sql`create table epoch (id uuid not null)`.execute(db)
    await sql`insert into epoch values (gen_random_uuid())`.execute(db)

    await sql`
      create table receipt (
        account_id uuid not null, client_id uuid not null, operation text not null, input_hash text not null, output jsonb,
        at timestamptz not null default now(), primary key (account_id, client_id)
      )`.execute(db)
    await sql`create index receipt_at on receipt (at)`.execute(db)

    await sql`
      create table job (
        id bigint generated always as identity primary key, kind text not null, payload jsonb not null, run_at timestamptz not null default now(),
        tries int not null default 0, fault text, parked_at timestamptz
      )`.execute(db)
    await sql`create index job_due on job (run_at) where parked_at is null`.execute(db)
    await sql`create table job_round (kind text primary key, due_at timestamptz not null)`.execute(db)

    // Unlogged: written at every wrong password, and worth nothing after a crash.
    await sql`create unlogged table strike (key text primary key, level double precision not null, at timestamptz not null)`.execute(db)
  },
}
