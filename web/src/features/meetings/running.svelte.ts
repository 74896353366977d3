import { SvelteMap } from 'svelte/reactivity'
import type { Hub, Payload, RoomId, Running } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

const everyMs = 60_000

/** In which rooms people meet now, as far as this screen was told: for the marks beside their names. */
export class RunningMeetings {
  #in = new SvelteMap<RoomId, Running>()
  #toldSince = new Set<RoomId>()

  of = (roomId: RoomId): Running | undefined => this.#in.get(roomId)

  /** Listens until the returned function is called. `began`: the first one came in while this screen looked on. */
  begin(hub: HubConnection, account: string, began: (running: Running) => void): () => void {
    const stopHearing = hub.feed.overhear(`account:${account}`, (name, payload) => {
      if (name !== 'chat.stirring') return
      for (const { roomId, running } of (payload as Payload<Hub, 'chat.stirring'>).rooms) {
        if (running === undefined) continue
        this.#toldSince.add(roomId)
        if (running && !this.#in.has(roomId)) began(running)
        this.#put(roomId, running)
      }
    })
    // What was said while the line was cut is asked for, and so is whether marks still hold: a word may have been lost.
    const stopWatching = $effect.root(() => {
      $effect(() => {
        if (hub.status.kind === 'online') void this.#look(hub)
      })
    })
    const timer = setInterval(() => {
      if (this.#in.size > 0 && document.visibilityState === 'visible') void this.#look(hub)
    }, everyMs)
    return () => {
      stopHearing()
      stopWatching()
      clearInterval(timer)
    }
  }

  async #look(hub: HubConnection): Promise<void> {
    this.#toldSince.clear()
    const reply = await hub.call('meetings.running', {})
    if (!reply.ok) return
    const answered = new Map(reply.data.map((running) => [running.roomId, running]))
    for (const roomId of new Set([...this.#in.keys(), ...answered.keys()]))
      // What was told meanwhile is newer than the answer.
      if (!this.#toldSince.has(roomId)) this.#put(roomId, answered.get(roomId))
  }

  #put(roomId: RoomId, running: Running | null | undefined) {
    if (running) this.#in.set(roomId, running)
    else this.#in.delete(roomId)
  }
}

/** One for the page. */
export const running = new RunningMeetings()
