import { fail, type Actor, type Announce } from '@atrium/platform'
import type { AccountId, Hub, Input, Output, Room, RoomEntry, RoomId, Seat } from '@atrium/protocol'
import { canInvite, directKey, heirOf, isForTwo, isOwner, newSeat } from './rules.ts'
import { accountTopic, isArchived, readableRoom, roomTopic, seatSubject, type ChatDeps } from './service.common.ts'
import { addRoom, changeRoom, findDirect, listEntries } from './store.rooms.ts'
import { addSeats, closeSeat, findRoom, findSeat, holdRoom, listHeirs, makeOwner, muteSeat, seatedOf, seatsOf } from './store.seats.ts'
import type { Db, Tx } from './store.ts'

/** As a newcomer finds it: without the words of others, which a copy would outlive. */
const newEntry = (room: Room, role: Seat['role'], createdAt: Date, read: number): RoomEntry => ({
  room,
  seat: { role, isMuted: false },
  seen: { read, waiting: [], mentions: [] },
  latest: null,
  createdAt: createdAt.toISOString(),
})

/** Seats change while the numbers of their account's topic are held: two screens of one person wait in one order. */
function announceSeat(announce: Announce, roomId: RoomId, accountId: AccountId, change: () => Promise<Seat>): () => Seat {
  let seat: Seat
  const payload = async () => ({ roomId, seat: (seat = await change()) })
  announce(accountTopic(accountId), 'chat.seat.changed', payload, { replaces: seatSubject(accountId, roomId) })
  return () => seat
}

/** Units that hold a room's row and announce to many accounts keep to a transaction of their own. */
const alone = { alone: true }

export function membershipService({ db, work, now, newId, activeAccounts }: ChatDeps) {
  const entryOf = async (from: Db, accountId: string, roomId: string): Promise<RoomEntry> =>
    (await listEntries(from, accountId, [roomId]))[0]!

  async function mustBeActive(accountIds: readonly string[], field: string): Promise<void> {
    if (accountIds.length === 0) return
    const active = new Set(await activeAccounts(accountIds))
    if (!accountIds.every((id) => active.has(id))) throw fail('not_found', 'chat.noSuchPerson', { field })
  }

  /** A group as its owner or member, held until the unit is over. */
  async function heldGroup(tx: Tx, actor: Actor, roomId: string) {
    await holdRoom(tx, roomId)
    const found = await readableRoom(tx, actor, roomId)
    if (isForTwo(found)) throw fail('forbidden', 'chat.directIsForTwo')
    return found
  }

  /** Writes a new room and its first seats. */
  async function open(
    tx: Tx,
    announce: Announce,
    room: Parameters<typeof addRoom>[1],
    owner: string,
    members: readonly string[],
  ): Promise<void> {
    const seat = newSeat(room.kind, 0)
    await addSeats(tx, room.id, { accountIds: [owner], role: 'owner', ...seat })
    if (members.length > 0) await addSeats(tx, room.id, { accountIds: members, role: 'member', ...seat })
    const first = await findRoom(tx, room.id)
    for (const accountId of [owner, ...members])
      announce(
        accountTopic(accountId),
        'chat.seat.taken',
        newEntry(first, accountId === owner ? 'owner' : 'member', room.createdAt, seat.readSeq),
      )
  }

  /** Ends a seat. The room as it is then is known when the unit is over. */
  async function depart(tx: Tx, announce: Announce, roomId: RoomId, accountId: AccountId, by: AccountId): Promise<() => Room> {
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
    const heir = heirOf(await listHeirs(tx, roomId, accountId))
    if (heir) announceSeat(announce, roomId, heir.accountId, () => makeOwner(tx, roomId, heir.accountId))
    return () => room
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
        await open(tx, announce, room, me, accountId === me ? [] : [accountId])
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
        await open(tx, announce, room, me, members)
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
        if (!canInvite(found)) throw isArchived()
        const seated = new Set(await seatedOf(tx, roomId, asked))
        const newcomers = asked.filter((id) => !seated.has(id))
        if (newcomers.length === 0) return found.room

        async function join(seq: number): Promise<{ room: Room; read: number }> {
          const seat = newSeat(found.kind, seq)
          await addSeats(tx, roomId, { accountIds: newcomers, role: 'member', ...seat })
          return { room: await findRoom(tx, roomId), read: seat.readSeq }
        }
        // Payloads of a unit are asked for in the order of announcing, all at once: the others wait for what the first one did.
        let joining: ReturnType<typeof join>
        let room: Room
        announce(roomTopic(roomId), 'chat.member.joined', async (seq) => {
          joining = join(seq)
          room = (await joining).room
          return { roomId, accountIds: newcomers, by: actor.accountId, room }
        })
        for (const accountId of newcomers)
          announce(accountTopic(accountId), 'chat.seat.taken', async () => {
            const { room, read } = await joining
            return newEntry(room, 'member', found.createdAt, read)
          })
        return () => room
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

    /** Whoever closes an account leaves the groups. The direct rooms stay, for those on the other side. */
    async closeSeats(tx: Tx, announce: Announce, accountId: AccountId): Promise<void> {
      for (const roomId of (await seatsOf(tx, [accountId])).get(accountId) ?? []) {
        await holdRoom(tx, roomId)
        const found = await findSeat(tx, roomId, accountId)
        if (found && !isForTwo(found)) await depart(tx, announce, roomId as RoomId, accountId, accountId)
      }
    },
  }
}
