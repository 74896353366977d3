import type { AccountId, Failure, FileId, ListId, ListShare, May, Reply, Share } from '@atrium/protocol'
import type { People } from '#features/people/people.svelte.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

/** Whom a file was given to, by itself or with a folder that it lies in; and giving it, and taking it back. */
export class Access {
  shares = $state.raw<readonly Share[]>([])
  /** Everybody in them has it, for as long as they are. */
  lists = $state.raw<readonly ListShare[]>([])
  readonly fileId: FileId
  readonly #hub: HubConnection
  readonly #people: People

  constructor(hub: HubConnection, people: People, fileId: FileId) {
    this.fileId = fileId
    this.#hub = hub
    this.#people = people
    void this.load()
  }

  /** Shares of the file itself, then those that came with a folder, without whom it was given by itself as well. */
  get list(): readonly Share[] {
    const own = this.shares.filter(({ fileId }) => fileId === this.fileId)
    const known = new Set(own.map(({ accountId }) => accountId))
    return [...own, ...this.shares.filter(({ fileId, accountId }) => fileId !== this.fileId && !known.has(accountId))]
  }

  async load(): Promise<void> {
    const { fileId } = this
    const [reply, listed] = await Promise.all([this.#hub.call('files.shares', { fileId }), this.#hub.call('files.share.lists', { fileId })])
    if (listed.ok) this.lists = listed.data
    if (!reply.ok) return
    this.#people.learn(reply.data.people)
    this.shares = reply.data.shares
  }

  async give(accountId: AccountId, may: May): Promise<Failure | undefined> {
    const reply = await this.#hub.call('files.share', { clientId: this.#hub.newId(), fileId: this.fileId, accountId, may })
    if (!reply.ok) return reply.error
    const { data } = reply
    const isSame = (share: Share) => share.fileId === data.fileId && share.accountId === data.accountId
    this.shares = this.shares.some(isSame) ? this.shares.map((share) => (isSame(share) ? data : share)) : [...this.shares, data]
    return undefined
  }

  async giveList(listId: ListId, may: May): Promise<Failure | undefined> {
    return this.#tookLists(await this.#hub.call('files.share.list', { clientId: this.#hub.newId(), fileId: this.fileId, listId, may }))
  }
  async takeList(listId: ListId): Promise<Failure | undefined> {
    return this.#tookLists(await this.#hub.call('files.unshare.list', { clientId: this.#hub.newId(), fileId: this.fileId, listId }))
  }
  #tookLists(reply: Reply<ListShare[]>): Failure | undefined {
    if (reply.ok) this.lists = reply.data
    return reply.ok ? undefined : reply.error
  }

  /** Gone at once, and back if the hub says so. */
  async take(share: Share): Promise<Failure | undefined> {
    const before = this.shares
    this.shares = before.filter((other) => other !== share)
    const { fileId, accountId } = share
    const reply = await this.#hub.call('files.unshare', { clientId: this.#hub.newId(), fileId, accountId })
    if (reply.ok) return undefined
    this.shares = before
    return reply.error
  }
}
