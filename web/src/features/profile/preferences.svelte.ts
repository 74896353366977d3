import type { AttributeKey, Failure, Hub, Output, Values } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

export type OwnKey = Extract<AttributeKey, `preferences.${string}`>

/** What one chose oneself, what would hold otherwise, and what holds. */
export class Preferences {
  held = $state.raw<Output<Hub, 'me.values'>>()
  failure = $state.raw<Failure>()
  #hub: HubConnection
  #refused: (failure: Failure) => void

  constructor(hub: HubConnection, refused: (failure: Failure) => void) {
    this.#hub = hub
    this.#refused = refused
  }

  async load(): Promise<void> {
    const reply = await this.#hub.call('me.values', {})
    this.failure = reply.ok ? undefined : reply.error
    if (reply.ok) this.held = reply.data
  }

  of<K extends AttributeKey>(key: K): Values[K] | undefined {
    return this.held?.effective[key]
  }
  isOwn = (key: AttributeKey): boolean => this.held?.own[key] !== undefined

  /** At once here, then everywhere; back again if the hub refuses. Null: as it would be without me. */
  async choose<K extends OwnKey>(key: K, value: Values[K] | null): Promise<void> {
    const before = this.held
    if (!before) return
    const { [key]: _, ...others } = before.own
    this.held = {
      ...before,
      own: value === null ? others : { ...others, [key]: value },
      effective: { ...before.effective, [key]: value ?? before.inherited[key] },
    }
    const reply = await this.#hub.call('me.preferences', { clientId: this.#hub.newId(), values: { [key]: value } })
    if (reply.ok) return void (this.held = reply.data)
    this.held = before
    this.#refused(reply.error)
  }
}
