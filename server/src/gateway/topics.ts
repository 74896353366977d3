import type { Server } from 'socket.io'
import type { Event, Log, Span } from '@atrium/platform'
import type { AccountId, ClientToServer, Hub, Payload, Presence, ServerToClient } from '@atrium/protocol'
import type { About, Connection } from './connection.ts'
import { delivery } from './delivery.ts'
import { following } from './following.ts'
import { interest, type Present } from './interest.ts'
import { merged } from './merged.ts'
import type { Spans, SpansOf } from './spans.ts'
import { stirring } from './stirring.ts'
import { watchers } from './watchers.ts'
import { frameOf, write, writeVolatile, type Frame } from './wire.ts'

export type HubServer = Server<ClientToServer<Hub>, ServerToClient<Hub>, Record<string, never>, About>

/** How long a topic is listened to after the last who held it: who reloads a page comes right back. */
const lingerMs = 30_000

/** What is on a screen from now on. */
export interface Watched {
  /** Where each topic stands that it may hear; what follows will be sent. */
  standings: ReadonlyMap<string, number>
  /** What it may read, of all topics that were asked for. */
  spans: Spans
}
const nothing: Watched = { standings: new Map(), spans: new Map() }

/** Who hears what: which topics a socket has on screen, and how what happens in them reaches it. */
export function topics(deps: {
  io: HubServer
  connections: ReadonlyMap<string, Connection>
  bus: Parameters<typeof delivery>[0]['bus']
  db: Parameters<typeof delivery>[0]['db']
  log: Log
  /** Where these accounts have a seat now. */
  seatsOf: Parameters<typeof interest>[0]['seatsOf']
  /** Everything an actor may hear, of the given topics. */
  spansOf: SpansOf
  excerptOf: (message: Payload<Hub, 'chat.message.sent'>) => string
  presenceOf: (accountIds: AccountId[]) => Promise<Presence[]>
}) {
  const { io, connections, bus, db, log, seatsOf, spansOf, excerptOf, presenceOf } = deps
  const troubled = (what: string) => (error: unknown) => log.warn({ error }, what)

  const flow = delivery({ bus, db, log, deliver })
  const follow = following(flow, lingerMs)
  const onLost = (account: Present, error: unknown) => {
    log.warn({ operation: 'topics', actor: account.actor.accountId, error }, 'sockets begin afresh')
    for (const { socket } of account.connections) socket.conn.close()
  }
  const heeded = interest({
    follow,
    seatsOf,
    lingerMs,
    onLost,
    onTaken(topic) {
      offScreen.doubt(topic)
      offScreenSoon.note()
    },
  })
  const offScreen = stirring({
    interest: heeded,
    excerptOf,
    send: (those, payload) => toEach(those, 'chat.stirring', payload),
  })
  const offScreenSoon = merged(() => offScreen.flush(), troubled('what stirred could not be told'))
  const people = watchers({
    watching: (accountId) => membersOf(`presence:${accountId}`),
    watched: () => [...io.of('/').adapter.rooms.keys()].filter(isPresence).map(personOf),
    presenceOf,
    send: (those, payload) => toEach(those, 'presence.changing', payload),
  })
  const peopleSoon = merged(() => people.flush(), troubled('who came and went could not be told'))

  function deliver(event: Event): void {
    const { topic, name, payload } = event
    if (isPresence(topic)) {
      people.changed(personOf(topic))
      return peopleSoon.note()
    }
    tell(event)
    heeded.heard(event)
    if (name === 'chat.member.left' && payload !== null) {
      const { accountId } = payload as Payload<Hub, 'chat.member.left'>
      leave(accountId, topic)
    }
    if (offScreen.heard(event)) offScreenSoon.note()
  }

  /** Encoded once, whatever the number of sockets. A signal may be dropped on its way, a fact may not. */
  function tell({ topic, name, payload, seq }: Event): void {
    let frame: Frame | undefined
    for (const { socket } of membersOf(topic))
      if (seq === null) writeVolatile(socket.conn, (frame ??= frameOf(name, payload, topic)))
      else write(socket.conn, (frame ??= frameOf(name, payload, { topic, seq })))
  }

  function* membersOf(topic: string): Generator<Connection> {
    for (const id of io.of('/').adapter.rooms.get(topic) ?? []) {
      const connection = connections.get(id)
      if (connection) yield connection
    }
  }

  /** One packet for all of them, so its topic is not anybody's own. */
  function toEach<K extends 'chat.stirring' | 'presence.changing'>(those: Connection[], name: K, payload: Payload<Hub, K>): void {
    const them = io.to(those.map(({ id }) => id)) as { emit(name: string, ...args: unknown[]): unknown }
    them.emit(name, payload, 'account:me')
  }

  /** A seat ended: nothing said after it reaches the account's sockets. */
  function leave(accountId: string, topic: string): void {
    heeded.leaveSeat(accountId, topic)
    for (const connection of heeded.of(accountId)?.connections ?? []) if (connection.watching.has(topic)) unwatch(connection, [topic])
  }

  function unwatch(connection: Connection, gone: Iterable<string>): void {
    for (const topic of gone) {
      connection.watching.delete(topic)
      void connection.socket.leave(topic)
      follow.release([topic])
    }
  }

  /**
   * What a socket may hear of these topics. Of the rooms its account sits in that is known: whoever loses a seat is taken out
   * of the index by the fact that says so. Of all others the slices are asked.
   */
  async function spansFor({ actor }: Connection, asked: readonly string[]): Promise<Spans> {
    const seats = actor.scope === null ? heeded.of(actor.accountId)?.seats : undefined
    const spans = new Map<string, Span[]>()
    for (const topic of asked) {
      const known = seats?.get(topic)
      if (known) spans.set(topic, known)
    }
    const others = spans.size === 0 ? asked : asked.filter((topic) => !spans.has(topic))
    if (others.length > 0) for (const [topic, found] of await spansOf(actor, others)) spans.set(topic, found)
    return spans
  }

  const allowed = (spans: Spans, asked: readonly string[]) => asked.filter((topic) => spans.get(topic)?.some((span) => span.to === null))

  /** Asks again what an account's sockets may have on screen. Who cannot be asked for begins afresh. */
  async function reconsider(accountId: string): Promise<void> {
    const account = heeded.of(accountId)
    if (!account) return
    // Who is just being let in looks again too.
    heeded.doubt(account)
    try {
      const watched = [...new Set([...account.connections].flatMap(({ watching }) => [...watching]))]
      const rightful = new Set(allowed(await spansOf(account.actor, watched), watched))
      for (const connection of account.connections)
        unwatch(
          connection,
          [...connection.watching].filter((topic) => !rightful.has(topic)),
        )
    } catch (error) {
      onLost(account, error)
    }
  }

  /** A file went out of the sight of whoever saw it where it lay: those who have one on screen are asked for, once for all that went together. */
  const filesSoon = merged(
    () => {
      const watchers = [...connections.values()].filter(({ watching }) => [...watching].some(isOfFiles))
      for (const accountId of new Set(watchers.map(({ actor }) => actor.accountId))) void reconsider(accountId)
    },
    troubled('who still sees a file could not be asked'),
    200,
  )

  async function watch(connection: Connection, asked: readonly string[]): Promise<Watched> {
    if (!connection.socket.connected) return nothing
    const account = await heeded.enter(connection)
    const wanted = new Set(asked)
    if (connection.watching.size > 0)
      unwatch(
        connection,
        [...connection.watching].filter((topic) => !wanted.has(topic)),
      )
    for (;;) {
      const seen = account.seatChanges
      const spans = await spansFor(connection, [...wanted])
      const rightful = allowed(spans, [...wanted])
      const fresh = rightful.filter((topic) => !connection.watching.has(topic))
      await follow.hold(fresh)
      if (seen === account.seatChanges && connection.socket.connected) {
        for (const topic of fresh) connection.watching.add(topic)
        void connection.socket.join(fresh)
        people.greet(connection, fresh.filter(isPresence).map(personOf))
        peopleSoon.note()
        return { standings: new Map(rightful.map((topic) => [topic, flow.standing(topic)])), spans }
      }
      // A seat was taken or ended between the look at it and now: look again. Or there is nobody left to tell.
      follow.release(fresh)
      if (!connection.socket.connected) return nothing
    }
  }

  return {
    enter: (connection: Connection) => heeded.enter(connection),

    leave(connection: Connection): void {
      unwatch(connection, [...connection.watching])
      heeded.leave(connection)
    },

    /** Replaces what the socket has on screen. */
    watch(connection: Connection, asked: readonly string[]): Promise<Watched> {
      // One after the other: of two that cross, the later one says what is on screen.
      const watching = connection.watched.then(() => watch(connection, asked))
      connection.watched = watching.catch(() => {})
      return watching
    },

    leaveSeat: leave,
    reconsider: (accountId: string | null) => (accountId === null ? filesSoon.note() : void reconsider(accountId)),
    /** Finds the facts that the bus lost, and resolves to how many there were. */
    catchUp: () => flow.catchUp(),
    /** Looks at everybody on somebody's screen: who came or went unheard. */
    lookAround(): void {
      people.changedAll()
      peopleSoon.note()
    },
    stop(): void {
      offScreenSoon.stop()
      peopleSoon.stop()
      filesSoon.stop()
      heeded.stop()
      follow.stop()
      flow.stop()
    },
  }
}

const isPresence = (topic: string) => topic.startsWith('presence:')
const isOfFiles = (topic: string) => topic.startsWith('file:') || topic.startsWith('folder:')
const personOf = (topic: string) => topic.slice('presence:'.length)
