import type { Announce } from '@atrium/platform'
import type { AccountId, Room, RoomEntry, RoomId, Seat } from '@atrium/protocol'
import { heirOf, newSeat } from './rules.ts'
import { accountTopic, roomTopic, seatSubject } from './service.common.ts'
import type { addRoom } from './store.rooms.ts'
import { addSeats, closeSeat, findRoom, listHeirs, makeOwner } from './store.seats.ts'
import type { Tx } from './store.ts'

/*
 * How seats are taken and left, within somebody's unit of work that holds the room. Payloads of a unit are asked for in the
 * order of announcing, all at once: the later ones wait for what the first one did.
 */

/** As a newcomer finds it: without the words of others, which a copy would outlive. */
const newEntry = (room: Room, { role, isLent }: Pick<Seat, 'role' | 'isLent'>, createdAt: Date, read: number): RoomEntry => ({
  room,
  seat: { role, isMuted: false, isLent },
  seen: { read, waiting: [], mentions: [] },
  latest: null,
  createdAt: createdAt.toISOString(),
})

/** Seats change while the numbers of their account's topic are held: two screens of one person wait in one order. */
export function announceSeat(announce: Announce, roomId: RoomId, accountId: AccountId, change: () => Promise<Seat>): () => Seat {
  let seat: Seat
  const payload = async () => ({ roomId, seat: (seat = await change()) })
  announce(accountTopic(accountId), 'chat.seat.changed', payload, { replaces: seatSubject(accountId, roomId) })
  return () => seat
}

/** Writes the first seats of a new room. */
export async function furnish(
  tx: Tx,
  announce: Announce,
  room: Parameters<typeof addRoom>[1],
  owner: string,
  members: readonly string[],
): Promise<Room> {
  const seat = newSeat(room.kind, 0)
  await addSeats(tx, room.id, { accountIds: [owner], role: 'owner', isLent: false, ...seat })
  if (members.length > 0) await addSeats(tx, room.id, { accountIds: members, role: 'member', isLent: false, ...seat })
  const first = await findRoom(tx, room.id)
  for (const accountId of [owner, ...members])
    announce(
      accountTopic(accountId),
      'chat.seat.taken',
      newEntry(first, { role: accountId === owner ? 'owner' : 'member', isLent: false }, room.createdAt, seat.readSeq),
    )
  return first
}

/** Seats newcomers in a room. The room as it is then is known when the unit is over. */
export function join(
  tx: Tx,
  announce: Announce,
  { id: roomId, kind, createdAt }: { id: RoomId; kind: Room['kind']; createdAt: Date },
  newcomers: readonly AccountId[],
  { by, isLent = false, role = 'member' }: { by: AccountId; isLent?: boolean; role?: Seat['role'] },
): () => Room {
  async function seated(seq: number): Promise<{ room: Room; read: number }> {
    const seat = newSeat(kind, seq, isLent)
    await addSeats(tx, roomId, { accountIds: newcomers, role, isLent, ...seat })
    return { room: await findRoom(tx, roomId), read: seat.readSeq }
  }
  let joining: ReturnType<typeof seated>
  let room: Room
  announce(roomTopic(roomId), 'chat.member.joined', async (seq) => {
    joining = seated(seq)
    room = (await joining).room
    return { roomId, accountIds: [...newcomers], by, room }
  })
  for (const accountId of newcomers)
    announce(accountTopic(accountId), 'chat.seat.taken', async () => {
      const { room, read } = await joining
      return newEntry(room, { role, isLent }, createdAt, read)
    })
  return () => room
}

/** Ends a seat. The room as it is then is known when the unit is over. */
export async function depart(
  tx: Tx,
  announce: Announce,
  roomId: RoomId,
  accountId: AccountId,
  by: AccountId,
  { hasHeir = false }: { hasHeir?: boolean } = {},
): Promise<() => Room> {
  let toSeq = 0
  let room: Room
  announce(roomTopic(roomId), 'chat.member.left', async (seq) => {
    toSeq = seq
    await closeSeat(tx, roomId, accountId, seq)
    room = await findRoom(tx, roomId)
    return { roomId, accountId, by, room }
  })
  announce(accountTopic(accountId), 'chat.seat.left', { roomId })
  announce('revocations:all', 'directory.right.revoked', () => ({ kind: 'seat' as const, accountId, roomId, toSeq }))
  const heir = hasHeir ? undefined : heirOf(await listHeirs(tx, roomId, accountId))
  if (heir) announceSeat(announce, roomId, heir.accountId, () => makeOwner(tx, roomId, heir.accountId))
  return () => room
}
