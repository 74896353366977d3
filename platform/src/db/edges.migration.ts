import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What tickets, placement and the outbox keep. */
export const edgesTables: Migration = {
  async up(db: Kysely<unknown>) {
    // Two tables, so that a service that only verifies can be given a role that may not read the second.
    await sql`create table ticket_key (kid text primary key, public_key text not null, made_at timestamptz not null)`.execute(db)
    await sql`create table ticket_signer (kid text primary key references ticket_key on delete cascade, private_key text not null)`.execute(
      db,
    )
    await sql`create table placement (key text primary key, node text not null, until timestamptz not null)`.execute(db)
    await sql`create table outbox_mail (id uuid primary key, recipient text not null, subject text not null, body text not null, at timestamptz not null)`.execute(
      db,
    )
    await sql`create index outbox_mail_at on outbox_mail (at desc)`.execute(db)
  },
}
