/** Seconds until something may be tried again, as a piece of state. */
export class Countdown {
  seconds = $state(0)
  #timer: ReturnType<typeof setInterval> | undefined

  start(forMs: number, now = Date.now): void {
    const endsAt = now() + forMs
    const tell = () => {
      this.seconds = Math.max(0, Math.ceil((endsAt - now()) / 1_000))
      if (this.seconds === 0) this.stop()
    }
    this.stop()
    this.#timer = setInterval(tell, 250)
    tell()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
