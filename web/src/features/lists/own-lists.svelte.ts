import type { AccountId, Failure, Hub, ListId, Output } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

type Mine = Output<Hub, 'me.lists'>
export type MemberOf = Mine['member'][number]
/** How a list is mine. */
export type Standing =
  | { kind: 'owned'; list: Mine['owned'][number]; isIn: boolean }
  | { kind: 'member'; list: MemberOf; isAsked: boolean }
  | { kind: 'open'; list: Mine['open'][number]; isAsked: boolean }

/** The lists I own, am in or may join; they follow what others do with them. */
export class OwnLists {
  mine = $state.raw<Mine>()
  failure = $state.raw<Failure>()
  #hub: HubConnection
  #heard = new Set<(listId: ListId | undefined) => void>()

  constructor(hub: HubConnection) {
    this.#hub = hub
  }

  /** Until it is told to stop. */
  follow(me: AccountId): () => void {
    void this.load()
    return this.#hub.feed.listen(`account:${me}`, {
      apply: (name, payload) => {
        if (name === 'list.changing') this.#changed((payload as { listId: ListId } | null)?.listId)
      },
      renewed: () => this.#changed(undefined),
    })
  }
  /** Something about a list changed, or about any of them. */
  listen(heard: (listId: ListId | undefined) => void): () => void {
    this.#heard.add(heard)
    return () => void this.#heard.delete(heard)
  }
  #changed(listId: ListId | undefined) {
    void this.load()
    for (const heard of this.#heard) heard(listId)
  }

  async load(): Promise<void> {
    const reply = await this.#hub.call('me.lists', {})
    this.failure = reply.ok ? undefined : reply.error
    if (reply.ok) this.mine = reply.data
  }

  /** Lists that I own stand with those, also when I am in them. */
  get member(): readonly MemberOf[] {
    const owned = new Set(this.mine?.owned.map(({ id }) => id))
    return this.mine?.member.filter(({ id }) => !owned.has(id)) ?? []
  }
  get open(): Mine['open'] {
    const owned = new Set(this.mine?.owned.map(({ id }) => id))
    return this.mine?.open.filter(({ id }) => !owned.has(id)) ?? []
  }

  standing(id: ListId): Standing | undefined {
    const isAsked = this.mine?.asked.includes(id) ?? false
    const owned = this.mine?.owned.find((list) => list.id === id)
    if (owned) return { kind: 'owned', list: owned, isIn: this.mine!.member.some((list) => list.id === id) }
    const member = this.member.find((list) => list.id === id)
    if (member) return { kind: 'member', list: member, isAsked }
    const open = this.open.find((list) => list.id === id)
    return open && { kind: 'open', list: open, isAsked }
  }

  async join(listId: ListId): Promise<Failure | 'in' | 'asked'> {
    const reply = await this.#hub.call('me.list.join', { clientId: this.#hub.newId(), listId })
    await this.load()
    return reply.ok ? reply.data.state : reply.error
  }
  async leave(listId: ListId): Promise<Failure | 'out' | 'asked'> {
    const reply = await this.#hub.call('me.list.leave', { clientId: this.#hub.newId(), listId })
    await this.load()
    return reply.ok ? reply.data.state : reply.error
  }
}
