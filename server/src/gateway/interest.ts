import type { Actor, Event } from '@atrium/platform'
import type { Hub, Payload } from '@atrium/protocol'
import type { Connection } from './connection.ts'
import type { Delivery } from './delivery.ts'
import { together } from './together.ts'

/** An account with a screen open on this process, or until a moment ago. */
export interface Present {
  actor: Actor
  connections: Set<Connection>
  /** The topics of the rooms it has a seat in, kept by seat facts. */
  seats: Set<string>
  /** Counts what changed about its seats, so that who checked a right can tell whether it still stands. */
  seatChanges: number
  loaded: Promise<void>
  leaving: NodeJS.Timeout | undefined
}

export type Interest = ReturnType<typeof interest>

/**
 * Which topics this process listens to: those of the accounts connected to it, of the rooms they sit in, and of the people
 * on their screens, from the first until 30 s after the last. A process must not be sent what nobody in it may see.
 */
export function interest(deps: {
  delivery: Delivery
  /** The rooms in which these accounts have a seat now. */
  seatsOf: (accountIds: readonly string[]) => Promise<Map<string, string[]>>
  lingerMs?: number
}) {
  const { delivery, lingerMs = 30_000 } = deps
  const seatsOf = together(deps.seatsOf)
  const present = new Map<string, Present>()
  const seated = new Map<string, Set<Present>>()
  const holders = new Map<string, number>()
  const lingering = new Map<string, NodeJS.Timeout>()

  async function hold(topics: readonly string[]): Promise<void> {
    for (const topic of topics) {
      clearTimeout(lingering.get(topic))
      lingering.delete(topic)
      holders.set(topic, (holders.get(topic) ?? 0) + 1)
    }
    await delivery.follow(topics)
  }

  function release(topics: Iterable<string>): void {
    for (const topic of topics) {
      const left = (holders.get(topic) ?? 1) - 1
      if (left > 0) holders.set(topic, left)
      else {
        holders.delete(topic)
        const forget = () => {
          lingering.delete(topic)
          delivery.unfollow(topic)
        }
        lingering.set(topic, setTimeout(forget, lingerMs).unref())
      }
    }
  }

  function takeSeat(account: Present, topic: string): Promise<void> | undefined {
    account.seatChanges++
    if (account.seats.has(topic)) return
    account.seats.add(topic)
    const others = seated.get(topic)
    if (others) others.add(account)
    else seated.set(topic, new Set([account]))
    return hold([topic])
  }

  function leaveSeat(account: Present, topic: string): void {
    account.seatChanges++
    if (!account.seats.delete(topic)) return
    const others = seated.get(topic)
    others?.delete(account)
    if (others?.size === 0) seated.delete(topic)
    release([topic])
  }

  /** Its own topic first: a seat that is taken or left while its seats are read is a fact, and asks for another look. */
  async function load(account: Present): Promise<void> {
    await hold([`account:${account.actor.accountId}`, 'directory:all'])
    for (let seen = -1; seen !== account.seatChanges;) {
      seen = account.seatChanges
      const { accountId } = account.actor
      const rooms = (await seatsOf([accountId])).get(accountId) ?? []
      if (seen !== account.seatChanges) continue
      const open = new Set(rooms.map((roomId) => `room:${roomId}`))
      for (const topic of account.seats) if (!open.has(topic)) leaveSeat(account, topic)
      await Promise.all([...open].map((topic) => takeSeat(account, topic)))
      seen = account.seatChanges
    }
  }

  function forget(account: Present): void {
    present.delete(account.actor.accountId)
    for (const topic of [...account.seats]) leaveSeat(account, topic)
    release([`account:${account.actor.accountId}`, 'directory:all'])
  }

  return {
    hold,
    release,

    /** Resolves when this process hears all that the connection may hear. */
    async enter(connection: Connection): Promise<Present> {
      const { actor } = connection
      let account = present.get(actor.accountId)
      if (!account) {
        account = { actor, connections: new Set(), seats: new Set(), seatChanges: 0, loaded: Promise.resolve(), leaving: undefined }
        present.set(actor.accountId, account)
        account.loaded = load(account)
        account.loaded.catch(() => account && forget(account))
      }
      clearTimeout(account.leaving)
      account.connections.add(connection)
      await account.loaded
      return account
    },

    leave(connection: Connection): void {
      const account = present.get(connection.actor.accountId)
      if (!account?.connections.delete(connection) || account.connections.size > 0) return
      account.leaving = setTimeout(forget, lingerMs, account).unref()
    },

    /** Seat facts keep the index: told of every fact before it is delivered. */
    heard(event: Event): void {
      if (event.name !== 'chat.seat.taken' && event.name !== 'chat.seat.left') return
      const account = present.get(event.topic.slice('account:'.length))
      if (!account) return
      if (event.payload === null) {
        // What it said was forgotten since: look at the seats themselves.
        account.seatChanges++
        void load(account)
      } else if (event.name === 'chat.seat.left') {
        const { roomId } = event.payload as Payload<Hub, 'chat.seat.left'>
        leaveSeat(account, `room:${roomId}`)
      } else {
        const { room } = event.payload as Payload<Hub, 'chat.seat.taken'>
        void takeSeat(account, `room:${room.id}`)
      }
    },

    leaveSeat(accountId: string, topic: string): void {
      const account = present.get(accountId)
      if (account) leaveSeat(account, topic)
    },

    of: (accountId: string) => present.get(accountId),
    everybody: () => present.values(),
    /** Who, of those present, has a seat in a room. */
    seatedIn: (topic: string): Iterable<Present> => seated.get(topic) ?? [],

    stop(): void {
      for (const timer of lingering.values()) clearTimeout(timer)
      for (const account of present.values()) clearTimeout(account.leaving)
      present.clear()
    },
  }
}
