import { createContext } from 'svelte'
import type { AccountId, Failure, File, Given } from '@atrium/protocol'
import type { People } from '#features/people/people.svelte.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

/** Where files lie: my own place, my rooms', and what others gave me. */
export class Spaces {
  own = $state.raw<File>()
  rooms = $state.raw<readonly File[]>([])
  shared = $state.raw<readonly Given[]>([])
  usage = $state.raw<{ bytes: number; maxBytes: number }>()
  failure = $state.raw<Failure>()
  #hub: HubConnection
  #people: People

  constructor(hub: HubConnection, people: People) {
    this.#hub = hub
    this.#people = people
  }

  /** What is given and taken is told on one's own topic; so is a seat in one more room, and that space runs out or is another. */
  listen(accountId: AccountId): () => void {
    const news = new Set([
      ...['files.share.given', 'files.share.taken', 'files.usage.reached'],
      ...['chat.seat.taken', 'chat.seat.left', 'me.values.changed'],
    ])
    return this.#hub.feed.listen(`account:${accountId}`, {
      apply: (name) => news.has(name) && void this.load(),
      renewed: () => void this.load(),
    })
  }

  async load(): Promise<void> {
    const reply = await this.#hub.call('files.spaces', {})
    this.failure = reply.ok ? undefined : reply.error
    if (!reply.ok) return
    const { own, rooms, shared, usage, people } = reply.data
    this.#people.learn(people)
    Object.assign(this, { own, rooms, shared, usage })
  }
}

export const [getSpaces, setSpaces] = createContext<Spaces>()
