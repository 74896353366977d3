import type { Hub, Output } from '@atrium/protocol'
import { get } from '#lib/hub/http.ts'

export type Way = Output<Hub, 'auth.ways'>['ways'][number]
type Elsewhere = Extract<Way, { path: string }>
const settlesMs = 250

export const domainOf = (address: string): string | undefined => /^[^\s@]+@([^\s@]+\.[^\s@]+)$/.exec(address.trim())?.[1]?.toLowerCase()

/** How people of a domain sign in, by the domain of what was typed so far. Unknown until the hub has said: with a password. */
export class Ways {
  #of = $state.raw<readonly Way[]>()
  #known = new Map<string, readonly Way[]>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #domain: string | undefined

  get hasPassword(): boolean {
    return this.#of?.some(({ kind }) => kind === 'password') ?? true
  }
  get hasPasskey(): boolean {
    return this.#of?.some(({ kind }) => kind === 'passkey') ?? true
  }
  get elsewhere(): readonly Elsewhere[] {
    return this.#of?.filter((way): way is Elsewhere => 'path' in way) ?? []
  }

  /** Asked once per domain, and not at every letter of it. */
  look(address: string): void {
    const domain = domainOf(address)
    if (domain === this.#domain) return
    this.stop()
    this.#domain = domain
    this.#of = domain === undefined ? undefined : this.#known.get(domain)
    if (domain !== undefined && !this.#of) this.#timer = setTimeout(() => void this.#ask(domain, address), settlesMs)
  }
  stop(): void {
    clearTimeout(this.#timer)
  }

  async #ask(domain: string, address: string): Promise<void> {
    const reply = await get('auth.ways', { address: address.trim() })
    if (!reply.ok) return
    this.#known.set(domain, reply.data.ways)
    if (this.#domain === domain) this.#of = reply.data.ways
  }
}
