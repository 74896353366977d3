import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const lockoutAccounts: Migration = {
  async up(db: Kysely<unknown>) {
    // Who is locked out is read by account: of addresses that nobody has, only the key is kept.
    await sql`alter table lockout add column account_id uuid`.execute(db)
    await sql`update lockout set account_id = account.id from account
      where lockout.key = sha256(convert_to('account ' || account.id::text, 'UTF8'))`.execute(db)
    await sql`create unique index lockout_of_account on lockout (account_id) where account_id is not null`.execute(db)
  },
}
