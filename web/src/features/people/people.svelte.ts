import { SvelteMap } from 'svelte/reactivity'
import type { AccountId, Payload, Hub, Person } from '@atrium/protocol'
import { gathered } from '#lib/hub/gathered.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

/** People, as far as this page has met them. Names that are missing are asked for together, once. */
export class People {
  #known = new SvelteMap<AccountId, Person>()
  #asked = new Set<AccountId>()
  #hub: HubConnection

  constructor(hub: HubConnection, me: Person) {
    this.#hub = hub
    this.learn([me])
    hub.feed.follow('directory:all', {
      apply: (name, payload) => {
        if (name === 'directory.person.changed' && payload) this.learn([payload as Payload<Hub, 'directory.person.changed'>])
      },
      renew: () => {
        this.#asked.clear()
        for (const id of this.#known.keys()) this.#want(id)
      },
    })
  }

  learn(people: readonly Person[]): void {
    for (const person of people) this.#known.set(person.id, person)
  }

  /** Undefined until the hub has answered: it is asked by looking. */
  of(id: AccountId): Person | undefined {
    const person = this.#known.get(id)
    if (!person) this.#want(id)
    return person
  }

  get all(): Iterable<Person> {
    return this.#known.values()
  }

  #ask = gathered<AccountId>(async (ids) => {
    const reply = await this.#hub.call('directory.people.of', { ids })
    if (reply.ok) this.learn(reply.data)
  })

  #want(id: AccountId) {
    if (this.#asked.has(id)) return
    this.#asked.add(id)
    this.#ask(id)
  }
}
