import type { Failure, File, FileId, Hub, Input, May } from '@atrium/protocol'
import { applyFolder, withNext, type FolderPage } from '@atrium/protocol/files.apply'
import type { People } from '#features/people/people.svelte.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

export type Sort = Input<Hub, 'files.list'>['sort']
const pageSize = 200
interface Fact {
  name: string
  payload: unknown
  seq: number
}

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
  #above: readonly FileId[] = []
  #leaveAbove = (): void => {}
  #hub: HubConnection
  #people: People
  /** The entry behind which the next stretch was asked for, and up to which fact: if it was elsewhere by then, we show a hole. */
  #behind: { id: FileId | undefined; upTo: number } | undefined
  /** What is heard while it is on its way: what is read of it may be older. */
  #since: Fact[] = []

  constructor(hub: HubConnection, people: People, id: FileId) {
    this.id = id
    this.#hub = hub
    this.#people = people
    const following = hub.feed.follow(this.#topic, {
      load: () => this.#load(),
      apply: (name, payload, seq) => this.#hear({ name, payload, seq }),
      gone: () => void (this.isGone = true),
    })
    this.leave = () => {
      this.#leaveAbove()
      following.leave()
    }
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
    const id = this.files.at(-1)?.id
    const behind = { id, upTo: Infinity }
    this.#behind = behind
    this.#since = []
    const reply = await this.#ask(id)
    // It was loaded afresh meanwhile, or the next stretch asked for once more.
    if (this.#behind !== behind) return
    if (!reply.ok) return void (this.failure = reply.error)
    const { at, people } = reply.data
    behind.upTo = at.seq
    this.#people.learn(people)
    this.#show(withNext(this.#page, reply.data))
    for (const fact of this.#since) if (fact.seq > at.seq) this.#apply(fact)
  }

  /** The answer to what was done here is there before its fact. */
  put(file: File): void {
    this.#show(applyFolder['files.entry.changed'](this.#page, file))
  }

  take(ids: readonly FileId[]): void {
    this.files = this.files.filter(({ id }) => !ids.includes(id))
  }

  #ask(after?: FileId) {
    const { sort, isDescending } = this
    return this.#hub.call('files.list', { folderId: this.id, sort, isDescending, limit: pageSize, ...(after && { after }) })
  }

  async #load() {
    this.#behind = undefined
    const reply = await this.#ask()
    this.isLoading = false
    this.failure = reply.ok ? undefined : reply.error
    if (!reply.ok) return undefined
    const { files, folder, may, path, hasMore, people, at, epoch } = reply.data
    this.#people.learn(people)
    Object.assign(this, { files, folder, may, path, hasMore })
    this.#followAbove(path)
    return { at, epoch }
  }

  /** What lies above is called otherwise from now on, or lies elsewhere itself. */
  #followAbove(path: readonly { id: FileId }[]) {
    const above = path.map(({ id }) => id).filter((id) => id !== this.id)
    if (above.join() === this.#above.join()) return
    this.#leaveAbove()
    this.#above = above
    const followed = above.map((id, depth) =>
      this.#hub.feed.follow(`file:${id}`, {
        apply: (name, payload) => {
          const file = name === 'files.file.changed' ? (payload as File | null) : null
          if (!file) return
          // The first one seen may lie in a folder that is not.
          const isElsewhere = depth > 0 && file.parentId !== above[depth - 1]
          if (isElsewhere || file.trashedAt) return void this.#hub.feed.reload(this.#topic)
          this.path = this.path.map((step) => (step.id === id ? { id, name: file.name } : step))
        },
        renew: () => void this.#hub.feed.reload(this.#topic),
      }),
    )
    this.#leaveAbove = () => {
      for (const one of followed) one.leave()
      this.#above = []
      this.#leaveAbove = () => {}
    }
  }

  get #page(): FolderPage {
    const { files, hasMore, sort, isDescending } = this
    return { folder: this.folder!, files, hasMore, sort, isDescending }
  }

  #show({ folder, files, hasMore }: FolderPage) {
    Object.assign(this, { folder, files, hasMore })
    this.path = this.path.map((step) => (step.id === folder.id ? { id: folder.id, name: folder.name } : step))
  }

  #hear(fact: Fact) {
    const { payload, seq } = fact
    const about = payload as { id?: FileId; fileId?: FileId; parentId?: FileId } | null
    const isBehind = this.#behind && seq <= this.#behind.upTo && (!about || (about.id ?? about.fileId) === this.#behind.id)
    // What is above a folder that was moved, nobody tells it.
    const isElsewhere = about?.id === this.id && this.folder?.parentId && about.parentId !== this.folder.parentId
    if (isBehind || isElsewhere) return void this.#hub.feed.reload(this.#topic)
    if (this.#behind?.upTo === Infinity) this.#since.push(fact)
    this.#apply(fact)
  }

  #apply({ name, payload }: Fact) {
    if (name in applyFolder) this.#show(applyFolder[name as keyof typeof applyFolder](this.#page, payload as never))
  }
}
