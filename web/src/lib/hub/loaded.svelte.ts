import type { Failure, Reply } from '@atrium/protocol'

/** What the hub was asked for, and is asked for again when it may have changed: of answers that overtake one another the newest question's counts. */
export class Loaded<T> {
  value = $state.raw<T>()
  /** Why there is nothing. What is shown stays when it could not be asked for again, unless it is mine to see no more. */
  failure = $state.raw<Failure>()
  readonly #ask: () => Promise<Reply<T>>
  #round = 0

  constructor(ask: () => Promise<Reply<T>>) {
    this.#ask = ask
  }

  load = async (): Promise<void> => {
    const round = ++this.#round
    const reply = await this.#ask()
    if (round !== this.#round) return
    if (reply.ok) this.take(reply.data)
    else if (this.value === undefined || reply.error.code === 'forbidden' || reply.error.code === 'not_found') this.failure = reply.error
  }

  /** The answer to a change says what is there now, too. */
  take(value: T): void {
    this.#round++
    this.value = value
    this.failure = undefined
  }
}
