import type { Kysely } from 'kysely'
import type { OutboxMail } from '@atrium/protocol'
import { within, type Tx } from '../unit.ts'
import type { Mail } from './index.ts'

export interface OutboxTables {
  outboxMail: { id: string; recipient: string; subject: string; body: string; at: Date }
}

/** Letters hold links that let people in: they are kept as long as such a link may be good, and no longer. */
const keptMs = 30 * 86_400_000

/** Where no mail server is configured: letters become rows that administrators read and pass on by hand. */
export function outbox({ db, now, newId }: { db: Kysely<any>; now: () => Date; newId: () => string }): Mail {
  const tables: Kysely<OutboxTables> = db
  return {
    kind: 'outbox',
    async send({ id = newId(), to, subject, text }) {
      await tables
        .deleteFrom('outboxMail')
        .where('at', '<', new Date(now().getTime() - keptMs))
        .execute()
      await tables
        .insertInto('outboxMail')
        .values({ id, recipient: to, subject, body: text, at: now() })
        .onConflict((already) => already.column('id').doNothing())
        .execute()
    },
    async close() {},
  }
}

/** Takes somebody's letters away. */
export async function forgetLetters(tx: Tx, recipient: string): Promise<void> {
  await within<OutboxTables>(tx).deleteFrom('outboxMail').where('recipient', '=', recipient).execute()
}

/** What lies in the outbox, newest first. */
export async function outboxMails(db: Kysely<any>, { before, limit = 50 }: { before?: Date; limit?: number } = {}): Promise<OutboxMail[]> {
  const tables: Kysely<OutboxTables> = db
  const rows = await tables
    .selectFrom('outboxMail')
    .select(['id', 'recipient', 'subject', 'body', 'at'])
    .$if(before !== undefined, (query) => query.where('at', '<', before!))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ id, recipient, subject, body, at }) => ({ id, to: recipient, subject, text: body, at: at.toISOString() }))
}
