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
  RtpCapabilities,
  RtpParameters,
  SessionId,
  Source,
} from '@atrium/protocol'
import { layersFor, priorityOf, qualityOf } from './quality.ts'
import { refusing } from './refusing.ts'

/** Who somebody is, by their ticket. */
export interface Admitted {
  participantId: ParticipantId
  accountId: AccountId
  sessionId: SessionId
  roomId: RoomId
  may: readonly ('audio' | 'video' | 'screen')[]
}

interface Sent {
  producer: types.Producer
  source: Source
}
interface Received {
  consumer: types.Consumer
  source: Source
  layers?: types.ConsumerLayers
  priority?: number
}
interface Want {
  id: string
  isPaused: boolean
  width?: number | undefined
  height?: number | undefined
}
type Step<K extends keyof Internal> = Output<Internal, K>

/** What the room does about what a peer did. */
export interface PeerEvents {
  /** To a microphone: who speaks is shown to all. */
  listen(producer: types.Producer): Promise<void>
  changed(): void
  /** A stream to somebody began (1) or ended (-1). */
  counted(consumers: number): void
}

const maxConsumers = 512
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
  readonly #router: types.Router
  readonly #findSource: (producerId: string) => Source | undefined
  readonly #events: PeerEvents
  readonly #sent = new Map<string, Sent>()
  readonly #received = new Map<string, Received>()
  readonly #connected = new Map<string, string>()
  #capabilities: types.RtpCapabilities | undefined
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
    this.#router = deps.router
    this.#events = deps.events
    this.#findSource = deps.findSource
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

  capable(capabilities: RtpCapabilities): void {
    this.#capabilities = capabilities as types.RtpCapabilities
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

  /** What is not there, or one's own, is left out. Each begins paused. */
  async consume(producerIds: readonly string[]): Promise<Step<'media.consume'>['consumers']> {
    const rtpCapabilities = this.#capabilities
    if (!rtpCapabilities) throw fail('conflict', 'conflict')
    const found = await Promise.all([...new Set(producerIds)].map((producerId) => this.#consumeOne(producerId, rtpCapabilities)))
    return found.flatMap((received) => (received ? [described(received)] : []))
  }

  async #consumeOne(producerId: string, rtpCapabilities: types.RtpCapabilities): Promise<Received | undefined> {
    const standing = [...this.#received.values()].find(({ consumer }) => consumer.producerId === producerId)
    if (standing) return standing
    const source = this.#sent.has(producerId) ? undefined : this.#findSource(producerId)
    if (!source || !this.#router.canConsume({ producerId, rtpCapabilities })) return undefined
    if (this.#received.size >= maxConsumers) throw fail('rate_limited', 'rateLimited')

    const consumer = await refusing(() => this.receive.consume({ producerId, rtpCapabilities, paused: true }))
    const received: Received = { consumer, source }
    this.#received.set(consumer.id, received)
    this.#events.counted(1)
    consumer.observer.once('close', () => {
      this.#received.delete(consumer.id)
      this.#events.counted(-1)
    })
    return received
  }

  async wants(wants: readonly Want[]): Promise<void> {
    await refusing(() => Promise.all(wants.map((want) => this.#want(want))))
  }

  /** Only what differs is sent to the worker. A stream that ended meanwhile is no mistake of the page. */
  async #want({ id, isPaused, width, height }: Want): Promise<void> {
    const received = this.#received.get(id)
    if (!received) return
    const { consumer, source } = received
    const shown = width !== undefined && height !== undefined ? { width, height } : undefined
    if (consumer.kind === 'video' && !isPaused) {
      const layers = shown && layersFor(encodingsOf(consumer), source, shown)
      if (layers && !isSame(layers, received.layers)) {
        received.layers = layers
        await consumer.setPreferredLayers(layers)
      }
      const priority = priorityOf(source, shown)
      if (priority !== received.priority) {
        received.priority = priority
        await consumer.setPriority(priority)
      }
    }
    if (consumer.closed || consumer.paused === isPaused) return
    await (isPaused ? consumer.pause() : consumer.resume())
  }

  release(consumerIds: readonly string[]): void {
    for (const id of consumerIds) this.#received.get(id)?.consumer.close()
  }

  async quality(): Promise<Step<'media.quality'>> {
    // Figures cost more than anything else that is asked often: not of a direction in which nothing flows.
    const [[send], [receive]] = await refusing(() =>
      Promise.all([this.#sent.size > 0 ? this.send.getStats() : [], this.#received.size > 0 ? this.receive.getStats() : []]),
    )
    const scores = [
      ...[...this.#sent.values()]
        .filter(({ producer }) => !producer.paused)
        .flatMap(({ producer }) => producer.score.map(({ score }) => score)),
      ...[...this.#received.values()]
        .filter(({ consumer }) => !consumer.paused && !consumer.producerPaused)
        .map(({ consumer }) => consumer.score.score),
    ]
    return qualityOf(send, receive, scores)
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

/** A consumer of several sizes says of its one encoding how many there are. */
function encodingsOf(consumer: types.Consumer): { scalabilityMode?: string }[] {
  const scalabilityMode = consumer.rtpParameters.encodings?.[0]?.scalabilityMode
  const count = Number(/^[LS](\d+)T/.exec(scalabilityMode ?? '')?.[1] ?? 1)
  return Array.from({ length: count }, () => (scalabilityMode === undefined ? {} : { scalabilityMode }))
}

const isSame = (one: types.ConsumerLayers, other: types.ConsumerLayers | undefined) =>
  one.spatialLayer === other?.spatialLayer && one.temporalLayer === other.temporalLayer

const described = ({ consumer, source }: Received): Step<'media.consume'>['consumers'][number] => ({
  id: consumer.id,
  producerId: consumer.producerId,
  kind: consumer.kind,
  source,
  rtpParameters: { ...consumer.rtpParameters },
  isProducerPaused: consumer.producerPaused,
})
