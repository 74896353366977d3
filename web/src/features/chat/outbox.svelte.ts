import type { AccountId, Attached, Failure, Message, MessageId, Picture, RoomId } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import type { Kept } from '#lib/kept.ts'

/** A message of mine that the hub has not confirmed yet. */
export interface Outgoing {
  clientId: string
  roomId: RoomId
  body: string
  replyTo: MessageId | null
  mentions: AccountId[]
  pictures: Picture[]
  files: Attached[]
  at: string
  /** Refused, and why: it waits for me to try again or to let it go. */
  failure: Failure | null
}
export type Draft = Pick<Outgoing, 'body' | 'replyTo' | 'mentions' | 'pictures' | 'files'>

/**
 * Messages on their way, one at a time per room so that they arrive in the order they were written. They survive a reload:
 * a repetition carries the same `clientId`, so the hub never stores one twice.
 */
export class Outbox {
  list = $state.raw<readonly Outgoing[]>([])
  #busy = new Set<RoomId>()
  #hub: HubConnection
  #kept: Kept
  #stored: (message: Message) => void

  constructor(hub: HubConnection, kept: Kept, stored: (message: Message) => void) {
    this.#hub = hub
    this.#kept = kept
    this.#stored = stored
    const waiting = kept.names('outgoing.').flatMap((name) => {
      const outgoing = kept.get<Omit<Outgoing, 'files'> & Partial<Outgoing>>(name)
      // What was kept before messages had files says nothing of them.
      return outgoing ? { ...outgoing, files: outgoing.files ?? [] } : []
    })
    this.list = waiting.sort((a, b) => (a.clientId < b.clientId ? -1 : 1))
    for (const roomId of new Set(this.list.map((one) => one.roomId))) void this.#run(roomId)
  }

  of = (roomId: RoomId): readonly Outgoing[] => this.list.filter((one) => one.roomId === roomId)
  get waiting(): number {
    return this.list.filter((one) => !one.failure).length
  }

  send(roomId: RoomId, draft: Draft): void {
    const outgoing: Outgoing = { ...draft, roomId, clientId: this.#hub.newId(), at: new Date().toISOString(), failure: null }
    this.list = [...this.list, outgoing]
    this.#kept.set(`outgoing.${outgoing.clientId}`, outgoing)
    void this.#run(roomId)
  }

  retry(clientId: string): void {
    const outgoing = this.#change(clientId, null)
    if (outgoing) void this.#run(outgoing.roomId)
  }

  discard(clientId: string): Outgoing | undefined {
    const outgoing = this.list.find((one) => one.clientId === clientId)
    this.#remove(clientId)
    return outgoing
  }

  /** Its fact came before the answer. */
  arrived(clientId: string): void {
    if (this.list.some((one) => one.clientId === clientId)) this.#remove(clientId)
  }

  async #run(roomId: RoomId) {
    if (this.#busy.has(roomId)) return
    this.#busy.add(roomId)
    const next = () => this.list.find((one) => one.roomId === roomId && !one.failure)
    for (let one = next(); one; one = next()) {
      const { clientId, body, replyTo, mentions, pictures, files } = one
      const reply = await this.#hub.call('chat.send', {
        clientId,
        roomId,
        body,
        replyTo,
        mentions,
        pictures: pictures.map((picture) => picture.id),
        files: files.map((file) => file.id),
      })
      if (reply.ok) {
        this.#stored(reply.data)
        this.#remove(clientId)
      } else if (reply.error.code === 'unauthenticated') break
      else this.#change(clientId, reply.error)
    }
    this.#busy.delete(roomId)
  }

  #change(clientId: string, failure: Failure | null): Outgoing | undefined {
    const known = this.list.find((one) => one.clientId === clientId)
    if (!known) return
    const changed = { ...known, failure }
    this.list = this.list.map((one) => (one === known ? changed : one))
    this.#kept.set(`outgoing.${clientId}`, changed)
    return changed
  }

  #remove(clientId: string) {
    this.list = this.list.filter((one) => one.clientId !== clientId)
    this.#kept.remove(`outgoing.${clientId}`)
  }
}
