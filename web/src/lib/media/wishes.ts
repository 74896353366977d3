import type { Source } from '@atrium/protocol'
import type { Wanted } from './peer.ts'

interface Size {
  width: number
  height: number
}
/** What a tile of so many pixels is worth asking for before it was measured. */
const firstSize: Size = { width: 640, height: 360 }
/** For so long a picture flows before a tile was measured. */
export const freshMs = 1_500
const isSound = (source: Source) => source === 'microphone' || source === 'screen_sound'

/** What is on this screen, and how large: so much of it is asked for, and no more. */
export class Wishes {
  /** Nobody looks: pictures stop, sound goes on. */
  isHidden = false
  #shown = new Map<string, Map<object, Size>>()
  #knownSince = new Map<string, number>()
  #told = new Map<string, string>()

  /** A tile that shows this producer so large, or not any more. */
  show(producerId: string, size: Size | undefined, by: object): void {
    const tiles = this.#shown.get(producerId) ?? new Map<object, Size>()
    if (size) this.#shown.set(producerId, tiles.set(by, size))
    else tiles.delete(by)
    if (tiles.size === 0) this.#shown.delete(producerId)
  }

  isShown = (producerId: string): boolean => this.#shown.has(producerId)

  /** What is wanted of these now, where that is other than what was told last. By consumer. */
  news(consumers: readonly { id: string; producerId: string; source: Source }[]): Map<string, Wanted> {
    const news = new Map<string, Wanted>()
    for (const { id, producerId, source } of consumers) {
      const wanted = this.#wanted(producerId, source)
      const text = JSON.stringify(wanted)
      if (this.#told.get(producerId) === text) continue
      this.#told.set(producerId, text)
      news.set(id, wanted)
    }
    return news
  }

  forget(producerId: string): void {
    this.#told.delete(producerId)
    this.#knownSince.delete(producerId)
  }

  /** Another node knows nothing of what was told. */
  begin(): void {
    this.#told.clear()
    this.#knownSince.clear()
  }

  #wanted(producerId: string, source: Source): Wanted {
    if (isSound(source)) return { isPaused: false }
    const sizes = [...(this.#shown.get(producerId)?.values() ?? [])]
    if (!this.#knownSince.has(producerId)) this.#knownSince.set(producerId, Date.now())
    const isFresh = Date.now() - this.#knownSince.get(producerId)! < freshMs
    if (this.isHidden || (sizes.length === 0 && !isFresh)) return { isPaused: true }
    if (sizes.length === 0) return { isPaused: false, ...firstSize }
    const largest = sizes.reduce((one, other) => (one.width * one.height > other.width * other.height ? one : other))
    return { isPaused: false, ...largest }
  }
}
