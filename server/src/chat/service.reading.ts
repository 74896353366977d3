import type { Actor } from '@atrium/platform'
import type { AccountId, Hub, Input, Message, Output, Person, Receipt, RoomId } from '@atrium/protocol'
import { shownTo } from '../directory/index.ts'
import { canRead, cursorAfter, hasReceipts, receiptsFor } from './rules.ts'
import { accountTopic, noSuchMessage, noSuchRoom, readableRoom, readSubject, roomTopic, type ChatDeps } from './service.common.ts'
import { listAround, listMessages, listTheseMessages, pageSize } from './store.messages.ts'
import { listEntries } from './store.rooms.ts'
import { findSeatAndSeen, lastSaid, listCursors, listMembers, listSpans, moveCursor } from './store.seats.ts'
import type { Db } from './store.ts'

/** Everybody whose name a message shows. */
const namedIn = ({ authorId, mentions, reactions }: Message) => [authorId, ...mentions, ...reactions.flatMap(({ by }) => by)]

export function readingService({ db, work, snapshot, epoch, peopleOf, showReceipts, bus, now }: ChatDeps) {
  const peopleIn = async (actor: Actor, from: Db, messages: readonly Message[], others: readonly string[] = []): Promise<Person[]> =>
    shownTo(actor, await peopleOf(from, [...new Set([...others, ...messages.flatMap(namedIn)])]))

  /** CHAT-20 */
  async function shownReceipts(me: AccountId, roomId: string): Promise<Receipt[]> {
    const seats = await listCursors(db, roomId)
    const shown = receiptsFor(me, seats, await showReceipts(seats.map(({ accountId }) => accountId)))
    return shown.map(({ at, ...receipt }) => ({ ...receipt, at: at?.toISOString() ?? null }))
  }
  /** At once where two talk with each other; in larger rooms whoever wants to know asks. */
  async function tell(reader: AccountId, other: AccountId, roomId: RoomId): Promise<void> {
    const receipt = (await shownReceipts(other, roomId)).find(({ accountId }) => accountId === reader)
    if (receipt) bus.publish({ topic: accountTopic(other), name: 'chat.reading', payload: { roomId, ...receipt }, seq: null })
  }

  return {
    rooms: (actor: Actor): Promise<Output<Hub, 'chat.rooms'>> =>
      snapshot(async (then, standing) => {
        const rooms = await listEntries(then, actor.accountId)
        const named = rooms.flatMap(({ room, latest }) => [...room.someMembers, ...(latest ? [latest.authorId] : [])])
        const people = await peopleOf(then, [...new Set(named)])
        return { rooms, people, epoch, at: await standing(accountTopic(actor.accountId)) }
      }),

    open: (actor: Actor, { roomId, around }: Input<Hub, 'chat.open'>): Promise<Output<Hub, 'chat.open'>> =>
      snapshot(async (then, standing) => {
        const found = await findSeatAndSeen(then, roomId, actor.accountId)
        if (!canRead(found)) throw noSuchRoom()
        const { room, seat, seen, spans } = found
        const stretch = await listAround(then, roomId, spans, around)
        const { messages } = stretch
        const view = { room, seat, seen, ...stretch }
        const people = await peopleIn(actor, then, messages, room.someMembers)
        return { view, people, epoch, at: await standing(roomTopic(roomId)) }
      }),

    /** Of who has left, too: the stretch that was theirs. */
    async history(actor: Actor, { roomId, before, after }: Input<Hub, 'chat.history'>): Promise<Output<Hub, 'chat.history'>> {
      const spans = await listSpans(db, actor.accountId, [roomId])
      if (spans.length === 0) throw noSuchRoom()
      const page = before === undefined ? { from: after! + 1, limit: pageSize } : { before, limit: pageSize }
      const { messages, hasMore } = await listMessages(db, roomId, spans, page)
      return { messages, hasMore, people: await peopleIn(actor, db, messages) }
    },

    async messages(actor: Actor, { roomId, ids }: Input<Hub, 'chat.messages'>): Promise<Output<Hub, 'chat.messages'>> {
      const spans = await listSpans(db, actor.accountId, [roomId])
      if (spans.length === 0) throw noSuchRoom()
      const { messages, deleted } = await listTheseMessages(db, ids, spans)
      // What was deleted is no mistake to ask for: it is what an answer to it does.
      if (messages.length === 0 && deleted.length === 0) throw noSuchMessage()
      return { messages, people: await peopleIn(actor, db, messages) }
    },

    async members(actor: Actor, { roomId, after, limit }: Input<Hub, 'chat.members'>): Promise<Output<Hub, 'chat.members'>> {
      await readableRoom(db, actor, roomId)
      const found = await listMembers(db, roomId, after, limit)
      const members = found.slice(0, limit)
      const ids = members.map(({ accountId }) => accountId)
      return { members, people: shownTo(actor, await peopleOf(db, ids)), hasMore: found.length > limit }
    },

    /** Of the rooms asked for, those one has a seat in: one may have been left meanwhile. */
    async seen(actor: Actor, { roomIds }: Input<Hub, 'chat.seen'>): Promise<Output<Hub, 'chat.seen'>> {
      const entries = await listEntries(db, actor.accountId, roomIds)
      if (entries.length === 0) throw noSuchRoom()
      return entries.map(({ room, seen, latest }) => ({ roomId: room.id, room, seen, latest }))
    },

    async read(actor: Actor, { roomId, read }: Input<Hub, 'chat.read'>): Promise<Output<Hub, 'chat.read'>> {
      const { moved, other } = await work(async (tx, announce) => {
        const found = await readableRoom(tx, actor, roomId)
        const stays: { moved: number; other?: AccountId | undefined } = { moved: found.read }
        if (actor.through?.kind === 'administrator') return stays
        const cursor = cursorAfter(found.read, read, await lastSaid(tx, roomId))
        if (cursor === found.read) return stays

        let moved = cursor
        const subject = readSubject(actor.accountId, roomId)
        // Seats change while the numbers of their account's topic are held: two screens that read at once wait in one order.
        announce(
          accountTopic(actor.accountId),
          'chat.room.read',
          async () => {
            moved = await moveCursor(tx, roomId, actor.accountId, cursor, now())
            return { roomId, read: moved }
          },
          { replaces: subject },
        )
        const other = found.kind === 'direct' ? found.room.someMembers.find((id) => id !== actor.accountId) : undefined
        return () => ({ moved, other })
      })
      if (other) await tell(actor.accountId, other, roomId)
      return { read: moved }
    },

    async receipts(actor: Actor, { roomId }: Input<Hub, 'chat.receipts'>): Promise<Output<Hub, 'chat.receipts'>> {
      const { room } = await readableRoom(db, actor, roomId)
      const shown = hasReceipts(room) ? await shownReceipts(actor.accountId, roomId) : []
      const people = await peopleOf(
        db,
        shown.map(({ accountId }) => accountId),
      )
      return { receipts: shown, people }
    },
  }
}
