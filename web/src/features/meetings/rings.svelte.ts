import type { Hub, Meeting, Payload, Ring } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

/** Who calls me now. On every screen of mine it begins and ends at the same moment. */
export class Rings {
  now = $state.raw<readonly Ring[]>([])
  #hub: HubConnection
  #me: string

  constructor(hub: HubConnection, me: string) {
    this.#hub = hub
    this.#me = me
  }

  begin(): () => void {
    void this.#look()
    const timer = setInterval(() => this.#expire(), 1_000)
    const stop = this.#hub.feed.listen(`account:${this.#me}`, {
      apply: (name, payload) => payload !== null && this.#told(name, payload),
      renewed: () => void this.#look(),
    })
    return () => {
      clearInterval(timer)
      stop()
    }
  }

  /** Undefined: it was answered on another screen, or is over. */
  async answer(ring: Ring, answer: 'accept' | 'decline'): Promise<Meeting | undefined> {
    this.#end(ring.id)
    const hub = this.#hub
    const reply = await hub.call('meetings.ring.answer', { clientId: hub.newId(), ringId: ring.id, answer })
    if (!reply.ok || answer === 'decline') return undefined
    const found = await hub.call('meetings.of', { roomId: ring.roomId })
    return found.ok ? (found.data.meeting ?? undefined) : undefined
  }

  async #look() {
    const reply = await this.#hub.call('meetings.rings', {})
    if (reply.ok) this.now = reply.data.filter(({ by }) => by.id !== this.#me)
  }

  #told(name: string, payload: unknown) {
    if (name === 'meetings.ring.began') {
      const ring = payload as Ring
      if (ring.by.id !== this.#me) this.now = [...this.now.filter(({ id }) => id !== ring.id), ring]
    } else if (name === 'meetings.ring.ended') this.#end((payload as Payload<Hub, 'meetings.ring.ended'>).id)
  }

  #end(id: string) {
    this.now = this.now.filter((ring) => ring.id !== id)
  }

  /** A word of the hub may have been lost: nobody rings for ever. */
  #expire() {
    const now = Date.now()
    if (this.now.some(({ until }) => Date.parse(until) + 2_000 < now)) this.now = this.now.filter(({ until }) => Date.parse(until) > now)
  }
}
