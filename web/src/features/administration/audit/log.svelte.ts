import type { AccountId, AuditEntry, DomainId, Failure, Hub, Input } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { zone } from '#lib/i18n/index.ts'
import { isId } from './fields.ts'
import { groups, meantBy, type Group } from './sentences.ts'
import { allClasses } from '../everything.ts'

export interface Filter {
  search: string
  group: Group | ''
  domainId: DomainId | ''
  outcome: AuditEntry['outcome'] | ''
  /** Days, as `2026-03-14`: both are part of it. */
  from: string
  to: string
  by: { id: AccountId; name: string } | undefined
  about: { id: string; name: string } | undefined
}
const nothing: Filter = { search: '', group: '', domainId: '', outcome: '', from: '', to: '', by: undefined, about: undefined }

/** The audit log, as far as it was read, and what it is narrowed to. */
export class AuditLog {
  readonly #hub: HubConnection
  #timer: ReturnType<typeof setTimeout> | undefined
  #asked = 0
  entries = $state.raw<readonly AuditEntry[]>()
  hasMore = $state(false)
  failure = $state.raw<Failure>()
  filter = $state.raw<Filter>(nothing)
  /** What ids in the entries are called. */
  names = $state.raw<ReadonlyMap<string, string>>(new Map())

  constructor(hub: HubConnection) {
    this.#hub = hub
  }

  get isFiltered(): boolean {
    return JSON.stringify(this.filter) !== JSON.stringify(nothing)
  }

  with(some: Partial<Filter>, delayMs = 0): void {
    this.filter = { ...this.filter, ...some }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.load(), delayMs)
  }
  clear(): void {
    this.with(nothing)
  }

  async load(isMore = false): Promise<void> {
    const asked = ++this.#asked
    this.failure = undefined
    const before = isMore ? this.entries?.at(-1)?.seq : undefined
    const reply = await this.#hub.call('audit.list', { ...asking(this.filter), ...(before && { before }), limit: 100 })
    if (asked !== this.#asked) return
    if (!reply.ok) return void (this.failure = reply.error)
    this.entries = isMore ? [...(this.entries ?? []), ...reply.data.entries] : reply.data.entries
    this.hasMore = reply.data.hasMore
    this.learn(reply.data.entries.flatMap(({ actor, openedBy, target }) => [actor, openedBy, target]))
  }

  learn(things: readonly ({ id: string; name: string } | null)[]): void {
    const news = things.flatMap((one) => (one && one.name !== '' && !this.names.has(one.id) ? [[one.id, one.name] as const] : []))
    if (news.length > 0) this.names = new Map([...this.names, ...news])
  }
  #knowsClasses = false
  /** The classes that whoever reads may see, once. */
  async learnClasses(): Promise<void> {
    if (this.#knowsClasses) return
    this.#knowsClasses = true
    const reply = await allClasses(this.#hub)
    if (reply.ok) this.learn(reply.data)
  }
  readonly #searched = new Set<string>()
  /** Whoever of these is a person: asked for when an entry that names them is opened. */
  async learnPeople(ids: readonly string[]): Promise<void> {
    const wanted = ids.filter((id) => isId(id) && !this.names.has(id) && !this.#searched.has(id)).slice(0, 200)
    if (wanted.length === 0) return
    for (const id of wanted) this.#searched.add(id)
    const reply = await this.#hub.call('directory.people.of', { ids: wanted as AccountId[] })
    if (reply.ok) this.learn(reply.data)
  }

  /** All that fit, one JSON object a line: whoever keeps them elsewhere reads them with any tool. */
  async everything(): Promise<string | undefined> {
    const all: AuditEntry[] = []
    for (let before: number | undefined, more = true; more;) {
      const reply = await this.#hub.call('audit.list', {
        ...asking(this.filter),
        ...(before ? { before } : { isExport: true }),
        limit: 500,
      })
      if (!reply.ok) return void (this.failure = reply.error)
      all.push(...reply.data.entries)
      before = reply.data.entries.at(-1)?.seq
      more = reply.data.hasMore && before !== undefined
    }
    return all.map((entry) => JSON.stringify(entry)).join('\n')
  }
}

function asking({ search, group, domainId, outcome, from, to, by, about }: Filter): Omit<Input<Hub, 'audit.list'>, 'limit' | 'isExport'> {
  return {
    ...(search.trim() && { search: search.trim(), meant: meantBy(search) }),
    ...(group && { operations: [...groups[group].operations] }),
    ...(domainId && { domainId }),
    ...(outcome && { outcome }),
    ...(from && { from: midnight(from).toISOString() }),
    ...(to && { to: midnight(to, 1).toISOString() }),
    ...(by && { actorId: by.id }),
    ...(about && { targetId: about.id }),
  }
}

/** When a day begins where the reader is, or so many days after it. */
export function midnight(day: string, later = 0): Date {
  const utc = new Date(`${day}T00:00:00Z`)
  utc.setUTCDate(utc.getUTCDate() + later)
  // The first look takes the difference of that moment in UTC, the second that of the moment itself: they differ when clocks are changed.
  const first = new Date(utc.getTime() - aheadMs(utc))
  return new Date(utc.getTime() - aheadMs(first))
}
/** How far the reader's clocks are ahead of UTC. Swedes write 2026-03-14 23:30:00. */
function aheadMs(at: Date): number {
  const there = new Intl.DateTimeFormat('sv', { dateStyle: 'short', timeStyle: 'medium', timeZone: zone.current }).format(at)
  return Date.parse(`${there.replace(' ', 'T')}Z`) - Math.floor(at.getTime() / 1_000) * 1_000
}
