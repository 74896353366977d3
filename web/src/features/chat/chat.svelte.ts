import { createContext, untrack, type Component } from 'svelte'
import { SvelteSet } from 'svelte/reactivity'
import type { AccountId, Failure, Hub, Me, Message, Payload, RoomEntry, RoomId } from '@atrium/protocol'
import { setCircle, type Circle } from '#features/people/circle.ts'
import { People } from '#features/people/people.svelte.ts'
import { PresenceBook } from '#features/people/presence.svelte.ts'
import { gathered } from '#lib/hub/gathered.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { m } from '#lib/i18n/index.ts'
import { keptFor, type Kept } from '#lib/kept.ts'
import { excerptOf } from './excerpt.ts'
import { Outbox } from './outbox.svelte.ts'
import { RoomState } from './room.svelte.ts'
import { Rooms, type News } from './rooms.svelte.ts'

/** Rooms that were open a moment ago stay on the line; those before them keep what they showed, so that coming back shows it at once. */
const mostOpen = 8
const mostResting = 32

export interface ChatDeps {
  hub: HubConnection
  me: Me
  /** Something was said to me: a sound, a notice on the desktop. */
  announce(news: News & { isForMe: boolean }): void
  refused(failure: Failure): void
  kept?: Kept
  /** Beside a meeting: the one room is shown, and nothing of the others is asked for. */
  isOfOneRoom?: boolean
}

/** All that this page knows of the rooms: who is in them, what was said, what is on its way. */
export class Chat implements Circle {
  readonly me: AccountId
  readonly isGuest: boolean
  readonly kept: Kept
  readonly people: People
  readonly presence: PresenceBook
  readonly rooms: Rooms
  readonly outbox: Outbox
  readonly hub: HubConnection
  /** What meetings show beside a room's name, once they are there. */
  beside = $state.raw<Component<{ roomId: RoomId }>>()
  /** Rooms in which something was begun and not sent. */
  readonly drafts: SvelteSet<RoomId>
  #open = new Map<RoomId, RoomState>()
  #resting = new Map<RoomId, RoomState>()
  #deps: ChatDeps

  constructor(deps: ChatDeps) {
    const { hub, me } = deps
    this.#deps = deps
    this.hub = hub
    this.me = me.person.id
    this.isGuest = me.person.kind === 'guest'
    this.kept = deps.kept ?? keptFor(this.me)
    this.drafts = new SvelteSet(this.kept.names('draft.').map((name) => name.slice('draft.'.length) as RoomId))
    this.people = new People(hub, me.person)
    this.presence = new PresenceBook(hub)
    this.rooms = new Rooms(this.me)
    this.outbox = new Outbox(hub, this.kept, (message) => this.#open.get(message.roomId)?.stored(message))
    if (deps.isOfOneRoom) return
    hub.feed.follow(`account:${this.me}`, {
      load: () => this.#load(),
      apply: (name, payload) => payload !== null && this.#apply(name as never, payload as never),
      signal: (name, payload) => this.#signal(name, payload),
    })
  }

  /** A room on screen; one that was open lately is there at once. */
  open(id: RoomId): RoomState {
    const known = this.#open.get(id)
    // Who looks at a room that goes away sees that it did; only coming back asks anew.
    if (known && !untrack(() => known.isGone)) {
      this.#open.delete(id)
      this.#open.set(id, known)
      return known
    }
    const rested = this.#resting.get(id)
    this.#resting.delete(id)
    const room = rested && untrack(() => rested.wake(this.rooms.of(id)?.latest?.seq)) ? rested : this.#begin(id)
    this.#open.set(id, room)
    for (const [oldest, state] of beyond(this.#open, mostOpen)) {
      state.leave()
      this.#open.delete(oldest)
      this.#resting.set(oldest, state)
    }
    for (const [oldest] of beyond(this.#resting, mostResting)) this.#resting.delete(oldest)
    return room
  }

  /** Outside whatever effect asked for it: what a room derives must not end with the page that opened it first. */
  #begin(id: RoomId): RoomState {
    let room!: RoomState
    $effect.root(() => {
      room = new RoomState(id, {
        hub: this.hub,
        me: this.me,
        people: this.people,
        outbox: this.outbox,
        seenOf: (room) => this.rooms.of(room)?.seen,
        shown: (view) => this.rooms.shown(view),
        said: (message) => this.#said(message),
        refused: this.#deps.refused,
      })
    })
    return room
  }

  settle(): void {
    for (const room of this.#open.values()) room.settle()
  }

  /** For what changes a room by name: the answer is there before its fact. */
  took(entry: RoomEntry): void {
    this.rooms.put(entry)
  }

  async #load() {
    const reply = await this.hub.call('chat.rooms', {})
    if (!reply.ok) return undefined
    this.people.learn(reply.data.people)
    this.rooms.loaded(reply.data.rooms)
    return { at: reply.data.at, epoch: reply.data.epoch }
  }

  #apply<K extends 'chat.seat.taken' | 'chat.seat.left' | 'chat.seat.changed' | 'chat.room.read'>(name: K, payload: Payload<Hub, K>) {
    if (name === 'chat.seat.taken') {
      const entry = payload as RoomEntry
      this.rooms.put(entry)
      // The fact was written when the room was entered: what has been said since, the hub knows.
      return entry.latest ? undefined : this.#look(entry.room.id)
    }
    const { roomId } = payload as { roomId: RoomId }
    const room = this.#open.get(roomId) ?? this.#resting.get(roomId)
    if (name === 'chat.seat.left') {
      this.rooms.left(roomId)
      room?.leave()
      if (room) room.isGone = true
      this.#open.delete(roomId)
      this.#resting.delete(roomId)
    } else if (name === 'chat.seat.changed') {
      this.rooms.change(roomId, { seat: (payload as Payload<Hub, 'chat.seat.changed'>).seat })
      room?.heard('chat.seat.changed', payload)
    } else if (name === 'chat.room.read') {
      this.rooms.read(roomId, (payload as Payload<Hub, 'chat.room.read'>).read)
      room?.heard('chat.room.read', payload)
    }
  }

  #signal(name: string, payload: unknown) {
    if (name === 'presence.changing') this.presence.changed(payload as Payload<Hub, 'presence.changing'>)
    if (name !== 'chat.stirring') return
    for (const change of (payload as Payload<Hub, 'chat.stirring'>).rooms) {
      this.rooms.stirred(change)
      for (const said of change.sent) this.#news({ ...said, roomId: change.roomId })
      if (change.isStale) this.#look(change.roomId)
    }
  }

  #said(message: Message) {
    const { seq, roomId, authorId, sentAt } = message
    this.#news({ seq, roomId, authorId, sentAt, excerpt: excerptOf(message), mentionsMe: message.mentions.includes(this.me) })
  }

  #news(news: News) {
    const entry = this.rooms.of(news.roomId)
    if (!entry || news.authorId === this.me || entry.seat.isMuted || news.seq <= entry.seen.read) return
    this.#deps.announce({
      ...news,
      excerpt: excerptOf({ body: news.excerpt, pictures: [] }) || m.chat_attachment(),
      isForMe: news.mentionsMe || entry.room.kind === 'direct',
    })
  }

  /** Something was taken back or changed off screen: numbers alone cannot say what waits now. */
  #look = gathered<RoomId>(async (roomIds) => {
    const reply = await this.hub.call('chat.seen', { roomIds })
    if (reply.ok) for (const { roomId, room, seen, latest } of reply.data) this.rooms.change(roomId, { room, seen, latest })
  })
}

/** What was put there first, as far as there is more than `most`. */
const beyond = <K, V>(map: ReadonlyMap<K, V>, most: number): [K, V][] => [...map].slice(0, Math.max(0, map.size - most))

const [getChat, provide] = createContext<Chat>()
export { getChat }

/** Who chats is among people: what only needs those asks for the circle. */
export function setChat(chat: Chat): Chat {
  setCircle(chat)
  return provide(chat)
}
