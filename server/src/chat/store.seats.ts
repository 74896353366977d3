import { sql, type RawBuilder } from 'kysely'
import { maxReceipts, maxWaiting, type AccountId, type Member, type Room, type Seat, type Seen } from '@atrium/protocol'
import type { Seated, Stretch } from './rules.ts'
import { reading, type Db, type Tx } from './store.ts'

/** An open seat of somebody in a room, with all the stretches that were theirs. */
export interface Found extends Seated {
  room: Room
  seat: Seat
  createdAt: Date
  spans: Stretch[]
  read: number
}

const firstFew = 5
export const roomColumns = sql`room.id, room.kind, room.name, room.about, room.is_archived, room.member_count,
  array(select few.account_id from seat as few where few.room_id = room.id and few.to_seq is null order by few.joined_seq, few.account_id limit ${sql.lit(firstFew)}) as some_members`

export async function findSeat(db: Db, roomId: string, accountId: string): Promise<Found | undefined> {
  const { rows } = await sql<FoundRow>`select ${foundColumns} from seat join room on room.id = seat.room_id
    where seat.room_id = ${roomId} and seat.account_id = ${accountId} and seat.to_seq is null`.execute(reading(db))
  return rows[0] && toFound(rows[0])
}

/** With what waits there to be read. */
export async function findSeatAndSeen(db: Db, roomId: string, accountId: string): Promise<(Found & { seen: Seen }) | undefined> {
  const { rows } = await sql<FoundRow & SeenRow>`select ${foundColumns}, ${seenColumns} from seat join room on room.id = seat.room_id
    where seat.room_id = ${roomId} and seat.account_id = ${accountId} and seat.to_seq is null`.execute(reading(db))
  return rows[0] && { ...toFound(rows[0]), seen: toSeen(rows[0]) }
}

type FoundRow = Room & Seat & { createdAt: Date; read: number; spanFrom: number[]; spanTo: (number | null)[] }
const foundColumns = sql`${roomColumns}, room.created_at, seat.role, seat.is_muted, seat.is_lent, seat.read_seq as read,
  array(select own.from_seq from seat as own where own.room_id = seat.room_id and own.account_id = seat.account_id order by own.joined_seq) as span_from,
  array(select own.to_seq from seat as own where own.room_id = seat.room_id and own.account_id = seat.account_id order by own.joined_seq) as span_to`

const toFound = ({
  id,
  kind,
  name,
  about,
  isArchived,
  memberCount,
  someMembers,
  createdAt,
  role,
  isMuted,
  isLent,
  read,
  spanFrom,
  spanTo,
}: FoundRow): Found => ({
  room: { id, kind, name, about, isArchived, memberCount, someMembers },
  kind,
  isArchived,
  createdAt,
  seat: { role, isMuted, isLent },
  spans: spanFrom.map((from, i): Stretch => ({ from, to: spanTo[i] ?? null })),
  read,
})

/** Numbers of others' messages after the cursor that were not taken back: the newest of them. */
export const seenColumns = sql`seat.read_seq as read,
  array(select m.seq from message as m
    where m.room_id = seat.room_id and m.seq > seat.read_seq and m.seq >= seat.from_seq and m.author_id <> seat.account_id and m.body is not null
    order by m.seq desc limit ${sql.lit(maxWaiting)}) as waiting,
  array(select mention.seq from mention
    where mention.account_id = seat.account_id and mention.room_id = seat.room_id and mention.seq > seat.read_seq and mention.seq >= seat.from_seq
    order by mention.seq desc limit ${sql.lit(maxWaiting)}) as mentioned`
export interface SeenRow {
  read: number
  waiting: number[]
  mentioned: number[]
}
export const toSeen = ({ read, waiting, mentioned }: SeenRow): Seen => ({
  read,
  waiting: waiting.toReversed(),
  mentions: mentioned.toReversed(),
})

/** The stretches of an account: in all rooms, or in these. */
export async function listSpans(db: Db, accountId: string, roomIds?: readonly string[]): Promise<(Stretch & { roomId: string })[]> {
  const these = roomIds ? sql`and room_id = any(${roomIds}::uuid[])` : sql``
  const { rows } = await sql<Stretch & { roomId: string }>`
    select room_id, from_seq as from, to_seq as to from seat where account_id = ${accountId} ${these} order by room_id, joined_seq`.execute(
    reading(db),
  )
  return rows
}

/** The stretches of seats, by `<account> <room>`. */
export async function spansOfSeats(db: Db, seats: readonly string[]): Promise<Map<string, Stretch[]>> {
  const { rows } = await sql<{ seat: string; froms: number[]; tos: (number | null)[] }>`
    select account_id || ' ' || room_id as seat, array_agg(from_seq order by joined_seq) as froms, array_agg(to_seq order by joined_seq) as tos
    from unnest(${seats.map((seat) => seat.slice(0, 36))}::uuid[], ${seats.map((seat) => seat.slice(37))}::uuid[]) as asked (account_id, room_id)
    join seat using (account_id, room_id) group by account_id, room_id`.execute(reading(db))
  return new Map(rows.map(({ seat, froms, tos }) => [seat, froms.map((from, i): Stretch => ({ from, to: tos[i] ?? null }))]))
}

export async function seatsOf(db: Db, accountIds: readonly string[]): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ accountId: string; roomIds: string[] }>`
    select account_id, array_agg(room_id) as room_ids from seat
    where account_id = any(${accountIds}::uuid[]) and to_seq is null group by account_id`.execute(reading(db))
  return new Map(rows.map(({ accountId, roomIds }) => [accountId, roomIds]))
}

/** Of each account the rooms in which it has a seat now, with all the stretches that were its own. */
export async function stretchesOf(db: Db, accountIds: readonly string[]): Promise<Map<string, Map<string, Stretch[]>>> {
  const { rows } = await sql<{ accountId: string; roomIds: string[]; froms: number[]; tos: (number | null)[] }>`
    select account_id, array_agg(room_id order by joined_seq) as room_ids, array_agg(from_seq order by joined_seq) as froms,
      array_agg(to_seq order by joined_seq) as tos
    from seat where account_id = any(${accountIds}::uuid[]) group by account_id`.execute(reading(db))
  return new Map(
    rows.map(({ accountId, roomIds, froms, tos }) => {
      const stretches = Map.groupBy(roomIds.keys(), (i) => roomIds[i]!)
      const open = [...stretches].filter(([, seats]) => seats.some((i) => tos[i] === null))
      return [accountId, new Map(open.map(([roomId, seats]) => [roomId, seats.map((i): Stretch => ({ from: froms[i]!, to: tos[i]! }))]))]
    }),
  )
}

/** Where somebody sits now: in all rooms, or in these. */
export async function placesOf(
  db: Db,
  accountId: string,
  roomIds?: readonly string[],
): Promise<Map<string, { isArchived: boolean; isLent: boolean }>> {
  const these = roomIds ? sql`and room_id = any(${roomIds}::uuid[])` : sql``
  const { rows } = await sql<{ roomId: string; isArchived: boolean; isLent: boolean }>`
    select room_id, is_archived, is_lent from seat join room on room.id = seat.room_id
    where account_id = ${accountId} and to_seq is null ${these}`.execute(reading(db))
  return new Map(rows.map(({ roomId, ...place }) => [roomId, place]))
}

export async function maySee(db: Db, accountId: string, roomId: string, seq: number): Promise<boolean> {
  const { rows } = await sql`
    select from seat where account_id = ${accountId} and room_id = ${roomId} and from_seq <= ${seq} and (to_seq is null or to_seq >= ${seq}) limit 1`.execute(
    reading(db),
  )
  return rows.length > 0
}

export async function listMembers(db: Db, roomId: string, after: string | undefined, limit: number): Promise<Member[]> {
  const beyond: RawBuilder<unknown> = after ? sql`and account_id > ${after}` : sql``
  const { rows } = await sql<Member>`
    select account_id, role from seat where room_id = ${roomId} and to_seq is null ${beyond} order by account_id limit ${limit + 1}`.execute(
    reading(db),
  )
  return rows
}

/** Of these accounts, those with a seat in the room. */
export async function seatedOf(db: Db, roomId: string, accountIds: readonly string[]): Promise<AccountId[]> {
  if (accountIds.length === 0) return []
  const { rows } = await sql<{ accountId: AccountId }>`
    select account_id from seat where room_id = ${roomId} and account_id = any(${accountIds}::uuid[]) and to_seq is null`.execute(
    reading(db),
  )
  return rows.map((row) => row.accountId)
}

/** Changes of a room's seats are made one after the other: nobody else joins, leaves or renames until this unit is over. */
export async function holdRoom(tx: Tx, roomId: string): Promise<void> {
  await sql`select from room where id = ${roomId} for no key update`.execute(tx)
}

export const findRoom = async (db: Db, roomId: string): Promise<Room> => {
  const { rows } = await sql<Room>`select ${roomColumns} from room where id = ${roomId}`.execute(reading(db))
  return rows[0]!
}

export async function listRooms(db: Db, roomIds: readonly string[]): Promise<Room[]> {
  const { rows } = await sql<Room>`select ${roomColumns} from room where id = any(${roomIds}::uuid[])`.execute(reading(db))
  return rows
}

/** Another owner, if there is one; then whoever else has been there longest. */
export async function listHeirs(db: Db, roomId: string, leaver: string): Promise<Member[]> {
  const { rows } = await sql<Member>`
    (select account_id, role from seat where room_id = ${roomId} and to_seq is null and account_id <> ${leaver} and role = 'owner' limit 1)
    union all
    (select account_id, role from seat where room_id = ${roomId} and to_seq is null and account_id <> ${leaver} and not is_lent
      order by joined_seq, account_id limit 1)`.execute(reading(db))
  return rows
}

interface NewSeat {
  accountIds: readonly string[]
  role: Seat['role']
  /** For the time of a meeting. */
  isLent: boolean
  joinedSeq: number
  fromSeq: number
  readSeq: number
}

export async function addSeats(tx: Tx, roomId: string, { accountIds, role, isLent, joinedSeq, fromSeq, readSeq }: NewSeat): Promise<void> {
  await sql`
    with added as (
      insert into seat (account_id, room_id, joined_seq, from_seq, role, is_lent, read_seq)
      select account_id, ${roomId}, ${joinedSeq}, ${fromSeq}, ${role}, ${isLent}, ${readSeq} from unnest(${accountIds}::uuid[]) as account_id
    )
    update room set member_count = member_count + ${accountIds.length} where id = ${roomId}`.execute(tx)
}

/** What was lent becomes their own. Answers whose. */
export async function keepLentSeats(tx: Tx, roomId: string, accountIds: readonly string[]): Promise<(Seat & { accountId: AccountId })[]> {
  const { rows } = await sql<Seat & { accountId: AccountId }>`
    update seat set is_lent = false where room_id = ${roomId} and account_id = any(${accountIds}::uuid[]) and to_seq is null and is_lent
    returning account_id, role, is_muted, is_lent`.execute(tx)
  return rows
}

/** How somebody sits in a room, if they do. */
export async function findSitting(db: Db, roomId: string, accountId: string): Promise<{ role: Seat['role']; isLent: boolean } | undefined> {
  const { rows } = await sql<{ role: Seat['role']; isLent: boolean }>`
    select role, is_lent from seat where room_id = ${roomId} and account_id = ${accountId} and to_seq is null`.execute(reading(db))
  return rows[0]
}

export async function closeSeat(tx: Tx, roomId: string, accountId: string, toSeq: number): Promise<void> {
  await sql`
    with closed as (
      update seat set to_seq = ${toSeq} where room_id = ${roomId} and account_id = ${accountId} and to_seq is null
    )
    update room set member_count = member_count - 1 where id = ${roomId}`.execute(tx)
}

export async function makeOwner(tx: Tx, roomId: string, accountId: string): Promise<Seat> {
  const { rows } = await sql<Seat>`
    update seat set role = 'owner' where room_id = ${roomId} and account_id = ${accountId} and to_seq is null returning role, is_muted, is_lent`.execute(
    tx,
  )
  return rows[0]!
}

/** Of a seat that was left meanwhile nothing is changed. */
export async function muteSeat(tx: Tx, roomId: string, accountId: string, isMuted: boolean): Promise<Seat> {
  const { rows } = await sql<Seat>`
    update seat set is_muted = ${isMuted} where room_id = ${roomId} and account_id = ${accountId} and to_seq is null returning role, is_muted, is_lent`.execute(
    tx,
  )
  return rows[0] ?? { role: 'member', isMuted, isLent: false }
}

/** The number of the last thing said in a room. */
export async function lastSaid(db: Db, roomId: string): Promise<number> {
  const { rows } = await sql<{ seq: number | null }>`select max(seq) as seq from message where room_id = ${roomId}`.execute(reading(db))
  return rows[0]!.seq ?? 0
}

/** Where the cursor stands afterwards: another screen of the same person may have been quicker, or the seat be left. */
export async function moveCursor(tx: Tx, roomId: string, accountId: string, read: number, at: Date): Promise<number> {
  const { rows } = await sql<{ read: number }>`
    update seat set read_seq = greatest(read_seq, ${read}), read_at = case when read_seq < ${read} then ${at}::timestamptz else read_at end
    where room_id = ${roomId} and account_id = ${accountId} and to_seq is null
    returning read_seq as read`.execute(tx)
  return rows[0]?.read ?? read
}

/** How far everybody in a small room has read. */
export async function listCursors(
  db: Db,
  roomId: string,
): Promise<{ accountId: AccountId; after: number; read: number; at: Date | null }[]> {
  const { rows } = await sql<{ accountId: AccountId; after: number; read: number; at: Date | null }>`
    select account_id, joined_seq as after, read_seq as read, read_at as at from seat
    where room_id = ${roomId} and to_seq is null order by joined_seq, account_id limit ${maxReceipts}`.execute(reading(db))
  return rows
}
