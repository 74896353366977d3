import { randomUUID } from 'node:crypto'
import { createWriteStream, type WriteStream } from 'node:fs'
import { io, type Socket } from 'socket.io-client'
import {
  contract,
  protocolVersion,
  type ClientToServer,
  type Hub,
  type Message,
  type Position,
  type Reply,
  type ServerToClient,
} from '@atrium/protocol'

/** What became of a send, as its sender knows it. `unknown`: no answer came; it may be stored or not. */
export type Outcome = 'ok' | 'refused' | 'unknown'
export interface Attempt {
  clientId: string
  roomId: string
  outcome: Outcome
  id?: string
  seq?: number
  /** Of the sender's own monotonic clock, in milliseconds. */
  begunAt: number
  endedAt: number
}
type Fact = { name: string; payload: unknown; at: Position }

/** A room's numbers are whole only to whoever hears every fact of it. */
const factNames = Object.entries(contract).flatMap(([name, entry]) => (entry.kind === 'fact' && entry.topic === 'room' ? [name] : []))

export interface WitnessOptions {
  url: string
  /** The session cookie, as the browser would send it. */
  cookie: string
  name: string
  /** Every intent and outcome is written here at once, so that what the witness knew outlives it. */
  notes?: string
  origin?: string
  ackTimeoutMs?: number
}

/**
 * A client that is no part of the product: speaks the protocol, keeps its own account of what it asked and what it was
 * told, and of every fact it saw. It follows rooms by arithmetic alone: the next number is applied, a gap is asked for.
 */
export class Witness {
  readonly attempts: Attempt[] = []
  /** Per room: the messages by number, as this screen shows them. */
  readonly screens = new Map<string, Map<number, { id: string; body: string; authorId: string } | null>>()
  /** Per room: the number from which on the screen shows everything. */
  readonly since = new Map<string, number>()
  /** A fact that arrived twice, or a number at which another fact had been: neither may happen. */
  readonly contradictions: string[] = []
  readonly endings: string[] = []
  reconnects = 0
  readonly socket: Socket<ServerToClient<Hub>, ClientToServer<Hub>>
  readonly options: WitnessOptions
  #epoch = ''
  readonly #last = new Map<string, number>()
  readonly #asking = new Set<string>()
  /** The highest number heard of, per topic: what was heard while we asked may be missing in the answer. */
  readonly #known = new Map<string, number>()
  readonly #notes: WriteStream | undefined
  #isClosed = false
  #wasOnline = false

  constructor(options: WitnessOptions) {
    this.options = options
    this.#notes = options.notes ? createWriteStream(options.notes, { flags: 'a' }) : undefined
    const origin = options.origin ?? new URL(options.url).origin
    this.socket = io(options.url, {
      transports: ['websocket'],
      auth: { protocol: protocolVersion },
      extraHeaders: { cookie: options.cookie, origin },
      timeout: 4_000,
      reconnectionDelay: 50,
      reconnectionDelayMax: 500,
      randomizationFactor: 0.5,
      forceNew: true,
      autoConnect: false,
    })
    for (const name of factNames) this.socket.on(name as 'chat.message.sent', (payload, at) => this.#hear({ name, payload, at }))
    this.socket.on('connect', () => {
      if (this.#wasOnline) this.reconnects++
      this.#wasOnline = true
      this.#watch().catch((error) => void (!this.#isClosed && this.contradictions.push(String(error))))
    })
    this.socket.on('hub.ending', ({ ending }) => void this.endings.push(ending))
    // Refused by a hub that begins or ends: Socket.IO leaves the next try to us.
    this.socket.on('connect_error', () => void (!this.socket.active && !this.#isClosed && setTimeout(() => this.socket.connect(), 100)))
    // A hub that drains closes the connection itself; Socket.IO then leaves the next try to us.
    this.socket.on(
      'disconnect',
      (reason) => void (reason === 'io server disconnect' && !this.#isClosed && setTimeout(() => this.socket.connect(), 50)),
    )
  }

  async open(roomIds: string[]): Promise<this> {
    for (const roomId of roomIds) this.screens.set(roomId, new Map())
    this.socket.connect()
    for (const roomId of roomIds) {
      const opened = await this.ask('chat.open', { roomId } as never)
      const { view, epoch } = opened as { view: { messages: Message[]; hasEarlier: boolean }; epoch: string }
      const { at } = opened as { at: Position }
      this.#epoch = epoch
      this.since.set(roomId, view.hasEarlier ? view.messages[0]!.seq : 0)
      for (const message of view.messages) this.screens.get(roomId)!.set(message.seq, message)
      this.#last.set(at.topic, at.seq)
    }
    await this.#watch()
    return this
  }

  /** Sends once and notes what came of it; `repeat` uses the same `clientId` until there is an answer. */
  async send(roomId: string, body: string, { clientId = randomUUID() as string, repeat = true } = {}): Promise<Attempt> {
    const attempt: Attempt = { clientId, roomId, outcome: 'unknown', begunAt: performance.now(), endedAt: 0 }
    this.attempts.push(attempt)
    this.#note({ intent: clientId, roomId, body, at: attempt.begunAt })
    do {
      const reply = await this.#emit('chat.send', { clientId, roomId, body }).catch(() => undefined)
      if (reply?.ok) Object.assign(attempt, { outcome: 'ok', id: (reply.data as Message).id, seq: (reply.data as Message).seq })
      else if (reply && !['unavailable', 'rate_limited'].includes(reply.error.code)) attempt.outcome = 'refused'
      else if (reply?.error.retryAfterMs) await new Promise((resolve) => setTimeout(resolve, Math.min(reply.error.retryAfterMs!, 500)))
    } while (attempt.outcome === 'unknown' && repeat && !this.#isClosed)
    attempt.endedAt = performance.now()
    this.#note({ outcome: attempt.outcome, of: clientId, seq: attempt.seq, at: attempt.endedAt })
    return attempt
  }

  /** A query or command that is asked again until it is answered. */
  async ask(name: string, input: unknown): Promise<unknown> {
    for (;;) {
      const reply = await this.#emit(name, input).catch(() => undefined)
      if (reply?.ok) return reply.data
      if (reply && !['unavailable', 'rate_limited'].includes(reply.error.code))
        throw new Error(`${this.options.name}: ${name}: ${JSON.stringify(reply.error)}`)
      if (this.#isClosed) throw new Error(`${this.options.name}: closed while asking ${name}`)
      if (reply) await new Promise((resolve) => setTimeout(resolve, Math.min(reply.error.retryAfterMs ?? 50, 500)))
    }
  }

  once = (name: string, input: unknown): Promise<Reply<unknown>> => this.#emit(name, input)

  lastOf = (roomId: string): number => this.#last.get(`room:${roomId}`) ?? 0

  async close(): Promise<void> {
    this.#isClosed = true
    this.socket.disconnect()
    if (this.#notes) await new Promise((resolve) => this.#notes!.end(resolve))
  }

  #emit(name: string, input: unknown): Promise<Reply<unknown>> {
    const emitter = this.socket.timeout(this.options.ackTimeoutMs ?? 3_000) as unknown as {
      emitWithAck(name: string, input: unknown): Promise<Reply<unknown>>
    }
    return emitter.emitWithAck(name, input)
  }

  async #watch(): Promise<void> {
    const topics = [...this.#last.keys()]
    if (topics.length === 0) return
    const { epoch, watching } = (await this.ask('sync.watch', { topics })) as { epoch: string; watching: Position[] }
    if (epoch !== this.#epoch) this.contradictions.push(`the epoch changed from ${this.#epoch} to ${epoch}`)
    for (const { topic, seq } of watching) if (seq > this.#last.get(topic)!) void this.#catchUp(topic, seq)
  }

  #hear(fact: Fact): void {
    const last = this.#last.get(fact.at.topic)
    if (last === undefined) return
    if (fact.at.seq <= last) return this.#compare(fact)
    if (fact.at.seq === last + 1) return this.#apply(fact)
    void this.#catchUp(fact.at.topic, fact.at.seq)
  }

  async #catchUp(topic: string, upTo: number): Promise<void> {
    this.#known.set(topic, Math.max(upTo, this.#known.get(topic) ?? 0))
    if (this.#asking.has(topic)) return
    this.#asking.add(topic)
    try {
      while (this.#last.get(topic)! < this.#known.get(topic)!) {
        const [delta] = (await this.ask('sync.since', { epoch: this.#epoch, positions: [{ topic, seq: this.#last.get(topic)! }] })) as [
          { kind: string; facts?: Fact[] },
        ]
        if (delta.kind !== 'delta') throw new Error(`${this.options.name}: ${topic}: ${delta.kind} where a delta was due`)
        for (const fact of delta.facts!) if (fact.at.seq === this.#last.get(topic)! + 1) this.#apply(fact)
      }
    } catch (error) {
      if (!this.#isClosed) this.contradictions.push(String(error))
    } finally {
      this.#asking.delete(topic)
    }
  }

  #apply({ name, payload, at }: Fact): void {
    this.#last.set(at.topic, at.seq)
    const screen = this.screens.get(at.topic.slice('room:'.length))
    const message = payload as Message | null
    if (!screen || !message) return
    if (name === 'chat.message.sent') {
      if (message.seq !== at.seq) this.contradictions.push(`${at.topic} ${at.seq}: the message says ${message.seq}`)
      for (const [seq, other] of screen)
        if (other?.id === message.id && seq !== at.seq) this.contradictions.push(`${message.id} at ${seq} and at ${at.seq}`)
      screen.set(at.seq, message)
    } else if (name === 'chat.message.edited') screen.set(message.seq, message)
    else if (name === 'chat.message.deleted') screen.delete(message.seq)
  }

  /** A number that was seen before must bring the same again: delivered twice is shown once. */
  #compare({ name, payload, at }: Fact): void {
    const known = this.screens.get(at.topic.slice('room:'.length))?.get(at.seq)
    if (name === 'chat.message.sent' && known && payload && known.id !== (payload as Message).id)
      this.contradictions.push(`${at.topic} ${at.seq}: ${known.id} and then ${(payload as Message).id}`)
  }

  #note(line: object): void {
    this.#notes?.write(`${JSON.stringify({ who: this.options.name, ...line })}\n`)
  }
}
