import { untrack } from 'svelte'
import { SvelteMap } from 'svelte/reactivity'
import type { AccountId, Hub, Payload, Presence } from '@atrium/protocol'
import { gathered } from '#lib/hub/gathered.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

type State = Presence['state']
const mostWatched = 150

/** Who of the people on screen is there. */
export class PresenceBook {
  #states = new SvelteMap<AccountId, State>()
  #watchers = new Map<AccountId, { count: number; leave: () => void }>()
  #stopRenewing: (() => void) | undefined
  #hub: HubConnection

  constructor(hub: HubConnection) {
    this.#hub = hub
  }

  /** Undefined: not known, or not known any more while nobody tells. */
  of = (id: AccountId): State | undefined => (this.#hub.status.kind === 'online' ? this.#states.get(id) : undefined)

  changed({ people }: Payload<Hub, 'presence.changing'>): void {
    for (const { accountId, state } of people) this.#states.set(accountId, state)
  }

  /** Follows these people until the returned function is called. */
  watch(ids: readonly AccountId[]): () => void {
    const mine = ids.slice(0, mostWatched)
    this.#stopRenewing ??= this.#renewing()
    const isOnline = untrack(() => this.#hub.status.kind === 'online')
    for (const id of mine) {
      const known = this.#watchers.get(id)
      if (known) {
        known.count++
        continue
      }
      this.#watchers.set(id, { count: 1, leave: this.#hub.feed.overhear(`presence:${id}`) })
      if (isOnline) this.#want(id)
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
    if (this.#watchers.size > 0) return
    this.#stopRenewing?.()
    this.#stopRenewing = undefined
  }

  /** Signals are not replayed: with each connection everybody on screen is asked for. */
  #renewing(): () => void {
    let known = untrack(() => this.#hub.status)
    return $effect.root(() => {
      $effect(() => {
        const { status } = this.#hub
        if (status === known) return
        known = status
        if (status.kind === 'online') this.#want(...this.#watchers.keys())
      })
    })
  }

  #want = gathered<AccountId>(async (accountIds) => {
    const reply = await this.#hub.call('presence.of', { accountIds })
    if (reply.ok) this.changed({ people: reply.data })
  })
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
