import type { AccountId, Failure, Person } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import type { People } from './people.svelte.ts'

const pageSize = 50
const pauseMs = 120

/** Who is shown on the People page: pages of the directory in its order, narrowed by what is typed. */
export class PeopleList {
  ids = $state.raw<readonly AccountId[]>([])
  hasMore = $state(false)
  isLoading = $state(true)
  failure = $state.raw<Failure>()
  #search = ''
  #round = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #hub: HubConnection
  #people: People
  #include: () => 'active' | 'everyone'

  constructor(hub: HubConnection, people: People, include: () => 'active' | 'everyone') {
    this.#hub = hub
    this.#people = people
    this.#include = include
  }

  /** What is on screen stays there until the answer has come: nothing flickers while somebody types. */
  search(text: string): void {
    this.#search = text.trim()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.load(), pauseMs)
  }

  async load(): Promise<void> {
    this.isLoading = true
    await this.#ask(undefined)
  }

  async more(): Promise<void> {
    await this.#ask(this.ids.at(-1))
  }

  /** Somebody new stands on top until the list is loaded again: whoever added them sees them at once. */
  added(person: Person): void {
    this.#people.learn([person])
    this.ids = [person.id, ...this.ids.filter((id) => id !== person.id)]
  }

  async #ask(after: AccountId | undefined) {
    const round = ++this.#round
    const reply = await this.#hub.call('directory.people', {
      limit: pageSize,
      include: this.#include(),
      ...(this.#search && { search: this.#search }),
      ...(after && { after }),
    })
    // A slower answer to an earlier question is no answer to this one.
    if (round !== this.#round) return
    this.isLoading = false
    this.failure = reply.ok ? undefined : reply.error
    if (!reply.ok) return
    this.#people.learn(reply.data.people)
    const ids = reply.data.people.map((person) => person.id)
    this.ids = after ? [...this.ids, ...ids.filter((id) => !this.ids.includes(id))] : ids
    this.hasMore = reply.data.hasMore
  }
}
