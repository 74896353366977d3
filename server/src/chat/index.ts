import { together, type Actor, type Handlers, type Nudges, type Span } from '@atrium/platform'
import { idIn, type AccountId, type chat as contract, type Message, type Room } from '@atrium/protocol'
import { ownMessages, ownReactions, ownRooms } from './store.export.ts'
import { asLeft } from './rules.ts'
import { roomTopic, type ChatDeps } from './service.common.ts'
import { roomsOfMeetings } from './service.meetings.ts'
import { chatService } from './service.ts'
import { listTheseMessages } from './store.messages.ts'
import { listContacts } from './store.rooms.ts'
import { listRooms, listSpans, maySee, spansOfSeats, stretchesOf } from './store.seats.ts'

export { excerptOf } from './rules.ts'
export { shownIn } from './store.messages.ts'
export { placesOf } from './store.seats.ts'
export type { ChatDeps } from './service.common.ts'
export type { Place, RoomsOfMeetings } from './service.meetings.ts'
export type { ChatTables, SearchEntry } from './store.ts'

/** A stretch of a room that somebody may read. */
export type RoomSpan = Span & { roomId: string }
/** A message where it was found. */
export interface Hit {
  message: Message
  room: Room
}

export type Chat = ReturnType<typeof chat>

export function chat(deps: ChatDeps) {
  const service = chatService(deps)
  const { db } = deps
  // Thousands who come back at once ask at once.
  const spans = together((seats) => spansOfSeats(db, seats))
  const handlers: Handlers<typeof contract> = {
    'chat.rooms': service.rooms,
    'chat.open': service.open,
    'chat.history': service.history,
    'chat.messages': service.messages,
    'chat.members': service.members,
    'chat.seen': service.seen,
    'chat.direct': service.direct,
    'chat.room.create': service.create,
    'chat.room.change': service.change,
    'chat.room.invite': service.invite,
    'chat.room.remove': service.remove,
    'chat.room.leave': service.leave,
    'chat.room.lists': service.shown,
    'chat.room.list.add': service.addList,
    'chat.room.list.remove': service.removeList,
    'chat.room.mute': service.mute,
    'chat.send': service.send,
    'chat.edit': service.edit,
    'chat.delete': service.delete,
    'chat.react': service.react,
    'chat.read': service.read,
    'chat.receipts': service.receipts,
  }
  const nudges: Nudges<typeof contract> = { 'chat.typing': service.typing }

  /** A room of two is called after the other one, as on the screen. */
  async function* roomsOf(accountId: string): AsyncGenerator<unknown> {
    const rooms = await ownRooms(db, accountId)
    const people = await deps.peopleOf(
      db,
      rooms.flatMap(({ withId }) => withId ?? []),
    )
    for (const { withId, ...room } of rooms)
      yield { ...room, ...(withId && { with: withId, name: people.find(({ id }) => id === withId)?.name ?? '' }) }
  }

  return {
    handlers,
    nudges,

    /** The stretches of these rooms' topics that somebody may hear, seats that ended included. */
    async spansOf(actor: Actor, topics: readonly string[]): Promise<Map<string, Span[]>> {
      const asked = topics.flatMap((topic) => roomOf(topic) ?? [])
      if (asked.length === 0) return new Map()
      const seatIn = (roomId: string) => `${actor.accountId} ${roomId}`
      const found = await spans(asked.map(seatIn))
      return new Map(asked.flatMap((roomId) => (found.has(seatIn(roomId)) ? [[roomTopic(roomId), found.get(seatIn(roomId))!]] : [])))
    },

    /** Of each account the topics of the rooms in which it has a seat now, and what it may hear of them. */
    async seatsOf(accountIds: readonly string[]): Promise<Map<string, Map<string, Span[]>>> {
      const seats = await stretchesOf(db, accountIds)
      return new Map(
        [...seats].map(([accountId, rooms]) => [accountId, new Map([...rooms].map(([roomId, spans]) => [roomTopic(roomId), spans]))]),
      )
    },

    maySee: (actor: Actor, roomId: string, seq: number): Promise<boolean> => maySee(db, actor.accountId, roomId, seq),

    /** What may be found by somebody, and how it is shown: for the search. */
    readableBy: (actor: Actor, roomId?: string): Promise<RoomSpan[]> => listSpans(db, actor.accountId, roomId ? [roomId] : undefined),
    async hitsAmong(spans: readonly RoomSpan[], messageIds: readonly string[]): Promise<Hit[]> {
      const { messages } = await listTheseMessages(db, messageIds, spans)
      const open = new Set(spans.flatMap(({ roomId, to }) => (to === null ? [roomId] : [])))
      const found = await listRooms(db, [...new Set(messages.map(({ roomId }) => roomId))])
      const rooms = new Map(found.map((room) => [room.id, open.has(room.id) ? room : asLeft(room)]))
      return messages.map((message) => ({ message, room: rooms.get(message.roomId)! }))
    },

    forMeetings: roomsOfMeetings(deps),
    /** For who has something to say without being at the door. */
    send: service.send,
    forgetAuthor: service.forgetAuthor,
    /** What files that are deleted for ever were called goes from the messages that show them, by a job. */
    forgetFiles: service.forgetFiles,
    /** The jobs of this slice. Called once, where jobs are done. */
    work: service.work,
    closeSeats: service.closeSeats,
    /** Rooms whose people follow lists, and how they do. */
    gatherings: service.gatherings,
    gather: service.gather,
    /** Whom somebody talks with in a room of two. */
    contactsOf: (accountId: string): Promise<AccountId[]> => listContacts(db, accountId, 200),
    /** The parts of somebody's copy of their data. */
    exportParts: [
      { name: 'rooms', of: roomsOf },
      { name: 'messages', of: (accountId: string) => ownMessages(db, accountId) },
      { name: 'reactions', of: (accountId: string) => ownReactions(db, accountId) },
    ],
  }
}

const roomOf = (topic: string) => idIn(topic, 'room')
