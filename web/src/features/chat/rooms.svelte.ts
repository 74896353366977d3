import { SvelteMap } from 'svelte/reactivity'
import { readTo, stir, unreadOf } from '@atrium/protocol/apply'
import type { Hub, Payload, RoomEntry, RoomId, RoomView, Seen } from '@atrium/protocol'
import { excerptOf } from './excerpt.ts'

export type News = Payload<Hub, 'chat.stirring'>['rooms'][number]['sent'][number] & { roomId: RoomId }

/** My rooms, as the list shows them. It is told things by whoever hears them; it asks for nothing itself. */
export class Rooms {
  isLoaded = $state(false)
  #entries = new SvelteMap<RoomId, RoomEntry>()
  #viewer: { accountId: string }

  constructor(accountId: string) {
    this.#viewer = { accountId }
  }

  all: readonly RoomEntry[] = $derived([...this.#entries.values()].sort((a, b) => (stirredAt(a) < stirredAt(b) ? 1 : -1)))
  /** What is for me: mentions, and what was said to me alone. */
  forMe: number = $derived(this.all.reduce((sum, entry) => sum + forMe(entry), 0))

  of = (id: RoomId): RoomEntry | undefined => this.#entries.get(id)

  loaded(entries: readonly RoomEntry[]): void {
    const ids = new Set(entries.map((entry) => entry.room.id))
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#entries.delete(id)
    for (const entry of entries) this.put(entry)
    this.isLoaded = true
  }

  put(entry: RoomEntry): void {
    this.#entries.set(entry.room.id, entry)
  }

  left(id: RoomId): void {
    this.#entries.delete(id)
  }

  change(id: RoomId, change: Partial<RoomEntry>): void {
    const entry = this.#entries.get(id)
    if (entry) this.#entries.set(id, { ...entry, ...change })
  }

  read(id: RoomId, read: number): void {
    const entry = this.#entries.get(id)
    if (entry && read > entry.seen.read) this.#entries.set(id, { ...entry, seen: readTo(entry.seen, read) })
  }

  stirred(change: Payload<Hub, 'chat.stirring'>['rooms'][number]): void {
    const entry = this.#entries.get(change.roomId)
    if (entry) this.#entries.set(change.roomId, stir(entry, change, this.#viewer))
  }

  /** A room on screen hears its facts itself; the list takes over what it made of them. */
  shown(view: RoomView): void {
    const entry = this.#entries.get(view.room.id)
    if (!entry) return
    const last = view.hasLater ? undefined : view.messages.at(-1)
    const latest = view.hasLater
      ? entry.latest
      : last
        ? { seq: last.seq, authorId: last.authorId, excerpt: excerptOf(last), sentAt: last.sentAt }
        : null
    const seen = newer(entry.seen, view.seen)
    this.#entries.set(view.room.id, { ...entry, room: view.room, seat: view.seat, seen, latest })
  }
}

const newer = (listed: Seen, shown: Seen): Seen => (listed.read > shown.read ? readTo(shown, listed.read) : shown)
const stirredAt = ({ latest, createdAt }: RoomEntry) => latest?.sentAt ?? createdAt

/** Mentions anywhere; everything in direct rooms; nothing where it was muted. */
export function forMe({ room, seat, seen }: RoomEntry): number {
  if (seat.isMuted) return 0
  return room.kind === 'direct' ? unreadOf(seen) : seen.mentions.length
}
