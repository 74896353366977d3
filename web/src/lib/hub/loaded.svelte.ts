import type { Failure, Reply } from '@atrium/protocol'

/** What the hub was asked for, and is asked for again when it may have changed: of answers that overtake one another the newest question's counts. */
export class Loaded<T> {
  value = $state.raw<T>()
  /** Why there is nothing. What is shown stays when it could not be asked for again, unless it is mine to see no more. */
  failure = $state.raw<Failure>()
  readonly #ask: () => Promise<Reply<T>>
  #round = 0
  #isAsking = false

  constructor(ask: () => Promise<Reply<T>>) {
    this.#ask = ask
  }

  load = async (): Promise<void> => {
    const round = ++this.#round
    this.#isAsking = true
    const reply = await this.#ask()
    if (round !== this.#round) return
    this.#isAsking = false
    if (reply.ok) this.take(reply.data)
    else if (this.value === undefined || reply.error.code === 'forbidden' || reply.error.code === 'not_found') this.failure = reply.error
  }

  /** The answer to a change says what is there now, too; whether more than a question on its way, nobody knows. */
  take(value: T): void {
    this.value = value
    this.failure = undefined
    if (this.#isAsking) void this.load()
  }
}
