export const rate = 48_000
const size = rate * 4
const loudest = 0.95

/** Everybody's sound, added up at the sample it belongs to: a ring of four seconds, one channel. */
export class Mix {
  position = 0
  /** Packets that came when their time was over. */
  late = 0
  readonly #ring = new Float32Array(size)
  #gain = 1

  add(at: number, samples: Float32Array, length: number): void {
    if (at < this.position || at + length > this.position + size) {
      this.late++
      return
    }
    for (let i = 0; i < length; i++) this.#ring[(at + i) % size]! += samples[i]!
  }

  /** Turns down at once when people are too loud together, and up again slowly. */
  read(into: Float32Array): void {
    let peak = 0
    for (let i = 0; i < into.length; i++) {
      const at = (this.position + i) % size
      peak = Math.max(peak, Math.abs((into[i] = this.#ring[at]!)))
      this.#ring[at] = 0
    }
    this.position += into.length
    this.#gain = Math.min(this.#gain + 0.002, loudest / Math.max(peak, loudest))
    for (let i = 0; i < into.length; i++) into[i]! *= this.#gain
  }
}
