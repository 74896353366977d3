import { sql } from 'kysely'
import type { AccountId } from '@atrium/protocol'
import { reading, type Db } from './store.ts'

const page = 1_000

/** The rooms somebody has or had a seat in, and who else is in those for two: such a room has no name of its own. */
export async function ownRooms(db: Db, accountId: string) {
  const { rows } = await sql<{ kind: string; name: string; withId: AccountId | null }>`
    select room.id, kind, name, role, is_muted, to_seq is null as is_open,
      case kind when 'direct' then (select other.account_id from seat as other where other.room_id = room.id and other.account_id <> ${accountId} limit 1) end as with_id
    from seat join room on room.id = seat.room_id
    where account_id = ${accountId} order by room.created_at, room.id, joined_seq`.execute(reading(db))
  return rows
}

/** All that somebody said, in order within each room, a page at a time. */
export async function* ownMessages(db: Db, accountId: string): AsyncGenerator<unknown> {
  let last = { roomId: '00000000-0000-0000-0000-000000000000', seq: 0 }
  for (let isMore = true; isMore;) {
    const { rows } = await sql<typeof last>`
      select id, room_id, seq, sent_at, body, edits, reply_to, pictures, files from message
      where author_id = ${accountId} and body is not null and (room_id, seq) > (${last.roomId}::uuid, ${last.seq}::int)
      order by room_id, seq limit ${page}`.execute(reading(db))
    yield* rows
    isMore = rows.length === page
    last = rows.at(-1) ?? last
  }
}

export async function* ownReactions(db: Db, accountId: string): AsyncGenerator<unknown> {
  const { rows } = await sql`
    select message_id, emoji from reaction where account_id = ${accountId} order by message_id, seq`.execute(reading(db))
  yield* rows
}
