import type { types } from 'mediasoup'
import { fail } from '@atrium/platform'
import type { Internal, Output, RtpCapabilities, Source } from '@atrium/protocol'
import { layersFor, priorityOf } from './quality.ts'
import { refusing } from './refusing.ts'

interface Received {
  consumer: types.Consumer
  source: Source
  /** Kept: whoever asks mediasoup gets a copy of all parameters each time. */
  encodings: ReturnType<typeof encodingsOf>
  layers?: types.ConsumerLayers
  /** Of a picture that is on screen: who is served first when the line is narrow. */
  priority: number | undefined
  /** What the worker was told of that. */
  toldPriority?: number
}
export interface Want {
  id: string
  isPaused: boolean
  width?: number | undefined
  height?: number | undefined
}
type Consumed = Output<Internal, 'media.consume'>['consumers']

const maxConsumers = 512

/** What one peer receives: each stream begins paused, and flows as large as it is on screen. */
export class Receiving {
  readonly #transport: types.WebRtcTransport
  readonly #router: types.Router
  readonly #findSource: (producerId: string) => Source | undefined
  readonly #counted: (consumers: number) => void
  readonly #received = new Map<string, Received>()
  #capabilities: types.RtpCapabilities | undefined

  constructor(deps: {
    transport: types.WebRtcTransport
    router: types.Router
    /** What a producer of somebody else here sends; undefined where there is none of the kind. */
    findSource: (producerId: string) => Source | undefined
    /** A stream began (1) or ended (-1). */
    counted: (consumers: number) => void
  }) {
    this.#transport = deps.transport
    this.#router = deps.router
    this.#findSource = deps.findSource
    this.#counted = deps.counted
  }

  capable(capabilities: RtpCapabilities): void {
    this.#capabilities = capabilities as types.RtpCapabilities
  }

  /** What is not there, or one's own, is left out. */
  async consume(producerIds: readonly string[]): Promise<Consumed> {
    const rtpCapabilities = this.#capabilities
    if (!rtpCapabilities) throw fail('conflict', 'conflict')
    const found = await Promise.all([...new Set(producerIds)].map((producerId) => this.#consumeOne(producerId, rtpCapabilities)))
    return found.flatMap((received) => (received ? [described(received)] : []))
  }

  async #consumeOne(producerId: string, rtpCapabilities: types.RtpCapabilities): Promise<Received | undefined> {
    const standing = [...this.#received.values()].find(({ consumer }) => consumer.producerId === producerId)
    if (standing) return standing
    const source = this.#findSource(producerId)
    if (!source || !this.#router.canConsume({ producerId, rtpCapabilities })) return undefined
    if (this.#received.size >= maxConsumers) throw fail('rate_limited', 'rateLimited')

    const consumer = await refusing(() => this.#transport.consume({ producerId, rtpCapabilities, paused: true }))
    const received: Received = { consumer, source, encodings: encodingsOf(consumer), priority: undefined }
    this.#received.set(consumer.id, received)
    this.#counted(1)
    consumer.observer.once('close', () => {
      this.#received.delete(consumer.id)
      this.#counted(-1)
    })
    return received
  }

  async wants(wants: readonly Want[]): Promise<void> {
    for (const { id, isPaused, ...shown } of wants) {
      const received = this.#received.get(id)
      if (received?.consumer.kind === 'video') received.priority = isPaused ? undefined : priorityOf(received.source, sizeOf(shown))
    }
    await refusing(() => Promise.all([...this.#prioritise(), ...wants.map((want) => this.#want(want))]))
  }

  /** A picture that is alone competes with nobody: the worker is told from the second one on. */
  #prioritise(): Promise<void>[] {
    const pictures = [...this.#received.values()].filter(({ priority }) => priority !== undefined)
    if (pictures.length < 2) return []
    return pictures.flatMap((picture) => {
      const { consumer, priority, toldPriority } = picture
      if (priority === toldPriority) return []
      picture.toldPriority = priority!
      return [consumer.setPriority(priority!)]
    })
  }

  /** Only what differs is sent to the worker. A stream that ended meanwhile is no mistake of the page. */
  async #want({ id, isPaused, ...want }: Want): Promise<void> {
    const received = this.#received.get(id)
    if (!received) return
    const { consumer, source, encodings } = received
    const shown = sizeOf(want)
    // The worker takes them in this order; waiting for each answer would wake this process once for each.
    const asked: Promise<void>[] = []
    if (consumer.kind === 'video' && !isPaused) {
      const layers = shown && layersFor(encodings, source, shown)
      if (layers && !isSame(layers, received.layers)) {
        received.layers = layers
        asked.push(consumer.setPreferredLayers(layers))
      }
    }
    if (consumer.paused !== isPaused) asked.push(isPaused ? consumer.pause() : consumer.resume())
    await Promise.all(asked)
  }

  release(consumerIds: readonly string[]): void {
    for (const id of consumerIds) this.#received.get(id)?.consumer.close()
  }

  get isEmpty(): boolean {
    return this.#received.size === 0
  }

  /** How well that goes which flows. */
  get scores(): number[] {
    return [...this.#received.values()]
      .filter(({ consumer }) => !consumer.paused && !consumer.producerPaused)
      .map(({ consumer }) => consumer.score.score)
  }
}

/** A consumer of several sizes says of its one encoding how many there are. */
export function encodingsOf(consumer: types.Consumer): { scalabilityMode?: string }[] {
  const scalabilityMode = consumer.rtpParameters.encodings?.[0]?.scalabilityMode
  const count = Number(/^[LS](\d+)T/.exec(scalabilityMode ?? '')?.[1] ?? 1)
  return Array.from({ length: count }, () => (scalabilityMode === undefined ? {} : { scalabilityMode }))
}

const sizeOf = ({ width, height }: Pick<Want, 'width' | 'height'>) =>
  width !== undefined && height !== undefined ? { width, height } : undefined

const isSame = (one: types.ConsumerLayers, other: types.ConsumerLayers | undefined) =>
  one.spatialLayer === other?.spatialLayer && one.temporalLayer === other.temporalLayer

const described = ({ consumer, source }: Received): Consumed[number] => ({
  id: consumer.id,
  producerId: consumer.producerId,
  kind: consumer.kind,
  source,
  rtpParameters: { ...consumer.rtpParameters },
  isProducerPaused: consumer.producerPaused,
})
