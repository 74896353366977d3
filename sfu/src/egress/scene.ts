import type { Canvas } from './canvas.ts'
import { labelsFor, type Fonts } from './label.ts'
import { layout, nowhere } from './layout.ts'
import type { Mix } from './mix.ts'
import type { Order } from './orders.ts'
import { Track } from './rtp.ts'
import { Tile } from './tile.ts'
import { Voice } from './voice.ts'

interface Heard {
  seat: string
  track: Track
  voice: Voice | undefined
}
export interface SceneEvents {
  wantKey(consumerId: string): void
  shown(sizes: Record<string, [width: number, height: number]>): void
}
type SceneOrder = Extract<Order, { do: 'seat' | 'track' | 'mute' | 'leave' | 'speaker' | 'stage' }>

const mostTracks = 1_000
const askAgainMs = 500
/** How much later than it happened all of it is shown: what comes late still comes in time. */
export const delayMs = 500
const patienceMs = delayMs * 0.6
/** A seat that one gave to who spoke a moment ago is not taken back at once. */
const keepsWordMs = 3_000

/** Who is in the meeting as we compose it: their places, pictures and voices. */
export class Scene {
  readonly #fonts: Fonts
  readonly #events: SceneEvents
  readonly #tiles = new Map<string, Tile>()
  readonly #tracks = new Map<number, Heard>()
  #stage: string | null = null
  #isArranged = true

  constructor(fonts: Fonts, events: SceneEvents) {
    this.#fonts = fonts
    this.#events = events
  }

  trackOf(ssrc: number): Track | undefined {
    return this.#tracks.get(ssrc)?.track
  }

  /** Between two pictures only: a tile must not vanish while it is painted. */
  async obey(order: SceneOrder, nowMs: number): Promise<void> {
    switch (order.do) {
      case 'seat':
        return this.#seat(order.id, order.name)
      case 'track':
        return this.#listen(order)
      case 'mute':
        return this.#forget(([ssrc]) => ssrc === order.ssrc)
      case 'leave':
        this.#forget(([, { seat }]) => seat === order.id)
        this.#tiles.get(order.id)?.close()
        this.#tiles.delete(order.id)
        if (this.#stage === order.id) this.#stage = null
        this.#isArranged = false
        return
      case 'speaker':
        return this.#speaker(order.id, nowMs)
      case 'stage':
        this.#stage = order.id
        this.#isArranged = false
        return
      default:
        order satisfies never
    }
  }

  async #seat(id: string, name: string): Promise<void> {
    const labels = await labelsFor(name, this.#fonts)
    const standing = this.#tiles.get(id)
    if (standing) Object.assign(standing, { labels, isStale: true })
    else this.#tiles.set(id, new Tile(labels))
    this.#isArranged &&= standing !== undefined
  }

  #listen({ id, kind, ssrc, consumerId }: SceneOrder & { do: 'track' }): void {
    const tile = this.#tiles.get(id)
    if (!tile || this.#tracks.size >= mostTracks) return
    this.#forget(([known]) => known === ssrc)
    let askedAt = -Infinity
    const track = new Track(kind, patienceMs, () => {
      if (performance.now() - askedAt < askAgainMs) return
      askedAt = performance.now()
      this.#events.wantKey(consumerId)
    })
    this.#tracks.set(ssrc, { seat: id, track, voice: kind === 'audio' ? new Voice(track) : undefined })
    if (kind === 'audio') return
    tile.show(track)
    this.#isArranged = false
  }

  #speaker(id: string | null, nowMs: number): void {
    for (const [seat, tile] of this.#tiles) tile.speak(seat === id, nowMs)
    const speaking = id === null ? undefined : this.#tiles.get(id)
    // Who has no place gets one; who has one keeps it, so that the picture does not jump with each word.
    if (speaking && speaking.rect.w === 0) this.#isArranged = false
  }

  #forget(isMeant: (entry: [ssrc: number, heard: Heard]) => boolean): void {
    for (const entry of this.#tracks) {
      if (!isMeant(entry)) continue
      const [ssrc, { seat, voice, track }] = entry
      voice?.close()
      this.#tracks.delete(ssrc)
      if (track.kind === 'video') this.#tiles.get(seat)?.blank()
      if (track.kind === 'video') this.#isArranged = false
    }
  }

  /** Sound that has come is laid where it belongs; of pictures the newest that is due then is made ready. */
  async advance(nowMs: number, dueMs: number, mix: Mix, sampleAt: (ms: number) => number): Promise<void> {
    for (const { track, voice } of this.#tracks.values()) {
      track.drain(nowMs)
      voice?.mixInto(mix, sampleAt)
    }
    await Promise.all([...this.#tiles.values()].map((tile) => tile.advance(dueMs)))
  }

  async paint(canvas: Canvas): Promise<void> {
    if (!this.#isArranged) this.#arrange(canvas)
    await Promise.all([...this.#tiles.values()].map((tile) => tile.paint(canvas)))
  }

  #arrange(canvas: Canvas): void {
    this.#isArranged = true
    canvas.clear()
    const seats = [...this.#tiles].map(([id, { hasPicture, spokeAt }]) => ({ id, hasPicture, spokeAt: Math.ceil(spokeAt / keepsWordMs) }))
    const places = layout(seats, this.#stage)
    for (const [id, tile] of this.#tiles) tile.place(places.get(id) ?? nowhere)
    this.#events.shown(Object.fromEntries([...places].map(([id, { w, h }]) => [id, [w, h]])))
  }
}
