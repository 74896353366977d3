import { sql } from 'kysely'
import type { AccountId, ListId, RoomId } from '@atrium/protocol'
import { reading, type Db, type Tx } from './store.ts'

export interface RoomList {
  roomId: RoomId
  listId: ListId
  addedBy: AccountId
}
/** The lists that sit in a room, the first to come first. */
export async function listsIn(db: Db, roomId: string): Promise<RoomList[]> {
  const { rows } = await sql<RoomList>`
    select room_id, list_id, added_by from room_list where room_id = ${roomId} order by added_at, list_id`.execute(reading(db))
  return rows
}
/** All rooms with lists, and those whose last one went. */
export async function gatherings(db: Db): Promise<{ id: string; listIds: string[] }[]> {
  const { rows } = await sql<{ id: string; listIds: string[] }>`
    select room.id, array(select list_id from room_list where room_id = room.id) as list_ids
    from (select room_id as id from room_list union select room_id from seat_by_list) as room`.execute(reading(db))
  return rows
}
/** False when it is there already. */
export async function addRoomList(tx: Tx, { roomId, listId, addedBy }: RoomList, at: Date): Promise<boolean> {
  const { rows } = await sql`
    insert into room_list (room_id, list_id, added_by, added_at) values (${roomId}, ${listId}, ${addedBy}, ${at})
    on conflict do nothing returning 1`.execute(tx)
  return rows.length > 0
}
export async function dropRoomLists(tx: Tx, roomId: string, listIds: readonly string[]): Promise<void> {
  await sql`delete from room_list where room_id = ${roomId} and list_id = any(${listIds}::uuid[])`.execute(tx)
}
/** Its people are looked at again. */
export async function stirRoom(tx: Tx, roomId: string): Promise<void> {
  await sql`insert into list_stirred (room_id) values (${roomId})`.execute(tx)
}

export interface Gathered {
  accountId: AccountId
  hasOwn: boolean
}
/** Who was in the room's lists when it was looked at last. */
export async function gatheredIn(db: Db, roomId: string, among?: readonly string[]): Promise<Gathered[]> {
  const these = among ? sql`and account_id = any(${among}::uuid[])` : sql``
  const { rows } = await sql<Gathered>`
    select account_id, has_own from seat_by_list where room_id = ${roomId} ${these} order by account_id`.execute(reading(db))
  return rows
}
export async function addGathered(tx: Tx, roomId: string, accountIds: readonly string[], hasOwn: boolean): Promise<void> {
  if (accountIds.length === 0) return
  await sql`
    insert into seat_by_list (room_id, account_id, has_own) select ${roomId}, id, ${hasOwn} from unnest(${accountIds}::uuid[]) as id
    on conflict do nothing`.execute(tx)
}
export async function dropGathered(tx: Tx, roomId: string, accountIds: readonly string[]): Promise<void> {
  await sql`delete from seat_by_list where room_id = ${roomId} and account_id = any(${accountIds}::uuid[])`.execute(tx)
}
/** Whom a list brought is invited themselves from now on. */
export async function keepGathered(tx: Tx, roomId: string, accountIds: readonly string[]): Promise<void> {
  await sql`update seat_by_list set has_own = true where room_id = ${roomId} and account_id = any(${accountIds}::uuid[])`.execute(tx)
}
