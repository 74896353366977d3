import type { types } from 'mediasoup'
import { fail } from '@atrium/platform'
import type { MediaState, MeetingId, ParticipantId } from '@atrium/protocol'
import { initialOutgoingBps, maxIncomingBps, mediaCodecs } from './codecs.ts'
import { Peer, type Admitted } from './peer.ts'
import { refusing } from './refusing.ts'
import { speakers, type Speaker } from './speakers.ts'
import type { MediaWorker } from './workers.ts'

export interface RoomEvents {
  changing(state: MediaState): void
  speaking(speakers: Speaker[]): void
  counted(consumers: number): void
  /** The worker died under it. The room is of no use any more; its people are still in the meeting. */
  lost(people: ParticipantId[]): void
}

/** How a peer's transports are made. */
export type MakeTransport = (router: types.Router, media: MediaWorker) => Promise<types.WebRtcTransport>

const maxPeers = 500
/** ICE gives a silent page up after this; the participant stays for much longer. */
const iceConsentSeconds = 10
const changingEveryMs = 100

/** A meeting on this node: a router of one worker, and the peers in it. */
export class Room {
  readonly meetingId: MeetingId
  readonly media: MediaWorker
  readonly router: types.Router
  readonly #peers = new Map<ParticipantId, Peer>()
  readonly #events: RoomEvents
  readonly #makeTransport: MakeTransport
  readonly #speakers: Awaited<ReturnType<typeof speakers>>
  /** Begins with the time: the numbers of a later room of this meeting, here or on another node, go on above. */
  #version = Date.now()
  #said: NodeJS.Timeout | undefined
  #isClosed = false
  #entering = 0

  private constructor(deps: {
    meetingId: MeetingId
    media: MediaWorker
    router: types.Router
    events: RoomEvents
    heard: Awaited<ReturnType<typeof speakers>>
    makeTransport: MakeTransport
  }) {
    this.meetingId = deps.meetingId
    this.media = deps.media
    this.router = deps.router
    this.#events = deps.events
    this.#speakers = deps.heard
    this.#makeTransport = deps.makeTransport
    this.router.once('workerclose', () => {
      if (this.#isClosed) return
      const people = this.participants
      this.close()
      this.#events.lost(people)
    })
  }

  static async open(
    meetingId: MeetingId,
    media: MediaWorker,
    events: RoomEvents,
    makeTransport: MakeTransport = forBrowsers,
  ): Promise<Room> {
    return refusing(async () => {
      const router = await media.worker.createRouter({ mediaCodecs })
      const heard = await speakers(router, (who) => events.speaking(who))
      return new Room({ meetingId, media, router, events, heard, makeTransport })
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get peers(): readonly Peer[] {
    return [...this.#peers.values()]
  }

  /** Nobody is here, nor on the way in. */
  get isEmpty(): boolean {
    return this.#peers.size === 0 && this.#entering === 0
  }

  get participants(): ParticipantId[] {
    return [...this.#peers.keys()]
  }

  get version(): number {
    return this.#version
  }

  get state(): MediaState {
    return { version: this.#version, participants: this.participants, producers: this.peers.flatMap(({ producers }) => producers) }
  }

  /** The same participant again takes the place of the earlier page. */
  async enter(who: Admitted): Promise<Peer> {
    if (this.#peers.size >= maxPeers && !this.#peers.has(who.participantId)) throw fail('over_quota', 'overQuota')
    const [send, receive] = await this.#transports()

    this.#peers.get(who.participantId)?.close()
    const peer = new Peer({
      who,
      router: this.router,
      send,
      receive,
      findSource: (producerId) => this.#findSource(producerId),
      events: {
        listen: (producer) => this.#speakers.hear(producer, who.participantId),
        changed: () => this.#changed(),
        counted: (consumers) => this.#events.counted(consumers),
      },
    })
    this.#peers.set(who.participantId, peer)
    this.media.peers++
    send.observer.once('close', () => {
      this.media.peers--
      // Nobody left: all of them are asked to come to another worker.
      if (this.media.worker.died) return
      if (this.#peers.get(who.participantId) === peer) this.#peers.delete(who.participantId)
      this.#changed()
    })
    this.#changed()
    return peer
  }

  peerOf(participantId: ParticipantId): Peer | undefined {
    return this.#peers.get(participantId)
  }

  async #transports(): Promise<[send: types.WebRtcTransport, receive: types.WebRtcTransport]> {
    const make = () => this.#makeTransport(this.router, this.media)
    this.#entering++
    try {
      const [send, receive] = await refusing(() => Promise.all([make(), make()]))
      await refusing(() => send.setMaxIncomingBitrate(maxIncomingBps))
      if (this.#isClosed) throw fail('unavailable', 'unavailable')
      return [send, receive]
    } finally {
      this.#entering--
    }
  }

  #findSource(producerId: string) {
    for (const peer of this.#peers.values()) {
      const source = peer.sourceOf(producerId)
      if (source) return source
    }
    return undefined
  }

  /** Told at once, and then no more often than ten times a second: at the beginning of a meeting everything changes. */
  #changed(): void {
    this.#version++
    if (this.#isClosed || this.#said) return
    // What belongs together has happened by the next turn: who leaves closes four producers.
    let told = this.#version
    setImmediate(() => {
      told = this.#version
      if (!this.#isClosed) this.#events.changing(this.state)
    })
    this.#said = setTimeout(() => {
      this.#said = undefined
      if (this.#version > told && !this.#isClosed) this.#events.changing(this.state)
    }, changingEveryMs)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#said)
    for (const peer of this.#peers.values()) peer.close()
    this.#peers.clear()
    this.router.close()
  }
}

const forBrowsers: MakeTransport = (router, { server }) =>
  router.createWebRtcTransport({
    webRtcServer: server,
    preferUdp: true,
    iceConsentTimeout: iceConsentSeconds,
    initialAvailableOutgoingBitrate: initialOutgoingBps,
  })
