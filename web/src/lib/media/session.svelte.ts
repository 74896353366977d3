import { SvelteMap } from 'svelte/reactivity'
import type { Hub, MediaState, MeetingId, ParticipantId, Payload, Producer, Source } from '@atrium/protocol'
import { canMeet } from './device.ts'
import type { Own } from './own.svelte.ts'
import { Peer, Refused, type Line } from './peer.ts'
import { freshMs, Wishes } from './wishes.ts'

export type Link = 'connecting' | 'connected' | 'reconnecting' | 'closed'

export interface SessionDeps {
  line: Line
  meetingId: MeetingId
  me: ParticipantId
  own: Own
  /** A ticket for the node; undefined: one may not come in any more, and why was said elsewhere. */
  ticket: () => Promise<string | undefined>
}

const mostAtOnce = 9
const seeingMs = 250
const patienceMs = 1_200
const restartMs = 6_000
const qualityMs = 4_000
const hiddenMs = 4_000
const empty: MediaState = { version: -1, participants: [], producers: [] }
type Quality = 'good' | 'weak'

/** The media half of being in a meeting: through bad networks, dying nodes and unplugged devices, until it is closed. */
export class MediaSession {
  link = $state<Link>('connecting')
  state = $state.raw<MediaState>(empty)
  /** What comes in, by producer. */
  tracks = new SvelteMap<string, MediaStreamTrack>()
  speakers = $state.raw<readonly { participantId: ParticipantId; loudness: number }[]>([])
  quality = $state<Quality>('good')
  #deps: SessionDeps
  #peer: Peer | undefined
  #wishes = new Wishes()
  #asked = new Set<string>()
  #isAdjusting = false
  #isEntering = false
  #repair: ReturnType<typeof setTimeout> | undefined
  #wasWeak = false
  #off: (() => void)[] = []
  #syncing: Promise<void> = Promise.resolve()

  constructor(deps: SessionDeps) {
    this.#deps = deps
    const { own } = deps
    this.#off.push(
      $effect.root(() => {
        $effect(() => {
          void [own.microphone, own.camera, own.screen, own.screenSound, own.wantsMicrophone]
          this.#publish()
        })
      }),
    )
    this.#watchVisibility()
    const timer = setInterval(() => void this.#measure(), qualityMs)
    this.#off.push(() => clearInterval(timer))
    void this.#enter()
  }

  static isPossible = canMeet

  /** Of the others. */
  get producers(): readonly Producer[] {
    return this.state.producers.filter((one) => one.participantId !== this.#deps.me)
  }

  producerOf = (participantId: ParticipantId, source: Source): Producer | undefined =>
    this.state.producers.find((one) => one.participantId === participantId && one.source === source)

  /** A screen that shows this producer so large; until the returned function is called. */
  want(producerId: string, size: { width: number; height: number } | undefined, by: object): void {
    this.#wishes.show(producerId, size, by)
    this.#adjust()
  }

  heard(name: string, payload: unknown): void {
    if (name === 'media.speaking') this.speakers = (payload as Payload<Hub, 'media.speaking'>).speakers
    else if (name === 'media.lost') void this.#enter()
    else if (name === 'media.changing') {
      const { version, state } = payload as Payload<Hub, 'media.changing'>
      if (version <= this.state.version) return
      if (state) this.#take({ version, ...state })
      else void this.#look()
    }
  }

  /** The line to the hub is back: what was said meanwhile is asked for, and whether the node still knows us. */
  back(): void {
    if (this.link !== 'closed' && this.#peer) void this.#look()
  }

  close(): void {
    this.link = 'closed'
    clearTimeout(this.#repair)
    for (const off of this.#off) off()
    this.#peer?.close()
    this.#peer = undefined
    this.tracks.clear()
  }

  async #enter(): Promise<void> {
    if (this.#isEntering || this.link === 'closed') return
    this.#isEntering = true
    if (this.#peer) this.link = 'reconnecting'
    const { line, meetingId, ticket } = this.#deps
    try {
      for (let attempt = 0; ; attempt++) {
        const admission = await ticket()
        if (admission === undefined || this.#isClosed()) return
        try {
          const before = this.#peer
          const peer: Peer = await Peer.enter(line, meetingId, admission, () => this.#peer === peer && this.#connectionChanged())
          if (this.#isClosed()) return peer.close()
          before?.close()
          this.#begin(peer)
          return
        } catch (error) {
          // A ticket is good for a minute, once: who waited longer, or was asked twice, needs another.
          if (!(error instanceof Refused)) throw error
          await new Promise((resolve) => setTimeout(resolve, Math.min(4_000, 250 * 2 ** attempt)))
          if (this.#isClosed()) return
        }
      }
    } finally {
      this.#isEntering = false
    }
  }

  #isClosed = () => this.link === 'closed'

  #begin(peer: Peer) {
    this.#peer = peer
    this.#wishes.begin()
    this.#asked.clear()
    this.state = empty
    this.#take(peer.state)
    // To see comes first: a browser that begins to send is busy with that for a moment.
    setTimeout(() => this.#publish(), this.producers.length > 0 ? seeingMs : 0)
    this.#connectionChanged()
  }

  #take(state: MediaState) {
    if (state.version <= this.state.version) return
    this.state = state
    const sent = new Set(state.producers.map(({ id }) => id))
    for (const id of this.tracks.keys()) {
      if (sent.has(id)) continue
      this.#peer?.forget(id)
      this.tracks.delete(id)
      this.#wishes.forget(id)
    }
    for (const id of this.#asked) if (!sent.has(id)) this.#asked.delete(id)
    this.#adjust()
  }

  async #look(): Promise<void> {
    const peer = this.#peer
    if (!peer) return
    try {
      const state = await peer.look()
      if (peer === this.#peer) this.#take(state)
      if (peer === this.#peer && peer.connection === 'broken') this.#mend(0)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (peer === this.#peer) void this.#enter()
    }
  }

  /** Gathers what changes in one frame, then asks for what is missing and tells what is on screen. */
  #adjust() {
    if (this.#isAdjusting || !this.#peer) return
    this.#isAdjusting = true
    queueMicrotask(() => {
      this.#isAdjusting = false
      void this.#settle()
    })
  }

  async #settle(): Promise<void> {
    const peer = this.#peer
    if (!peer) return
    const missing = this.producers.filter((one) => !this.#asked.has(one.id) && this.#isWorthAsking(one)).map(({ id }) => id)
    for (const id of missing) this.#asked.add(id)
    try {
      if (missing.length > 0) await peer.consume(missing, (consumers) => this.#flow(peer, consumers))
      if (peer !== this.#peer) return
      for (const [id, { consumer }] of peer.received)
        if (this.tracks.get(id) !== consumer.track && this.state.producers.some((one) => one.id === id)) this.tracks.set(id, consumer.track)
      await this.#flow(
        peer,
        [...peer.received].map(([producerId, { consumer }]) => ({ id: consumer.id, producerId })),
      )
      // What no tile showed by then is on another page.
      if (missing.length > 0) setTimeout(() => this.#adjust(), freshMs)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      // What was asked of a node that forgot us is asked of the next one; of one that did not, at the next change.
      for (const id of missing) if (!peer.received.has(id)) this.#asked.delete(id)
    }
  }

  /** Tells what of these is on screen, where that changed. */
  async #flow(peer: Peer, consumers: readonly { id: string; producerId: string }[]): Promise<void> {
    const known = consumers.flatMap((one) => {
      const source = this.state.producers.find(({ id }) => id === one.producerId)?.source
      return source ? [{ ...one, source }] : []
    })
    await peer.want(this.#wishes.news(known))
  }

  /** Sound always; pictures once a tile shows them. The first ones do not wait for tiles: they are on their way already. */
  #isWorthAsking(producer: Producer): boolean {
    if (producer.kind === 'audio' || this.#wishes.isShown(producer.id) || producer.source === 'screen') return true
    return this.#asked.size < mostAtOnce
  }

  /** What I have and want is sent; what I do not have any more is not. One thing after the other. */
  #publish() {
    const peer = this.#peer
    if (!peer) return
    const { own } = this.#deps
    const wanted: [Source, MediaStreamTrack | undefined, boolean][] = [
      ['microphone', own.microphone, !own.wantsMicrophone],
      ['camera', own.camera, false],
      ['screen', own.screen, false],
      ['screen_sound', own.screenSound, false],
    ]
    this.#syncing = this.#syncing
      .then(async () => {
        await Promise.all(wanted.map(([source, track, isPaused]) => this.#sync(peer, source, track, isPaused)))
      })
      .catch((error: unknown) => {
        if (peer.isClosed || error instanceof Refused) return
        throw error
      })
  }

  async #sync(peer: Peer, source: Source, track: MediaStreamTrack | undefined, isPaused: boolean): Promise<void> {
    if (peer !== this.#peer) return
    const sender = peer.sender(source)
    if (!track) return peer.stop(source)
    if (track.readyState === 'ended') return
    if (!sender) return peer.send(source, track, isPaused)
    if (sender.track !== track) await peer.replace(source, track)
    await peer.pause(source, isPaused)
  }

  #connectionChanged() {
    const { connection } = this.#peer!
    if (connection === 'broken') return this.#mend(patienceMs)
    clearTimeout(this.#repair)
    this.#repair = undefined
    // Alone in a meeting without a device there is nothing to connect, and nothing to wait for.
    this.link = 'connected'
  }

  /** A short gap heals by itself; then another way to the node is looked for; then one comes in anew. */
  #mend(afterMs: number) {
    if (this.#repair !== undefined || this.link === 'closed') return
    const peer = this.#peer!
    this.#repair = setTimeout(async () => {
      if (peer !== this.#peer || peer.connection !== 'broken') return void (this.#repair = undefined)
      this.link = 'reconnecting'
      try {
        await peer.restart()
      } catch (error) {
        this.#repair = undefined
        if (!peer.isClosed && !(error instanceof Refused)) throw error
        if (peer === this.#peer) void this.#enter()
        return
      }
      this.#repair = setTimeout(() => {
        this.#repair = undefined
        if (peer === this.#peer && peer.connection !== 'connected') void this.#enter()
      }, restartMs)
    }, afterMs)
  }

  async #measure(): Promise<void> {
    const peer = this.#peer
    if (!peer || this.link !== 'connected' || this.#wishes.isHidden) return
    try {
      const { score, sendLoss, receiveLoss } = await peer.quality()
      const isWeak = score < 5 || Math.max(sendLoss, receiveLoss) > 8
      // Once is nothing: a network breathes.
      this.quality = isWeak && this.#wasWeak ? 'weak' : 'good'
      this.#wasWeak = isWeak
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      // A node that died says nothing, and what a browser notices of it takes long.
      if (peer === this.#peer && error.failure.code === 'not_found') void this.#enter()
    }
  }

  /** Nobody looks: pictures stop, sound goes on. */
  #watchVisibility() {
    let timer: ReturnType<typeof setTimeout> | undefined
    const changed = () => {
      clearTimeout(timer)
      const set = (isHidden: boolean) => {
        this.#wishes.isHidden = isHidden
        this.#adjust()
      }
      if (document.visibilityState === 'visible') set(false)
      else timer = setTimeout(() => set(true), hiddenMs)
    }
    document.addEventListener('visibilitychange', changed)
    this.#off.push(() => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', changed)
    })
  }
}
