import type { AccountId, Hub, Message, Payload, Receipt } from '@atrium/protocol'
import { own } from '#features/profile/own.svelte.ts'
import { eventually } from '#lib/eventually.ts'
import { language, m } from '#lib/i18n/index.ts'
import type { Chat } from './chat.svelte.ts'
import type { RoomState } from './room.svelte.ts'

/** What was asked a moment ago is not asked again. */
const againMs = 2_000

/** How far the others in a room have read, as far as they show it and I do: the hub says no more than that. */
export class Receipts {
  #read = $state.raw<readonly Receipt[]>()
  #chat: Pick<Chat, 'hub' | 'me' | 'people' | 'isGuest'>
  #room: Pick<RoomState, 'id' | 'view' | 'messages'>
  #askedAt = -Infinity
  /** Whether what is shown can be said. */
  #hasWords = $state(false)

  constructor(chat: Pick<Chat, 'hub' | 'me' | 'people' | 'isGuest'>, room: Pick<RoomState, 'id' | 'view' | 'messages'>) {
    this.#chat = chat
    this.#room = room
  }

  #isDirect = $derived.by(() => this.#room.view?.room.kind === 'direct')
  /** Until it is known what holds for me, nothing is shown. */
  #isOn = $derived.by(() => !this.#chat.isGuest && own.values?.['preferences.showReceipts'] === true)

  /** In a room of two what the other reads is heard at once; for as long as the returned function is not called. */
  follow(): () => void {
    const { hub, me } = this.#chat
    const stopHearing = hub.feed.overhear(`account:${me}`, (name, payload) => {
      if (name === 'chat.reading') this.#heard(payload as Payload<Hub, 'chat.reading'>)
    })
    const stopAsking = $effect.root(() => {
      $effect(() => {
        if (this.#isDirect && this.#isOn && hub.status.kind === 'online') void this.#look()
      })
      $effect(() => {
        if (!this.#isOn || this.#hasWords) return
        return eventually(
          () => language.also('people'),
          () => (this.#hasWords = true),
        )
      })
    })
    return () => {
      stopHearing()
      stopAsking()
    }
  }
  #heard({ roomId, ...receipt }: Payload<Hub, 'chat.reading'>): void {
    if (roomId === this.#room.id && this.#read && this.#isOn) this.#put([receipt])
  }
  /** What is heard while an answer is under way may be newer than it. */
  #put(fresh: readonly Receipt[]): void {
    const known = new Map(this.#read?.map((one) => [one.accountId, one]))
    for (const one of fresh) if ((known.get(one.accountId)?.read ?? 0) <= one.read) known.set(one.accountId, one)
    this.#read = [...known.values()]
  }

  async #look(): Promise<void> {
    this.#askedAt = performance.now()
    const { hub, people } = this.#chat
    const reply = await hub.call('chat.receipts', { roomId: this.#room.id })
    if (!reply.ok) return
    people.learn(reply.data.people)
    // Whoever is not among them any more shows it no more.
    this.#read = this.#read?.filter(({ accountId }) => reply.data.receipts.some((one) => one.accountId === accountId))
    this.#put(reply.data.receipts)
  }
  /** Somebody is about to open what says it. */
  look = (): void => {
    if (this.#isOn && performance.now() - this.#askedAt > againMs) void this.#look()
  }

  /** Who of the others has seen a message; undefined: that is not known, or nobody's business. */
  of({ seq }: Pick<Message, 'seq'>): AccountId[] | undefined {
    if (!this.#isOn || !this.#hasWords || this.#isDirect) return undefined
    return this.#read?.flatMap(({ accountId, after, read }) => (seq > after && seq <= read ? accountId : []))
  }

  /** Of my messages the last that the other one has seen. When: if it was the newest there was for them. */
  last: { seq: number; at: Date | undefined } | undefined = $derived.by(() => {
    const [other] = this.#read ?? []
    if (!this.#isOn || !this.#hasWords || !this.#isDirect || !other || this.#room.view?.hasLater !== false) return undefined
    const { messages } = this.#room
    const mine = messages.findLast(({ authorId, seq }) => authorId === this.#chat.me && seq > other.after && seq <= other.read)
    if (!mine) return undefined
    const isKnown = !messages.some(({ authorId, seq }) => authorId !== this.#chat.me && seq > mine.seq && seq <= other.read)
    return { seq: mine.seq, at: isKnown && other.at !== null ? new Date(other.at) : undefined }
  })
}

/** So many names stand in a menu; the others are said when it is pressed. */
const mostNames = 3
export function seenWords(names: readonly string[]): { label: string; whole: string } {
  if (names.length === 0) return { label: m.seen_by_nobody(), whole: m.seen_by_nobody() }
  const whole = m.seen_by({ names: new Intl.ListFormat(language.region).format(names) })
  const more = names.length - mostNames
  return { label: more > 0 ? m.seen_by_more({ names: names.slice(0, mostNames).join(', '), count: more }) : whole, whole }
}

const all = new WeakMap<object, Receipts>()
/** One for each room, for its list and for the menus of its messages. */
export function receiptsIn(chat: Chat, room: RoomState): Receipts {
  const known = all.get(room) ?? new Receipts(chat, room)
  all.set(room, known)
  return known
}
