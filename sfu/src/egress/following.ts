import type { types } from 'mediasoup'
import type { ParticipantId, Producer } from '@atrium/protocol'
import { layersFor } from '../quality.ts'
import { encodingsOf } from '../receiving.ts'
import type { Room } from '../room.ts'
import type { Speaker } from '../speakers.ts'
import type { Composer } from './composer.ts'
import type { Said } from './orders.ts'

interface Taken {
  producer: Producer
  consumer: types.Consumer
  seat: string
  isTracked: boolean
  size: [width: number, height: number] | undefined
}

/** A shared screen has a place of its own. */
const seatOf = ({ participantId, source }: Pick<Producer, 'participantId' | 'source'>) =>
  source === 'screen' ? `${participantId}/screen` : participantId

/** Shows the composer what happens in a room: who comes and goes, who sends what, who speaks. For as long as the room is there. */
export class Following {
  readonly #room: Room
  readonly #composer: Pick<Composer, 'tell' | 'port'>
  readonly #transport: types.PlainTransport
  readonly #taken = new Map<string, Taken>()
  readonly #seats = new Map<string, string>()
  #names: Record<string, string>
  #stage: string | null = null
  #speaker: string | null = null
  #turn: Promise<void> = Promise.resolve()
  #isDue = false

  private constructor(room: Room, composer: Composer, transport: types.PlainTransport, names: Record<string, string>) {
    this.#room = room
    this.#composer = composer
    this.#transport = transport
    this.#names = names
  }

  static async begin(room: Room, composer: Composer, names: Record<string, string>): Promise<Following> {
    const transport = await room.router.createPlainTransport({ listenInfo: { protocol: 'udp', ip: '127.0.0.1' }, rtcpMux: true })
    await transport.connect({ ip: '127.0.0.1', port: composer.port })
    composer.tell({ do: 'connect', port: transport.tuple.localPort })
    const following = new Following(room, composer, transport, names)
    following.changed()
    return following
  }

  named(names: Record<string, string>): void {
    this.#names = { ...this.#names, ...names }
    this.changed()
  }

  /** What changes while we look is looked at again. */
  changed(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#turn = this.#turn.then(() => {
      this.#isDue = false
      // A producer that is gone by now, or all of the room: the next look finds it so.
      return this.#compare().catch(() => undefined)
    })
  }

  speaking([first]: readonly Speaker[]): void {
    const speaker = first?.participantId ?? null
    if (speaker === this.#speaker) return
    this.#speaker = speaker
    this.#composer.tell({ do: 'speaker', id: speaker })
  }

  hear(said: Said): void {
    if (said.is === 'key-wanted')
      void this.#taken
        .get(said.consumerId)
        ?.consumer.requestKeyFrame()
        .catch(() => undefined)
    if (said.is === 'tracked') {
      const taken = this.#taken.get(said.consumerId)
      if (taken) taken.isTracked = true
      if (taken) this.#flow(taken)
    }
    if (said.is === 'shown')
      for (const taken of this.#taken.values()) {
        taken.size = said.sizes[taken.seat]
        this.#flow(taken)
      }
  }

  async #compare(): Promise<void> {
    if (this.#transport.closed) return
    const { participants, producers } = this.#room.state
    this.#seat(participants, producers)
    const standing = new Map(producers.map((producer) => [producer.id, producer]))
    for (const taken of [...this.#taken.values()]) {
      const now = standing.get(taken.producer.id)
      standing.delete(taken.producer.id)
      if (now) this.#turned(taken, now)
      else this.#drop(taken)
    }
    for (const producer of standing.values()) await this.#take(producer)
  }

  #seat(participants: readonly ParticipantId[], producers: readonly Producer[]): void {
    const screens = producers.filter(({ source, isPaused }) => source === 'screen' && !isPaused)
    const wanted = new Map<string, string>(participants.map((id) => [id, this.#names[id] ?? '']))
    for (const screen of screens) wanted.set(seatOf(screen), this.#names[screen.participantId] ?? '')
    for (const id of this.#seats.keys())
      if (!wanted.has(id)) {
        this.#seats.delete(id)
        this.#composer.tell({ do: 'leave', id })
      }
    for (const [id, name] of wanted) {
      if (this.#seats.get(id) === name) continue
      this.#seats.set(id, name)
      this.#composer.tell({ do: 'seat', id, name })
    }
    // Who began last has the stage.
    const last = screens.at(-1)
    const stage = last ? seatOf(last) : null
    if (stage !== this.#stage) this.#composer.tell({ do: 'stage', id: stage })
    this.#stage = stage
  }

  async #take(producer: Producer): Promise<void> {
    const consumer = await this.#transport.consume({
      producerId: producer.id,
      rtpCapabilities: capabilities(this.#room.router),
      paused: true,
    })
    const taken: Taken = { producer, consumer, seat: seatOf(producer), isTracked: false, size: undefined }
    this.#taken.set(consumer.id, taken)
    if (!producer.isPaused) this.#show(taken)
  }

  #show({ consumer, producer, seat }: Taken): void {
    this.#composer.tell({ do: 'track', id: seat, kind: producer.kind, ssrc: ssrcOf(consumer), consumerId: consumer.id })
  }

  #turned(taken: Taken, now: Producer): void {
    const before = taken.producer.isPaused
    taken.producer = now
    if (before === now.isPaused) return
    taken.isTracked = false
    if (now.isPaused) this.#composer.tell({ do: 'mute', ssrc: ssrcOf(taken.consumer) })
    else this.#show(taken)
    this.#flow(taken)
  }

  #drop(taken: Taken): void {
    this.#taken.delete(taken.consumer.id)
    taken.consumer.close()
    this.#composer.tell({ do: 'mute', ssrc: ssrcOf(taken.consumer) })
  }

  /** Pictures flow while they are drawn, in the size that is drawn; sound always. */
  #flow({ consumer, producer, isTracked, size }: Taken): void {
    if (consumer.closed) return
    const isFlowing = isTracked && !producer.isPaused && (producer.kind === 'audio' || size !== undefined)
    const doing: Promise<void>[] = []
    if (size && consumer.type === 'simulcast') {
      const layers = layersFor(encodingsOf(consumer), producer.source, { width: size[0], height: size[1] })
      if (layers) doing.push(consumer.setPreferredLayers(layers))
    }
    if (consumer.paused === isFlowing) doing.push(isFlowing ? consumer.resume() : consumer.pause())
    // A worker that is gone takes the room with it: there is another way to hear of that.
    Promise.all(doing).catch(() => undefined)
  }

  /** All places are empty until there is a room again. */
  close(): void {
    for (const id of this.#seats.keys()) this.#composer.tell({ do: 'leave', id })
    this.#seats.clear()
    this.#taken.clear()
    this.#transport.close()
  }
}

const ssrcOf = (consumer: types.Consumer): number => consumer.rtpParameters.encodings?.[0]?.ssrc ?? 0

/** What the composer takes: no second sending of what was lost, for between us nothing is. */
function capabilities({ rtpCapabilities }: types.Router): types.RtpCapabilities {
  const codecs = (rtpCapabilities.codecs ?? []).filter(({ mimeType }) => !mimeType.toLowerCase().endsWith('/rtx'))
  const rtcpFeedback = [{ type: 'nack', parameter: 'pli' }]
  return { codecs: codecs.map((codec) => ({ ...codec, rtcpFeedback: codec.kind === 'video' ? rtcpFeedback : [] })), headerExtensions: [] }
}
