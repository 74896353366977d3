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

/** A statement, not its execution: who writes messages makes it part of the one that does. */
export const index = (entries: readonly Entry[]): RawBuilder<unknown> => {
  const rows = entries.map(({ messageId, roomId, seq, sentAt, text }) => ({
    ...{ message_id: messageId, room_id: roomId, seq, sent_at: sentAt },
    ts: vectorOf(text, roomWord(roomId)),
  }))
  return sql`
    insert into search_entry (message_id, room_id, seq, sent_at, ts)
    select message_id, room_id, seq, sent_at, ts
    from json_to_recordset(${JSON.stringify(rows)}) as entry (message_id uuid, room_id uuid, seq int, sent_at timestamptz, ts tsvector)
    on conflict (message_id) do update set ts = excluded.ts`
}

export async function forget(tx: Transaction<any>, messageIds: readonly string[]): Promise<void> {
  await sql`delete from search_entry where message_id = any(${messageIds}::uuid[])`.execute(tx)
}

export interface Stretch {
  roomId: string
  from: number
  to: number | null
}

/** No word of a text begins like this. It lets the index itself leave out the rooms that somebody cannot read. */
const roomWord = (roomId: string) => `#${roomId}`
/** With more rooms than this, looking each of them up in the index costs more than it saves. */
const maxRoomWords = 200
/** How far back we look without the index of words. */
const recent = 2_000
/** The same where what was found there, at the same rate, makes a page. */
const further = 12_000

interface Asked {
  query: string
  spans: readonly Stretch[]
  roomId: string | undefined
  before: Date | undefined
  limit: number
}
interface Place {
  messageId: string
  sentAt: Date
}

/**
 * Newest first. All that were sent in the same millisecond as the last come with it, so that a page may begin after that
 * time. A common word fills its page from what was said lately; a rare one is quickly found by the index of words. To take
 * the wrong way costs a hundred times as much, and PostgreSQL cannot know which, for a prepared statement has one plan.
 */
export async function find(db: Db, asked: Asked): Promise<Place[]> {
  const lately = await findLately(db, asked, recent)
  if (lately.length >= asked.limit) return lately
  if (lately.length * (further / recent) >= asked.limit) {
    const before = await findLately(db, asked, further)
    if (before.length >= asked.limit) return before
  }
  return findAll(db, asked)
}

async function findLately(db: Db, { query, spans, roomId, before, limit }: Asked, among: number): Promise<Place[]> {
  const { rows } = await sql<Place>`
    select entry.message_id, entry.sent_at from (
      select message_id, room_id, seq, sent_at, ts from search_entry as entry where ${earlierThan(before)} ${within(roomId)}
      order by sent_at desc fetch first ${sql.lit(among)} rows with ties) as entry
    where ts @@ ${query}::tsquery and ${isReadable(spans)}
    order by sent_at desc fetch first ${limit} rows with ties`.execute(db as Kysely<SearchTables>)
  return rows
}

async function findAll(db: Db, { query, spans, roomId, before, limit }: Asked): Promise<Place[]> {
  const rooms = [...new Set(spans.map((span) => roomWord(span.roomId)))]
  const there = rooms.length > maxRoomWords ? query : `${query} & (${rooms.map((word) => `'${word}'`).join(' | ')})`
  const { rows } = await sql<Place>`
    with found as materialized (
      select message_id, sent_at from search_entry as entry
      where ts @@ ${there}::tsquery and ${earlierThan(before)} ${within(roomId)} and ${isReadable(spans)})
    select message_id, sent_at from found order by sent_at desc fetch first ${limit} rows with ties`.execute(db as Kysely<SearchTables>)
  return rows
}

const earlierThan = (before: Date | undefined) => sql`entry.sent_at < ${before ?? 'infinity'}::timestamptz`
const within = (roomId: string | undefined) => (roomId ? sql`and entry.room_id = ${roomId}` : sql``)

function isReadable(spans: readonly Stretch[]): RawBuilder<unknown> {
  const endless = 2 ** 31 - 1
  return sql`exists (
    select from unnest(${spans.map(({ roomId }) => roomId)}::uuid[], ${spans.map(({ from }) => from)}::int[], ${spans.map(({ to }) => to ?? endless)}::int[])
      as span (room_id, first_seq, last_seq)
    where span.room_id = entry.room_id and entry.seq between first_seq and last_seq)`
}
