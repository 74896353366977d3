import { SvelteMap } from 'svelte/reactivity'
import type { AccountId } from '@atrium/protocol'

const shownMs = 6_000
const everyMs = 3_000

/** Who is writing in one room, and telling that I am. */
export class Typing {
  #writers = new SvelteMap<AccountId, ReturnType<typeof setTimeout>>()
  #toldAt = 0

  who: AccountId[] = $derived([...this.#writers.keys()])

  heard(accountId: AccountId): void {
    clearTimeout(this.#writers.get(accountId))
    this.#writers.set(
      accountId,
      setTimeout(() => this.stopped(accountId), shownMs),
    )
  }

  stopped(accountId: AccountId): void {
    clearTimeout(this.#writers.get(accountId))
    this.#writers.delete(accountId)
  }

  /** Called at every key: tells at most every three seconds. */
  mine(tell: () => void): void {
    if (Date.now() - this.#toldAt < everyMs) return
    this.#toldAt = Date.now()
    tell()
  }

  sent(): void {
    this.#toldAt = 0
  }
}
