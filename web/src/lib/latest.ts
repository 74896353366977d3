/** Tells the latest of something that changes often, such as how far somebody has read: a throttle that loses no end. */
export class Latest<T> {
  #tell: (value: T) => void
  #waiting: { value: T } | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(tell: (value: T) => void) {
    this.#tell = tell
  }

  /** What is not told yet. */
  get untold(): T | undefined {
    return this.#waiting?.value
  }

  /** Tells it after `firstMs`, or at once, and what comes within the next `everyMs` together. */
  soon(value: T, { everyMs, firstMs = 0 }: { everyMs: number; firstMs?: number }): void {
    this.#waiting = { value }
    if (this.#timer !== undefined) return
    if (firstMs > 0) this.#timer = setTimeout(() => this.#next(everyMs), firstMs)
    else this.#next(everyMs)
  }

  /** Tells it with the next that is told, or when nothing may wait any longer. */
  aside(value: T): void {
    this.#waiting = { value }
  }

  /** Nothing waits any longer. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#tellWaiting()
  }

  #next(everyMs: number) {
    this.#timer = undefined
    if (!this.#waiting) return
    this.#timer = setTimeout(() => this.#next(everyMs), everyMs)
    this.#tellWaiting()
  }

  #tellWaiting() {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting) this.#tell(waiting.value)
  }
}
