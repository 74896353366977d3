import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely'
import type { Reading } from '@atrium/platform'
import { vectorOf } from './words.ts'

export interface SearchTables {
  searchEntry: { messageId: string; roomId: string; seq: number; sentAt: Date; ts: string }
}
type Db = Reading<SearchTables>

export interface Entry {
  messageId: string
  roomId: string
  seq: number
  sentAt: Date
  text: string
}

/** A statement, not its execution: who writes a message makes it part of the one that does. */
export const index = ({ messageId, roomId, seq, sentAt, text }: Entry): RawBuilder<unknown> => sql`
  insert into search_entry (message_id, room_id, seq, sent_at, ts)
  values (${messageId}, ${roomId}, ${seq}, ${sentAt}, ${vectorOf(text)}::tsvector)
  on conflict (message_id) do update set ts = excluded.ts`

export async function forget(tx: Transaction<any>, messageIds: readonly string[]): Promise<void> {
  await sql`delete from search_entry where message_id = any(${messageIds}::uuid[])`.execute(tx)
}

export interface Stretch {
  roomId: string
  from: number
  to: number | null
}

/** Newest first. All that were sent in the same millisecond as the last come with it, so that a page may begin after that time. */
export async function find(db: Db, query: string, spans: readonly Stretch[], before: Date | undefined, limit: number) {
  const endless = 2 ** 31 - 1
  const earlier = before ? sql`and entry.sent_at < ${before}` : sql``
  const { rows } = await sql<{ messageId: string; sentAt: Date }>`
    select entry.message_id, entry.sent_at from search_entry as entry
    where entry.ts @@ ${query}::tsquery ${earlier} and exists (
      select from unnest(${spans.map(({ roomId }) => roomId)}::uuid[], ${spans.map(({ from }) => from)}::int[], ${spans.map(({ to }) => to ?? endless)}::int[])
        as span (room_id, first_seq, last_seq)
      where span.room_id = entry.room_id and entry.seq between first_seq and last_seq)
    order by entry.sent_at desc fetch first ${limit} rows with ties`.execute(db as Kysely<SearchTables>)
  return rows
}
