import { fail, type Actor, type Announce } from '@atrium/platform'
import type { AccountId, Hub, Input, RoomId, RoomList } from '@atrium/protocol'
import { canInvite, isForTwo, isOwner, isVisitor } from './rules.ts'
import { depart, join } from './seating.ts'
import { isArchived, readableRoom, roomTopic, type ChatDeps } from './service.common.ts'
import { addGathered, addRoomList, dropGathered, dropRoomLists, gatheredIn, gatherings, listsIn, stirRoom } from './store.lists.ts'
import { findCreatedAt } from './store.rooms.ts'
import { findRoom, findSeat, holdRoom, seatedOf, type Found } from './store.seats.ts'
import type { Tx } from './store.ts'

const alone = { alone: true }
/** A unit holds the room, and announces to everybody who comes. */
const atOnce = 200
const noSuchList = () => fail('not_found', 'lists.noSuchList', { field: 'listId' })

/**
 * CHAT-19  A list in a room brings everybody who is in it, and takes them out again when they are in it no more: whoever had a seat
 * before keeps it, and who left or was removed is not brought back by the same list.
 */
export function listsService({ db, work, now, reachable, lists }: ChatDeps) {
  async function shown(actor: Actor, roomId: RoomId): Promise<RoomList[]> {
    await readableRoom(db, actor, roomId)
    const there = await listsIn(db, roomId)
    const rows = new Map((await lists.rows(there.map(({ listId }) => listId))).map((row) => [row.id, row]))
    return there.flatMap(({ listId, addedBy }) => (rows.has(listId) ? [{ ...rows.get(listId)!, by: addedBy }] : []))
  }
  /** Which lists sit there is asked again by whoever shows it. */
  async function stir(tx: Tx, announce: Announce, { room }: Found): Promise<void> {
    await stirRoom(tx, room.id)
    announce(roomTopic(room.id), 'chat.room.changed', { room })
  }

  return {
    shown: (actor: Actor, { roomId }: Input<Hub, 'chat.room.lists'>): Promise<RoomList[]> => shown(actor, roomId),

    async addList(actor: Actor, { roomId, listId }: Input<Hub, 'chat.room.list.add'>): Promise<RoomList[]> {
      // Of a room that one may not see, nothing is said: not even that the list does not exist.
      await readableRoom(db, actor, roomId)
      if (!(await lists.isKnown(actor, listId))) throw noSuchList()
      await work(async (tx, announce) => {
        await holdRoom(tx, roomId)
        const found = await readableRoom(tx, actor, roomId)
        if (isForTwo(found)) throw fail('forbidden', 'chat.directIsForTwo')
        if (isVisitor(found)) throw fail('forbidden', 'chat.noSuchRoom')
        if (!canInvite(found)) throw isArchived()
        if (await addRoomList(tx, { roomId, listId, addedBy: actor.accountId }, now())) await stir(tx, announce, found)
      })
      return shown(actor, roomId)
    },

    /** By the owners of the room, and by who brought it. */
    async removeList(actor: Actor, { roomId, listId }: Input<Hub, 'chat.room.list.remove'>): Promise<RoomList[]> {
      await work(async (tx, announce) => {
        await holdRoom(tx, roomId)
        const found = await readableRoom(tx, actor, roomId)
        const list = (await listsIn(tx, roomId)).find((one) => one.listId === listId)
        if (!list) throw fail('not_found', 'lists.notInRoom', { field: 'listId' })
        if (!isOwner(found) && list.addedBy !== actor.accountId) throw fail('forbidden', 'chat.onlyOwners')
        await dropRoomLists(tx, roomId, [listId])
        await stir(tx, announce, found)
      })
      return shown(actor, roomId)
    },

    gatherings: () => gatherings(db),

    /** Looks again who is in the lists of a room, and seats and unseats accordingly, in portions. */
    async gather(roomId: string, among?: readonly string[]): Promise<void> {
      const bringing = await listsIn(db, roomId)
      const members = await lists.membersOf(
        bringing.map(({ listId }) => listId),
        among,
      )
      const before = await gatheredIn(db, roomId, among)
      const was = new Set(before.map(({ accountId }) => accountId))
      const gone = before.filter(({ accountId }) => !members.has(accountId))
      const coming = (await reachable([...members].filter((id) => !was.has(id)))) as AccountId[]

      for (let from = 0; from < gone.length; from += atOnce) await leave(roomId as RoomId, gone.slice(from, from + atOnce))
      const by = bringing[0]?.addedBy
      if (by) for (let from = 0; from < coming.length; from += atOnce) await seat(roomId as RoomId, coming.slice(from, from + atOnce), by)

      const existing = new Set((await lists.rows(bringing.map(({ listId }) => listId))).map(({ id }) => id))
      const deleted = bringing.flatMap(({ listId }) => (existing.has(listId) ? [] : [listId]))
      if (deleted.length > 0) await work((tx) => dropRoomLists(tx, roomId, deleted))
    },
  }

  function seat(roomId: RoomId, accountIds: readonly AccountId[], by: AccountId): Promise<void> {
    return work(async (tx, announce) => {
      await holdRoom(tx, roomId)
      const room = await findRoom(tx, roomId)
      if (room.isArchived) return
      const known = new Set((await gatheredIn(tx, roomId, accountIds)).map(({ accountId }) => accountId))
      const seated = new Set(await seatedOf(tx, roomId, accountIds))
      const newcomers = accountIds.filter((id) => !known.has(id) && !seated.has(id))
      await addGathered(tx, roomId, newcomers, false)
      await addGathered(
        tx,
        roomId,
        accountIds.filter((id) => seated.has(id)),
        true,
      )
      if (newcomers.length > 0) join(tx, announce, { ...room, createdAt: await findCreatedAt(tx, roomId) }, newcomers, { by })
    }, alone)
  }

  function leave(roomId: RoomId, gone: readonly { accountId: AccountId; hasOwn: boolean }[]): Promise<void> {
    return work(async (tx, announce) => {
      await holdRoom(tx, roomId)
      await dropGathered(
        tx,
        roomId,
        gone.map(({ accountId }) => accountId),
      )
      for (const { accountId, hasOwn } of gone)
        if (!hasOwn && (await findSeat(tx, roomId, accountId))) await depart(tx, announce, roomId, accountId, accountId)
    }, alone)
  }
}
