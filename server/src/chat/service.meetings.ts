import type { Announce, Reading, Tx as UnderWay } from '@atrium/platform'
import type { AccountId, Room, RoomId, Seat } from '@atrium/protocol'
import { isForTwo } from './rules.ts'
import { roomTopic, type ChatDeps } from './service.common.ts'
import { depart, furnish, join } from './seating.ts'
import { addRoom, changeRoom, findCreatedAt } from './store.rooms.ts'
import { findRoom, findSitting, holdRoom, listRooms, seatsOf } from './store.seats.ts'
import type { Db, Tx } from './store.ts'

/** A room as the slice of meetings sees it. */
export interface Place {
  room: Room
  seat: { role: Seat['role']; isLent: boolean } | undefined
}
type At = Reading<any> | UnderWay
const reading = (at: At) => at as Db
const own = (tx: UnderWay) => tx as unknown as Tx

/** What meetings ask of rooms, within their own units of work. Each meeting belongs to a room, and its chat is that room's. */
export function roomsOfMeetings({ now, newId }: Pick<ChatDeps, 'now' | 'newId'>) {
  return {
    /** A room and how somebody sits in it. Undefined when there is no such room. */
    async placeOf(at: At, roomId: string, accountId: string): Promise<Place | undefined> {
      const [[room], seat] = await Promise.all([listRooms(reading(at), [roomId]), findSitting(reading(at), roomId, accountId)])
      return room && { room, seat }
    },
    listRooms: (at: At, roomIds: readonly string[]): Promise<Room[]> => listRooms(reading(at), roomIds),
    async roomsWithSeat(at: At, accountId: string): Promise<string[]> {
      return (await seatsOf(reading(at), [accountId])).get(accountId) ?? []
    },

    async openRoom(tx: UnderWay, announce: Announce, name: string, owner: AccountId): Promise<Room> {
      const room = { id: newId(), kind: 'meeting', directKey: null, name, about: '', createdAt: now() } as const
      await addRoom(own(tx), room)
      return furnish(own(tx), announce, room, owner, [])
    },

    async rename(tx: UnderWay, announce: Announce, roomId: RoomId, name: string): Promise<void> {
      await holdRoom(own(tx), roomId)
      const before = await findRoom(own(tx), roomId)
      if (before.name === name) return
      const room = { ...before, name }
      await changeRoom(own(tx), room)
      announce(roomTopic(roomId), 'chat.room.changed', { room })
    },

    /** A seat for the time of a meeting, for who has none. A direct room is for two (CHAT-11): there is none to lend. */
    async lendSeat(tx: UnderWay, announce: Announce, roomId: RoomId, accountId: AccountId, by: AccountId): Promise<void> {
      await holdRoom(own(tx), roomId)
      const room = await findRoom(own(tx), roomId)
      if (isForTwo({ ...room, seat: undefined }) || (await findSitting(own(tx), roomId, accountId))) return
      const createdAt = await findCreatedAt(own(tx), roomId)
      join(own(tx), announce, { ...room, createdAt }, [accountId], { by, isLent: true })
    },

    /** What was lent is given back; a seat that became theirs meanwhile stays. */
    async returnSeat(tx: UnderWay, announce: Announce, roomId: RoomId, accountId: AccountId, by: AccountId): Promise<void> {
      await holdRoom(own(tx), roomId)
      if ((await findSitting(own(tx), roomId, accountId))?.isLent) await depart(own(tx), announce, roomId, accountId, by)
    },
  }
}
export type RoomsOfMeetings = ReturnType<typeof roomsOfMeetings>
