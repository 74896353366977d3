import { fail, type Actor, type Announce } from '@atrium/platform'
import type { AccountId, Hub, Input, Output, Room, RoomEntry, RoomId, Seat } from '@atrium/protocol'
import { canInvite, directKey, heirOf, isForTwo, isOwner, isVisitor } from './rules.ts'
import { announceSeat, depart, furnish, join } from './seating.ts'
import { isArchived, readableRoom, roomTopic, takesNothing, type ChatDeps } from './service.common.ts'
import { keepGathered } from './store.lists.ts'
import { addRoom, changeRoom, findDirect, listEntries } from './store.rooms.ts'
import { findSeat, holdRoom, keepLentSeats, listHeirs, makeOwner, muteSeat, seatedOf, seatsOf, type Found } from './store.seats.ts'
import type { Db, Tx } from './store.ts'

/** Units that hold a room's row and announce to many accounts keep to a transaction of their own. */
const alone = { alone: true }

export function membershipService({ db, work, now, newId, peopleOf, reachable }: ChatDeps) {
  const entryOf = async (from: Db, accountId: string, roomId: string): Promise<RoomEntry> =>
    (await listEntries(from, accountId, [roomId]))[0]!

  async function mustBeActive(accountIds: readonly string[], field: string): Promise<void> {
    if (accountIds.length === 0) return
    const active = new Set(await reachable(accountIds))
    const others = accountIds.filter((id) => !active.has(id))
    if (others.length === 0) return
    const known = (await peopleOf(db, others)).filter(({ kind, status }) => kind === 'person' && status !== 'deleted')
    throw known.length === others.length ? takesNothing(field) : fail('not_found', 'chat.noSuchPerson', { field })
  }

  /** A group as its owner or member, held until the unit is over. */
  async function heldGroup(tx: Tx, actor: Actor, roomId: string) {
    await holdRoom(tx, roomId)
    const found = await readableRoom(tx, actor, roomId)
    if (isForTwo(found)) throw fail('forbidden', 'chat.directIsForTwo')
    return found
  }

  async function inherit(tx: Tx, announce: Announce, { room, createdAt }: Found, by: AccountId, to: AccountId): Promise<void> {
    if (await findSeat(tx, room.id, to)) announceSeat(announce, room.id, to, () => makeOwner(tx, room.id, to))
    else join(tx, announce, { ...room, createdAt }, [to], { by, role: 'owner' })
  }

  return {
    async direct(actor: Actor, { accountId }: Input<Hub, 'chat.direct'>): Promise<RoomEntry> {
      const me = actor.accountId
      const key = directKey(me, accountId)
      const known = await findDirect(db, key)
      if (known) return entryOf(db, me, known)
      await mustBeActive([accountId], 'accountId')

      return work(async (tx, announce) => {
        const room = { id: newId(), kind: 'direct', directKey: key, name: '', about: '', createdAt: now() } as const
        if (!(await addRoom(tx, room))) return entryOf(tx, me, (await findDirect(tx, key))!)
        await furnish(tx, announce, room, me, accountId === me ? [] : [accountId])
        return entryOf(tx, me, room.id)
      })
    },

    async create(actor: Actor, { name, about, memberIds }: Input<Hub, 'chat.room.create'>): Promise<RoomEntry> {
      const me = actor.accountId
      const members = [...new Set(memberIds)].filter((id) => id !== me)
      await mustBeActive(members, 'memberIds')
      return work(async (tx, announce) => {
        const room = { id: newId(), kind: 'group', directKey: null, name, about, createdAt: now() } as const
        await addRoom(tx, room)
        await furnish(tx, announce, room, me, members)
        return entryOf(tx, me, room.id)
      }, alone)
    },

    change: (actor: Actor, { roomId, name, about, isArchived }: Input<Hub, 'chat.room.change'>): Promise<Room> =>
      work(async (tx, announce) => {
        const found = await heldGroup(tx, actor, roomId)
        if (!isOwner(found)) throw fail('forbidden', 'chat.onlyOwners')
        const before = found.room
        const room = { ...before, name: name ?? before.name, about: about ?? before.about, isArchived: isArchived ?? before.isArchived }
        if (room.name === before.name && room.about === before.about && room.isArchived === before.isArchived) return before

        await changeRoom(tx, room)
        announce(roomTopic(roomId), 'chat.room.changed', { room })
        return room
      }, alone),

    async invite(actor: Actor, { roomId, accountIds }: Input<Hub, 'chat.room.invite'>): Promise<Room> {
      const asked = [...new Set(accountIds)]
      // Of a room that one may not see, nothing is said: not even that its guests do not exist.
      await readableRoom(db, actor, roomId)
      await mustBeActive(asked, 'accountIds')
      return work(async (tx, announce) => {
        const found = await heldGroup(tx, actor, roomId)
        if (isVisitor(found)) throw fail('forbidden', 'chat.noSuchRoom')
        if (!canInvite(found)) throw isArchived()
        await keepGathered(tx, roomId, asked)
        const seated = new Set(await seatedOf(tx, roomId, asked))
        const newcomers = asked.filter((id) => !seated.has(id))
        // What was lent for the time of a meeting is theirs from now on.
        for (const { accountId, ...seat } of await keepLentSeats(tx, roomId, asked))
          announceSeat(announce, roomId, accountId, async () => seat)
        if (newcomers.length === 0) return found.room

        const { room, createdAt } = found
        return join(tx, announce, { ...room, createdAt }, newcomers, { by: actor.accountId })
      }, alone)
    },

    remove: (actor: Actor, { roomId, accountId }: Input<Hub, 'chat.room.remove'>): Promise<Room> =>
      work(async (tx, announce) => {
        const found = await heldGroup(tx, actor, roomId)
        if (!isOwner(found)) throw fail('forbidden', 'chat.onlyOwners')
        if (!(await findSeat(tx, roomId, accountId))) throw fail('not_found', 'chat.noSuchPerson', { field: 'accountId' })
        return depart(tx, announce, roomId, accountId, actor.accountId)
      }, alone),

    leave: (actor: Actor, { roomId }: Input<Hub, 'chat.room.leave'>): Promise<Output<Hub, 'chat.room.leave'>> =>
      work(async (tx, announce) => {
        await heldGroup(tx, actor, roomId)
        await depart(tx, announce, roomId, actor.accountId, actor.accountId)
        return { roomId }
      }, alone),

    mute: (actor: Actor, { roomId, isMuted }: Input<Hub, 'chat.room.mute'>): Promise<Seat> =>
      work(async (tx, announce) => {
        const { seat } = await readableRoom(tx, actor, roomId)
        if (seat.isMuted === isMuted) return seat
        return announceSeat(announce, roomId, actor.accountId, () => muteSeat(tx, roomId, actor.accountId, isMuted))
      }),

    /**
     * Whoever closes an account leaves the groups. The direct rooms stay, for those on the other side. Groups that nobody else owns
     * go to `to`, where that is said: also the ones that they are no member of.
     */
    async closeSeats(tx: Tx, announce: Announce, accountId: AccountId, to?: AccountId): Promise<void> {
      for (const id of (await seatsOf(tx, [accountId])).get(accountId) ?? []) {
        const roomId = id as RoomId
        await holdRoom(tx, roomId)
        const found = await findSeat(tx, roomId, accountId)
        if (!found || isForTwo(found)) continue
        const isLast = isOwner(found) && heirOf(await listHeirs(tx, roomId, accountId)) !== undefined
        const isAlone = isOwner(found) && found.room.memberCount === 1
        const hasHeir = to !== undefined && (isLast || isAlone)
        if (hasHeir) await inherit(tx, announce, found, accountId, to)
        await depart(tx, announce, roomId, accountId, accountId, { hasHeir })
      }
    },
  }
}
