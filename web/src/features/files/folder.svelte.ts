import type { Failure, File, FileId, Hub, Input, May, Payload } from '@atrium/protocol'
import type { People } from '#features/people/people.svelte.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { byName } from './words.ts'

export type Sort = Input<Hub, 'files.list'>['sort']
const pageSize = 200

/** What lies in a folder, in the order chosen; it hears what others change in it. */
export class FolderView {
  readonly id: FileId
  folder = $state.raw<File>()
  may = $state<May>('read')
  path = $state.raw<readonly { id: FileId; name: string }[]>([])
  files = $state.raw<readonly File[]>([])
  hasMore = $state(false)
  isLoading = $state(true)
  isGone = $state(false)
  failure = $state.raw<Failure>()
  sort = $state<Sort>('name')
  isDescending = $state(false)
  leave: () => void
  #hub: HubConnection
  #people: People

  constructor(hub: HubConnection, people: People, id: FileId) {
    this.id = id
    this.#hub = hub
    this.#people = people
    const following = hub.feed.follow(this.#topic, {
      load: () => this.#load(),
      apply: (name, payload) => payload !== null && this.#apply(name, payload),
      gone: () => void (this.isGone = true),
    })
    this.leave = () => void following.leave()
  }

  get #topic() {
    return `folder:${this.id}`
  }

  order(sort: Sort): void {
    this.isDescending = this.sort === sort ? !this.isDescending : sort !== 'name'
    this.sort = sort
    void this.#hub.feed.reload(this.#topic)
  }

  retry(): void {
    this.isLoading = true
    void this.#hub.feed.reload(this.#topic)
  }

  async more(): Promise<void> {
    const last = this.files.at(-1)
    if (!last) return
    const reply = await this.#ask(last.id)
    if (!reply.ok) return void (this.failure = reply.error)
    const known = new Set(this.files.map(({ id }) => id))
    this.files = [...this.files, ...reply.data.files.filter(({ id }) => !known.has(id))]
    this.hasMore = reply.data.hasMore
  }

  /** The answer to what was done here is there before its fact. */
  put(file: File): void {
    const rest = this.files.filter(({ id }) => id !== file.id)
    const isHere = file.parentId === this.id && file.trashedAt === null
    this.files = isHere ? [...rest, file].sort(this.#compare) : rest
  }

  take(ids: readonly FileId[]): void {
    this.files = this.files.filter(({ id }) => !ids.includes(id))
  }

  #ask(after?: FileId) {
    const { sort, isDescending } = this
    return this.#hub.call('files.list', { folderId: this.id, sort, isDescending, limit: pageSize, ...(after && { after }) })
  }

  async #load() {
    const reply = await this.#ask()
    this.isLoading = false
    this.failure = reply.ok ? undefined : reply.error
    if (!reply.ok) return undefined
    const { files, folder, may, path, hasMore, people, at, epoch } = reply.data
    this.#people.learn(people)
    Object.assign(this, { files, folder, may, path, hasMore })
    return { at, epoch }
  }

  #apply(name: string, payload: unknown) {
    if (name === 'files.entry.changed') this.put(payload as File)
    else if (name === 'files.entry.gone') this.take([(payload as Payload<Hub, 'files.entry.gone'>).fileId])
  }

  #compare = (one: File, other: File): number => {
    if ((one.kind === 'folder') !== (other.kind === 'folder')) return one.kind === 'folder' ? -1 : 1
    const by = this.sort === 'size' ? one.bytes - other.bytes : this.sort === 'changed' ? one.changedAt.localeCompare(other.changedAt) : 0
    return (by || byName(one.name, other.name)) * (this.isDescending ? -1 : 1)
  }
}
