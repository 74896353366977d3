import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** The number of a message's last edit: whoever left before it sees neither the new words nor, for they are gone, the old ones. */
export const editNumbers: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`alter table message add column edited_seq int`.execute(db)
  },
}
