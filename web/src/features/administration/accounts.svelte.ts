import type { AccountId, AccountRow, Draft, Failure, Hub } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

type Asked = Draft<Hub, 'accounts.list'>
export type Filter = Pick<Asked, 'search' | 'statuses' | 'isLockedOut' | 'types' | 'domainId' | 'cosId'>
const settleMs = 200

/** The accounts that fit a filter, as far as somebody scrolled. */
export class AccountList {
  readonly #hub: HubConnection
  rows = $state.raw<readonly AccountRow[]>([])
  isLoading = $state(false)
  failure = $state.raw<Failure>()
  count = $state<number>()
  sort = $state<NonNullable<Asked['sort']>>('name')
  isDescending = $state(false)
  filter = $state.raw<Filter>({})
  chosen = $state.raw<ReadonlySet<AccountId>>(new Set())
  #next: string | null = null
  #asked = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(hub: HubConnection) {
    this.#hub = hub
  }

  get hasMore(): boolean {
    return this.#next !== null && this.rows.length > 0
  }

  async load(): Promise<void> {
    const asked = ++this.#asked
    this.isLoading = true
    this.failure = undefined
    const [page, counted] = await Promise.all([
      this.#hub.call('accounts.list', { ...this.filter, sort: this.sort, isDescending: this.isDescending, limit: 50 }),
      this.#hub.call('accounts.count', this.filter),
    ])
    // Somebody typed on.
    if (asked !== this.#asked) return
    this.isLoading = false
    if (!page.ok) return void (this.failure = page.error)
    this.rows = page.data.accounts
    this.#next = page.data.next
    this.count = counted.ok ? counted.data.count : undefined
    this.chosen = new Set()
  }

  async more(): Promise<void> {
    if (this.#next === null || this.isLoading) return
    const asked = this.#asked
    const page = await this.#hub.call('accounts.list', {
      ...this.filter,
      sort: this.sort,
      isDescending: this.isDescending,
      limit: 50,
      after: this.#next,
    })
    if (asked !== this.#asked) return
    if (!page.ok) return void (this.failure = page.error)
    const known = new Set(this.rows.map(({ id }) => id))
    this.rows = [...this.rows, ...page.data.accounts.filter(({ id }) => !known.has(id))]
    this.#next = page.data.next
  }

  /** While somebody types it is not asked for each letter. */
  search(text: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.with({ search: text }), settleMs)
  }
  with(part: { [K in keyof Filter]: Filter[K] | undefined }): void {
    this.filter = Object.fromEntries(
      Object.entries({ ...this.filter, ...part }).filter(([, value]) => value !== undefined && value !== ''),
    ) as Filter
    void this.load()
  }
  by(sort: NonNullable<Asked['sort']>): void {
    this.isDescending = this.sort === sort && !this.isDescending
    this.sort = sort
    void this.load()
  }
  choose(id: AccountId, isChosen: boolean): void {
    const chosen = new Set(this.chosen)
    if (isChosen) chosen.add(id)
    else chosen.delete(id)
    this.chosen = chosen
  }
  took(row: AccountRow): void {
    this.rows = this.rows.map((one) => (one.id === row.id ? row : one))
  }
}
