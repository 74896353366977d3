import type { Failure, File, FileId } from '@atrium/protocol'
import type { People } from '#features/people/people.svelte.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

const pageSize = 200
/** As many as the hub deletes at a time. */
const mostAtOnce = 500

/** What was thrown away, newest first. */
export class Trash {
  files = $state.raw<readonly File[]>()
  hasMore = $state(false)
  failure = $state.raw<Failure>()
  readonly #hub: HubConnection
  readonly #people: People

  constructor(hub: HubConnection, people: People) {
    this.#hub = hub
    this.#people = people
  }

  async load(): Promise<void> {
    await this.#page(undefined)
  }

  async more(): Promise<void> {
    await this.#page(this.files?.at(-1))
  }

  async #page(after: File | undefined): Promise<boolean> {
    const reply = await this.#hub.call('files.trash.list', { limit: pageSize, ...(after && { after: after.id }) })
    this.failure = reply.ok ? undefined : reply.error
    if (!reply.ok) return false
    this.#people.learn(reply.data.people)
    this.files = after ? [...(this.files ?? []), ...reply.data.files] : reply.data.files
    this.hasMore = reply.data.hasMore
    return true
  }

  /** All of it, whatever was on screen: who empties the trash is told what that is. */
  async whole(): Promise<readonly File[] | undefined> {
    while (this.hasMore) if (!(await this.#page(this.files?.at(-1)))) return undefined
    return this.files
  }

  take(ids: readonly FileId[]): void {
    this.files = this.files?.filter(({ id }) => !ids.includes(id))
  }

  /** For ever. */
  async destroy(ids: readonly FileId[]): Promise<Failure | undefined> {
    for (let from = 0; from < ids.length; from += mostAtOnce) {
      const fileIds = ids.slice(from, from + mostAtOnce)
      const reply = await this.#hub.call('files.delete', { clientId: this.#hub.newId(), fileIds })
      if (!reply.ok) return reply.error
      this.take(fileIds)
    }
    return undefined
  }
}
