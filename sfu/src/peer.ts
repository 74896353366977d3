import { randomUUID } from 'node:crypto'
import type { types } from 'mediasoup'
import { fail } from '@atrium/platform'
import type {
  AccountId,
  DtlsParameters,
  Output,
  Internal,
  ParticipantId,
  Producer,
  RoomId,
  RtpParameters,
  SessionId,
  Source,
} from '@atrium/protocol'
import { lossOf } from './quality.ts'
import { Receiving } from './receiving.ts'
import { refusing } from './refusing.ts'

/** Who somebody is, by their ticket. */
export interface Admitted {
  participantId: ParticipantId
  accountId: AccountId
  sessionId: SessionId
  roomId: RoomId
  may: readonly ('audio' | 'video' | 'screen')[]
  /** The losses of rights that its ticket knew of: read before the look, not when it was signed. */
  asOf: number
}

interface Sent {
  producer: types.Producer
  source: Source
}

/** What the room does about what a peer did. */
export interface PeerEvents {
  /** To a microphone: who speaks is shown to all. */
  listen(producer: types.Producer): Promise<void>
  changed(): void
  /** A stream to somebody began (1) or ended (-1). */
  counted(consumers: number): void
}

/** Of scores, which say how much of a stream arrives. */
const best = 10
const kindOf: Record<Source, 'audio' | 'video'> = { microphone: 'audio', camera: 'video', screen: 'video', screen_sound: 'audio' }
const neededFor: Record<Source, Admitted['may'][number]> = {
  microphone: 'audio',
  camera: 'video',
  screen: 'screen',
  screen_sound: 'screen',
}

/** One participant at this node: one page, with a transport for what it sends and one for what it receives. */
export class Peer {
  /** The page's secret: whoever names it and is the right account and session is this peer. */
  readonly id = randomUUID()
  readonly who: Admitted
  readonly send: types.WebRtcTransport
  readonly receive: types.WebRtcTransport
  readonly receiving: Receiving
  readonly #findSource: (producerId: string) => Source | undefined
  readonly #events: PeerEvents
  readonly #sent = new Map<string, Sent>()
  readonly #connected = new Map<string, string>()
  #turn: Promise<unknown> = Promise.resolve()
  #heardAt = performance.now()

  constructor(deps: {
    who: Admitted
    router: types.Router
    send: types.WebRtcTransport
    receive: types.WebRtcTransport
    events: PeerEvents
    /** What a producer of somebody else here sends; undefined where there is none of the kind. */
    findSource: (producerId: string) => Source | undefined
  }) {
    this.who = deps.who
    this.send = deps.send
    this.receive = deps.receive
    this.#events = deps.events
    this.#findSource = deps.findSource
    this.receiving = new Receiving({
      transport: deps.receive,
      router: deps.router,
      findSource: (producerId) => (this.#sent.has(producerId) ? undefined : deps.findSource(producerId)),
      counted: (consumers) => deps.events.counted(consumers),
    })
  }

  get producers(): Producer[] {
    return [...this.#sent.values()].map(({ producer, source }) => ({
      id: producer.id,
      participantId: this.who.participantId,
      source,
      kind: producer.kind,
      isPaused: producer.paused,
    }))
  }

  sourceOf(producerId: string): Source | undefined {
    return this.#sent.get(producerId)?.source
  }

  /**
   * For how long nothing was heard of this page: neither its network's signs of life, which ICE looks at, nor a call. Zero
   * while it is connected.
   */
  silentForMs(): number {
    const isHeard = [this.send, this.receive].some(
      ({ iceState, dtlsState, closed }) => !closed && (iceState === 'connected' || iceState === 'completed') && dtlsState !== 'closed',
    )
    if (isHeard) this.heard()
    return performance.now() - this.#heardAt
  }

  heard(): void {
    this.#heardAt = performance.now()
  }

  /** The page itself closed its connections: it left, or loads anew. */
  get hasHungUp(): boolean {
    const states = [this.send, this.receive].map(({ dtlsState }) => dtlsState)
    return states.includes('closed') && states.every((state) => state === 'closed' || state === 'new')
  }

  /** One step after the other: a repetition that overtakes its first run would do everything twice. */
  inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => {
      if (this.send.closed) throw fail('not_found', 'meetings.notInside')
      return step()
    })
    this.#turn = done.catch(() => undefined)
    return done
  }

  async connect(transportId: string, dtlsParameters: DtlsParameters): Promise<void> {
    const transport = this.#transport(transportId)
    const asked = JSON.stringify(dtlsParameters.fingerprints)
    const before = this.#connected.get(transportId)
    if (before !== undefined && before !== asked) throw fail('conflict', 'conflict')
    if (before !== undefined) return
    await refusing(() => transport.connect({ dtlsParameters: dtlsParameters as types.DtlsParameters }))
    this.#connected.set(transportId, asked)
  }

  async restart(transportId: string): Promise<types.IceParameters> {
    const transport = this.#transport(transportId)
    return refusing(() => transport.restartIce())
  }

  /** One of each source: a second one replaces the first. */
  async produce(
    id: string,
    asked: { transportId: string; source: Source; rtpParameters: RtpParameters; isPaused: boolean },
  ): Promise<void> {
    const { source, rtpParameters } = asked
    const standing = this.#sent.get(id)
    if (standing && standing.source !== source) throw fail('conflict', 'conflict')
    if (standing) return
    if (asked.transportId !== this.send.id) throw fail('not_found', 'notFound')
    if (!this.who.may.includes(neededFor[source])) throw fail('forbidden', 'forbidden')
    if (this.#findSource(id)) throw fail('conflict', 'conflict')

    for (const earlier of this.#sent.values()) if (earlier.source === source) earlier.producer.close()
    const producer = await refusing(() =>
      this.send.produce({
        id,
        kind: kindOf[source],
        rtpParameters: rtpParameters as types.RtpParameters,
        paused: asked.isPaused,
        // Each newcomer asks for a key frame; a second one within this time would be the same picture again.
        keyFrameRequestDelay: 500,
      }),
    )
    this.#sent.set(id, { producer, source })
    producer.observer.once('close', () => {
      this.#sent.delete(id)
      this.#events.changed()
    })
    this.#events.changed()
    if (source === 'microphone') await refusing(() => this.#events.listen(producer))
  }

  async pause(producerId: string, isPaused: boolean): Promise<void> {
    const sent = this.#sent.get(producerId)
    if (!sent) throw fail('not_found', 'notFound')
    if (sent.producer.paused === isPaused) return
    await refusing(() => (isPaused ? sent.producer.pause() : sent.producer.resume()))
    this.#events.changed()
  }

  /** By a host. Whoever is muted may speak again when they choose to. */
  async mute(): Promise<void> {
    for (const { producer, source } of [...this.#sent.values()]) if (source === 'microphone') await this.pause(producer.id, true)
  }

  closeProducer(producerId: string): void {
    this.#sent.get(producerId)?.producer.close()
  }

  /**
   * How well it goes with what flows: the worst score. Figures cost more than anything else that is asked often, and the worker
   * tells scores by itself: only where one is not the best is it asked for losses.
   */
  async quality(): Promise<Output<Internal, 'media.quality'>> {
    const scores = [
      ...[...this.#sent.values()]
        .filter(({ producer }) => !producer.paused)
        .flatMap(({ producer }) => producer.score.map(({ score }) => score)),
      ...this.receiving.scores,
    ]
    const score = Math.min(best, ...scores)
    if (score === best) return { score, sendLoss: 0, receiveLoss: 0 }
    const [[send], [receive]] = await refusing(() =>
      Promise.all([this.#sent.size > 0 ? this.send.getStats() : [], !this.receiving.isEmpty ? this.receive.getStats() : []]),
    )
    return { score, ...lossOf(send, receive) }
  }

  /** Everything of it, here and at those who receive it. */
  close(): void {
    this.send.close()
    this.receive.close()
  }

  #transport(id: string): types.WebRtcTransport {
    const found = [this.send, this.receive].find((transport) => transport.id === id)
    if (!found) throw fail('not_found', 'notFound')
    return found
  }
}
