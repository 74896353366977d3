import { sql } from 'kysely'
import type { AccountId, Room, RoomEntry, Seat } from '@atrium/protocol'
import { excerptOf } from './rules.ts'
import { roomColumns, seenColumns, toSeen, type SeenRow } from './store.seats.ts'
import { reading, type Db, type Tx } from './store.ts'

type EntryRow = Room &
  Seat &
  SeenRow & {
    createdAt: Date
    latestSeq: number | null
    latestBy: string
    latestBody: string
    latestAt: Date
  }

/**
 * The rooms of an account, newest first: all, or these. One statement, whatever their number: each room costs a few looks
 * into an index.
 */
export async function listEntries(db: Db, accountId: string, roomIds?: readonly string[]): Promise<RoomEntry[]> {
  const these = roomIds ? sql`and seat.room_id = any(${roomIds}::uuid[])` : sql``
  const { rows } = await sql<EntryRow>`
    select ${roomColumns}, room.created_at, seat.role, seat.is_muted, seat.is_lent, ${seenColumns},
      latest.seq as latest_seq, latest.author_id as latest_by, latest.body as latest_body, latest.sent_at as latest_at
    from seat join room on room.id = seat.room_id
    left join lateral (
      select m.seq, author_id, left(body, 600) as body, sent_at from message as m
      where m.room_id = seat.room_id and m.seq >= seat.from_seq and body is not null order by m.seq desc limit 1) as latest on true
    where seat.account_id = ${accountId} and seat.to_seq is null ${these}
    order by coalesce(latest.sent_at, room.created_at) desc`.execute(reading(db))
  return rows.map(toEntry)
}

/** Whom somebody has a direct room with, the newest words first. */
export async function listContacts(db: Db, accountId: string, limit: number): Promise<AccountId[]> {
  const { rows } = await sql<{ accountId: AccountId }>`
    select other.account_id from seat
    join room on room.id = seat.room_id and room.kind = 'direct'
    join seat as other on other.room_id = seat.room_id and other.account_id <> seat.account_id
    left join lateral (select sent_at from message where message.room_id = seat.room_id order by seq desc limit 1) as latest on true
    where seat.account_id = ${accountId} and seat.to_seq is null
    group by other.account_id order by max(coalesce(latest.sent_at, room.created_at)) desc limit ${limit}`.execute(reading(db))
  return rows.map(({ accountId }) => accountId)
}

function toEntry(row: EntryRow): RoomEntry {
  const { createdAt, role, isMuted, isLent, read, waiting, mentioned, latestSeq, latestBy, latestBody, latestAt, ...room } = row
  const latest =
    latestSeq === null
      ? null
      : { seq: latestSeq, authorId: latestBy, excerpt: excerptOf({ body: latestBody }), sentAt: latestAt.toISOString() }
  return {
    room,
    seat: { role, isMuted, isLent },
    seen: toSeen({ read, waiting, mentioned }),
    latest: latest as RoomEntry['latest'],
    createdAt: createdAt.toISOString(),
  }
}

/** The direct room of two accounts, if there is one. */
export async function findDirect(db: Db, directKey: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`select id from room where direct_key = ${directKey}`.execute(reading(db))
  return rows[0]?.id
}

interface NewRoom {
  id: string
  kind: Room['kind']
  directKey: string | null
  name: string
  about: string
  createdAt: Date
}

/** False when there is such a direct room already: somebody was quicker. */
export async function addRoom(tx: Tx, room: NewRoom): Promise<boolean> {
  const { rows } = await sql`
    insert into room (id, kind, direct_key, name, about, member_count, created_at)
    values (${room.id}, ${room.kind}, ${room.directKey}, ${room.name}, ${room.about}, 0, ${room.createdAt})
    on conflict (direct_key) do nothing returning id`.execute(tx)
  return rows.length > 0
}

export async function findCreatedAt(db: Db, roomId: string): Promise<Date> {
  const { rows } = await sql<{ createdAt: Date }>`select created_at from room where id = ${roomId}`.execute(reading(db))
  return rows[0]!.createdAt
}

export async function changeRoom(tx: Tx, room: Pick<Room, 'id' | 'name' | 'about' | 'isArchived'>): Promise<void> {
  await sql`update room set name = ${room.name}, about = ${room.about}, is_archived = ${room.isArchived} where id = ${room.id}`.execute(tx)
}
