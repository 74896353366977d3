import { SvelteMap } from 'svelte/reactivity'
import type { AccountId, Hub, Payload, Presence } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

type State = Presence['state']
const mostWatched = 150

/** Who of the people on screen is there. */
export class PresenceBook {
  #states = new SvelteMap<AccountId, State>()
  #watchers = new Map<AccountId, { count: number; leave: () => void }>()
  #wanted = new Set<AccountId>()
  #hub: HubConnection

  constructor(hub: HubConnection) {
    this.#hub = hub
  }

  /** Undefined: not known, or not known any more while nobody tells. */
  of = (id: AccountId): State | undefined => (this.#hub.status.kind === 'online' ? this.#states.get(id) : undefined)

  changed({ people }: Payload<Hub, 'presence.changing'>): void {
    for (const { accountId, state } of people) this.#states.set(accountId, state)
  }

  /** Signals are not replayed: what changed while the line was cut is asked for. */
  renew(): void {
    for (const id of this.#watchers.keys()) this.#want(id)
  }

  /** Follows these people until the returned function is called. */
  watch(ids: readonly AccountId[]): () => void {
    const mine = ids.slice(0, mostWatched)
    for (const id of mine) {
      const known = this.#watchers.get(id)
      if (known) known.count++
      else {
        this.#watchers.set(id, { count: 1, leave: this.#hub.feed.overhear(`presence:${id}`) })
        this.#want(id)
      }
    }
    return () => {
      for (const id of mine) this.#watchers.get(id)!.count--
      // Whoever looks anew takes them up again at once, at every message of a room: the hub hears of nothing.
      queueMicrotask(() => this.#leave(mine))
    }
  }

  #leave(ids: readonly AccountId[]) {
    for (const id of ids) {
      const watched = this.#watchers.get(id)
      if (!watched || watched.count > 0) continue
      watched.leave()
      this.#watchers.delete(id)
    }
  }

  #want(id: AccountId) {
    this.#wanted.add(id)
    if (this.#wanted.size > 1) return
    queueMicrotask(async () => {
      const accountIds = [...this.#wanted].slice(0, 200)
      this.#wanted.clear()
      const reply = await this.#hub.call('presence.of', { accountIds })
      if (reply.ok) this.changed({ people: reply.data })
    })
  }
}

const idleMs = 5 * 60_000

/** Tells the hub whether somebody is at this screen: at a touch, and when there was none for five minutes. */
export function tellPresence(hub: HubConnection): () => void {
  const off = new AbortController()
  let isActive: boolean | undefined
  let toldOver = hub.status
  let idle: ReturnType<typeof setTimeout> | undefined
  const tell = (next: boolean) => {
    // Another connection is another screen to the hub: it is told anew.
    if ((isActive === next && toldOver === hub.status) || hub.status.kind !== 'online') return
    isActive = next
    toldOver = hub.status
    hub.nudge('presence.touch', { isActive: next })
  }
  const touched = () => {
    if (document.visibilityState === 'hidden') return
    clearTimeout(idle)
    idle = setTimeout(() => tell(false), idleMs)
    tell(true)
  }
  for (const name of ['pointerdown', 'pointermove', 'keydown', 'focus', 'visibilitychange'])
    addEventListener(name, touched, { signal: off.signal, passive: true, capture: true })
  touched()
  return () => {
    off.abort()
    clearTimeout(idle)
  }
}
