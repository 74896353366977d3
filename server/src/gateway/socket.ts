import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Server as Engine, type Socket as RawSocket } from 'engine.io'
import { Server } from 'socket.io'
import type { Actor, Call, Log, Metrics } from '@atrium/platform'
import type { Http } from '@atrium/platform/http'
import { fail } from '@atrium/platform'
import { protocolVersion, type HandshakeRefusal, type Reply } from '@atrium/protocol'
import { end, type Connection, type HubSocket } from './connection.ts'
import { secretOf } from './cookie.ts'
import { bucket } from './bucket.ts'
import { maxScreens, places } from './places.ts'
import { overAmong, type Standing } from './rechecking.ts'
import { backlogOf, frameOf, holdBack, letGo, write } from './wire.ts'
import type { HubServer } from './topics.ts'

/** Beyond this a reader is cut: what it missed it asks for when it is back. */
export const maxBacklogBytes = 2 * 1024 * 1024
const lookAtBacklogMs = 250
const recheckSessionsMs = 1_000
/** Room for the longest text there is ten times over, so that too long is `invalid` and not a broken connection. */
const maxMessageBytes = 1024 * 1024
/** What one socket may ask: far more than a person can, far less than a program would. */
const burst = { size: 300, perSecond: 100 }
const maxUnderWay = 100
const tooManyScreens = () =>
  fail('rate_limited', 'rateLimited', { params: { problem: 'too_many_screens', max: maxScreens }, retryAfterMs: 60_000 })

export type Dispatch = (actor: Actor | undefined, name: string, raw: unknown, call: Call) => Promise<Reply<unknown>>

/** What is kept of the request that opened a connection. The request itself, a third of its memory, is let go. */
interface Opening {
  secret: string | undefined
  source: string
  userAgent: string
  origin: string
}

export interface SocketDoor {
  io: HubServer
  connections: ReadonlyMap<string, Connection>
  connectionOf(call: Call): Connection | undefined
  /** Ends all connections by name, a few at a time: those who come back must not come all at once. */
  drain(withinMs: number): Promise<void>
  close(): Promise<void>
}

export function socketDoor(deps: {
  http: Pick<Http, 'upgrade' | 'sourceOf' | 'originOf'>
  log: Log
  metrics: Metrics
  sessionOf: (secret: string) => Promise<Actor | undefined>
  standing: Standing
  /** Given late: the handlers need the topics, and the topics need the sockets. */
  dispatch: () => Dispatch
  isNudge: (name: string) => boolean
  /** Resolves when the connection hears what it must. */
  entered: (connection: Connection) => Promise<unknown>
  left: (connection: Connection) => void
}): SocketDoor {
  const { http, log, metrics, sessionOf, standing, dispatch, isNudge, entered, left } = deps
  const connections = new Map<string, Connection>()
  const openings = new WeakMap<object, Opening>()
  const calls = new WeakMap<Call, Connection>()
  const room = places()
  let isDraining = false

  // Half-open connections are noticed within pingInterval + pingTimeout, by both sides.
  const engine = new Engine({
    transports: ['websocket'],
    allowUpgrades: false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: maxMessageBytes,
    pingInterval: 15_000,
    pingTimeout: 10_000,
  })
  const io: HubServer = new Server({ serveClient: false, connectTimeout: 10_000 })
  engine.on('connection', (raw: RawSocket) => {
    const request = raw.request as IncomingMessage
    openings.set(raw, {
      secret: secretOf(request),
      source: http.sourceOf(request),
      userAgent: request.headers['user-agent'] ?? '',
      origin: http.originOf(request),
    })
    Object.assign(raw, { request: null })
  })
  engine.generateId = () => randomUUID()
  // The answer to the upgrade and the first packet leave in one piece.
  engine.on('headers', (_headers: unknown, { socket }: IncomingMessage) => {
    socket.cork()
    setImmediate(() => socket.uncork())
  })
  io.bind(engine)
  const stopUpgrades = http.upgrade('/socket.io', (request, socket, head) => engine.handleUpgrade(request as never, socket, head))

  io.use(async (socket, next) => {
    const refusal = await admit(socket).catch((error): HandshakeRefusal => {
      log.warn({ operation: 'handshake', error })
      return { error: fail('unavailable', 'unavailable').failure }
    })
    next(refusal && Object.assign(new Error('refused'), { data: refusal }))
  })

  async function admit(socket: HubSocket): Promise<HandshakeRefusal | undefined> {
    if (isDraining) return { ending: 'draining' }
    const { protocol, watch } = socket.handshake.auth as { protocol?: unknown; watch?: unknown }
    if (typeof protocol !== 'number') return { error: fail('invalid', 'invalid', { field: 'protocol' }).failure }
    if (protocol < protocolVersion) return { ending: 'client_too_old' }
    if (protocol > protocolVersion) return { ending: 'client_too_new' }

    const opening = openings.get(socket.conn)
    const lookedAt = performance.now()
    const actor = opening?.secret && (await sessionOf(opening.secret))
    if (!opening || !actor) return { error: fail('unauthenticated', 'unauthenticated').failure }
    if (!room.take(actor.accountId, socket.conn)) return { error: tooManyScreens().failure }
    socket.data = { actor, lookedAt, source: opening.source, userAgent: opening.userAgent, origin: opening.origin, watch }
    // That it is in and what it asked for leave together.
    if (watch !== undefined) holdBack(socket.conn)
    return undefined
  }

  io.on('connection', (socket) => {
    const connection: Connection = {
      id: socket.id,
      actor: socket.data.actor,
      socket,
      watching: new Set(),
      watched: Promise.resolve(),
      underWay: 0,
      lookedAt: socket.data.lookedAt,
      looks: 1,
      ending: undefined,
    }
    connections.set(socket.id, connection)
    metrics.sockets.set(connections.size)
    socket.on('disconnect', () => {
      connections.delete(socket.id)
      metrics.sockets.set(connections.size)
      if (!connection.ending) metrics.endings.inc({ kind: 'socket', reason: 'closed' })
      log.debug({ operation: 'socket', code: connection.ending ?? 'closed', actor: connection.actor.accountId })
      left(connection)
    })
    if (isDraining) return end(connection, 'draining', metrics.endings)

    const ready = entered(connection)
    ready.catch((error) => {
      log.warn({ operation: 'connection', error }, 'a socket could not be let in')
      socket.conn.close()
    })
    hear(connection, ready)
    if (socket.data.watch !== undefined) void greet(connection, ready)
  })

  /** Answers what the handshake asked: who comes back knows after one exchange what it missed. */
  async function greet(connection: Connection, ready: Promise<unknown>): Promise<void> {
    const { conn, data } = connection.socket
    const { watch } = data
    data.watch = undefined
    await ask(connection, ready, 'sync.watch', watch, (reply) =>
      write(conn, frameOf('sync.watched', reply, `account:${connection.actor.accountId}`)),
    )
    letGo(conn)
  }

  async function ask(
    connection: Connection,
    ready: Promise<unknown>,
    name: string,
    input: unknown,
    answer: (reply: Reply<unknown>) => void,
  ): Promise<void> {
    const { source, userAgent, origin } = connection.socket.data
    const call: Call = { door: 'socket', source, userAgent, origin, requestId: randomUUID(), session: undefined }
    calls.set(call, connection)
    connection.underWay++
    try {
      await ready
      answer(await dispatch()(connection.actor, name, input, call))
    } catch (error) {
      log.warn({ operation: name, error }, 'a socket asked in vain')
    } finally {
      connection.underWay--
    }
  }

  function hear(connection: Connection, ready: Promise<unknown>): void {
    const { socket } = connection
    const allowance = bucket(burst)

    socket.onAny(async (name: string, input: unknown, ack: unknown) => {
      const isAsked = typeof ack === 'function'
      if (isAsked === isNudge(name)) return
      if (!allowance.take() || connection.underWay >= maxUnderWay) {
        if (isAsked) ack({ ok: false, error: fail('rate_limited', 'rateLimited', { retryAfterMs: 1_000 }).failure })
        return
      }

      await ask(connection, ready, name, input, (reply) => {
        if (isAsked) ack(reply)
      })
    })
  }

  const watch = setInterval(() => {
    for (const connection of connections.values())
      if (!connection.ending && backlogOf(connection.socket.conn) > maxBacklogBytes) end(connection, 'too_slow', metrics.endings)
  }, lookAtBacklogMs)

  const recheck = setInterval(async () => {
    try {
      for (const connection of await overAmong(connections.values(), performance.now(), standing))
        end(connection, 'session_ended', metrics.endings)
    } catch (error) {
      log.warn({ error }, 'sessions could not be looked at')
    }
  }, recheckSessionsMs)

  return {
    io,
    connections,
    connectionOf: (call) => calls.get(call),

    async drain(withinMs) {
      isDraining = true
      const leaving = [...connections.values()]
      const perStep = Math.ceil(leaving.length / 20)
      while (leaving.length > 0) {
        for (const connection of leaving.splice(0, perStep)) void endWhenQuiet(connection)
        if (leaving.length > 0) await new Promise((resolve) => setTimeout(resolve, withinMs / 20))
      }
      await settled(connections, withinMs)
    },

    async close() {
      clearInterval(watch)
      clearInterval(recheck)
      stopUpgrades()
      await io.close()
      engine.close()
    },
  }

  /** What is under way is answered first. */
  async function endWhenQuiet(connection: Connection): Promise<void> {
    const patience = Date.now() + 1_500
    while (connection.underWay > 0 && Date.now() < patience) await new Promise((resolve) => setTimeout(resolve, 10))
    end(connection, 'draining', metrics.endings)
  }
}

async function settled(connections: ReadonlyMap<string, Connection>, withinMs: number): Promise<void> {
  const patience = Date.now() + withinMs
  while (connections.size > 0 && Date.now() < patience) await new Promise((resolve) => setTimeout(resolve, 10))
}
