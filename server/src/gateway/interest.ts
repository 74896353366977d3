import { together, type Actor, type Event, type Span } from '@atrium/platform'
import type { Hub, Payload } from '@atrium/protocol'
import type { Connection } from './connection.ts'
import { everybodysOwn, type Spans } from './spans.ts'
import type { Following } from './following.ts'

/** An account with a screen open on this process, or until a moment ago. */
export interface Present {
  actor: Actor
  connections: Set<Connection>
  /** The topics of the rooms it has a seat in, kept by seat facts; with what it may read of each, where that is known. */
  seats: Map<string, Span[] | undefined>
  /** Counts what changed about its seats, so that who checked a right can tell whether it still stands. */
  seatChanges: number
  loaded: Promise<void>
  leaving: NodeJS.Timeout | undefined
}

export type Interest = ReturnType<typeof interest>

/**
 * Who is connected to this process and where they sit. The process listens to what concerns them and to nothing else: a
 * process must not be sent what nobody in it may see.
 */
export function interest(deps: {
  follow: Pick<Following, 'hold' | 'release'>
  /** Of each of these accounts the topics of the rooms in which it has a seat now, and what it may read of them. */
  seatsOf: (accountIds: readonly string[]) => Promise<Map<string, Spans>>
  /** This account cannot be told what happens any more. Its sockets begin afresh. */
  onLost: (account: Present, error: unknown) => void
  /** From now on this process hears a room that somebody just got a seat in: of what was said meanwhile it heard nothing. */
  onTaken: (topic: string) => void
  lingerMs: number
}) {
  const { follow, onLost, onTaken, lingerMs } = deps
  const seatsOf = together(deps.seatsOf)
  const present = new Map<string, Present>()
  const seated = new Map<string, Set<Present>>()
  const ownTopics = ({ actor }: Present) => everybodysOwn(actor)

  async function takeSeats(account: Present, taken: Iterable<[string, Span[] | undefined]>): Promise<void> {
    account.seatChanges++
    const fresh: string[] = []
    for (const [topic, spans] of taken) {
      if (!account.seats.has(topic)) fresh.push(topic)
      account.seats.set(topic, spans)
    }
    if (fresh.length === 0) return
    for (const topic of fresh) {
      const others = seated.get(topic)
      if (others) others.add(account)
      else seated.set(topic, new Set([account]))
    }
    try {
      await follow.hold(fresh)
    } catch (error) {
      for (const topic of fresh) vacate(account, topic)
      throw error
    }
  }

  async function newSeat(account: Present, topic: string): Promise<void> {
    await takeSeats(account, [[topic, undefined]])
    onTaken(topic)
  }

  function leaveSeat(account: Present, topic: string): void {
    account.seatChanges++
    if (vacate(account, topic)) follow.release([topic])
  }

  function vacate(account: Present, topic: string): boolean {
    const others = seated.get(topic)
    others?.delete(account)
    if (others?.size === 0) seated.delete(topic)
    return account.seats.delete(topic)
  }

  /** A seat that is taken or left while the seats are read is a fact, and asks for another look. */
  async function readSeats(account: Present): Promise<void> {
    const { accountId } = account.actor
    for (;;) {
      const seen = account.seatChanges
      const open: Spans = (await seatsOf([accountId])).get(accountId) ?? new Map()
      if (seen !== account.seatChanges) continue
      for (const topic of [...account.seats.keys()]) if (!open.has(topic)) leaveSeat(account, topic)
      return takeSeats(account, open)
    }
  }

  /** Its own topic first, or a seat that is taken meanwhile would be missed. */
  async function load(account: Present): Promise<void> {
    await follow.hold(ownTopics(account))
    try {
      await readSeats(account)
    } catch (error) {
      follow.release(ownTopics(account))
      throw error
    }
  }

  function emptySeats(account: Present): void {
    if (present.get(account.actor.accountId) === account) present.delete(account.actor.accountId)
    for (const topic of [...account.seats.keys()]) leaveSeat(account, topic)
  }

  function forget(account: Present): void {
    emptySeats(account)
    follow.release(ownTopics(account))
  }

  const orAfresh = (account: Present, change: Promise<void>): void =>
    void change.catch((error) => {
      forget(account)
      onLost(account, error)
    })

  return {
    /** Resolves when this process hears all that the connection may hear. */
    async enter(connection: Connection): Promise<Present> {
      const { actor } = connection
      let account = present.get(actor.accountId)
      if (!account) {
        const fresh: Present = {
          actor,
          connections: new Set(),
          seats: new Map(),
          seatChanges: 0,
          loaded: Promise.resolve(),
          leaving: undefined,
        }
        present.set(actor.accountId, fresh)
        fresh.loaded = load(fresh)
        fresh.loaded.catch(() => emptySeats(fresh))
        account = fresh
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

    /** Seat facts keep the index. */
    heard({ name, topic, payload }: Event): void {
      if (name !== 'chat.seat.taken' && name !== 'chat.seat.left') return
      const account = present.get(topic.slice('account:'.length))
      if (!account) return
      if (payload === null) {
        // What it said was forgotten since: look at the seats themselves.
        account.seatChanges++
        orAfresh(account, readSeats(account))
      } else if (name === 'chat.seat.left') leaveSeat(account, `room:${(payload as Payload<Hub, 'chat.seat.left'>).roomId}`)
      else orAfresh(account, newSeat(account, `room:${(payload as Payload<Hub, 'chat.seat.taken'>).room.id}`))
    },

    leaveSeat(accountId: string, topic: string): void {
      const account = present.get(accountId)
      if (account) leaveSeat(account, topic)
    },

    /** What it may read is asked anew. */
    doubt(account: Present): void {
      account.seatChanges++
      for (const topic of account.seats.keys()) account.seats.set(topic, undefined)
    },

    of: (accountId: string) => present.get(accountId),
    /** Who, of those present, has a seat in a room. */
    seatedIn: (topic: string): Iterable<Present> => seated.get(topic) ?? [],

    stop(): void {
      for (const account of present.values()) clearTimeout(account.leaving)
      present.clear()
    },
  }
}
