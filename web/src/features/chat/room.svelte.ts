import { SvelteMap } from 'svelte/reactivity'
import { applyChat, readTo } from '@atrium/protocol/apply'
import type { AccountId, Failure, Hub, Message, MessageId, Payload, Reaction, RoomId, RoomView, Seen } from '@atrium/protocol'
import type { People } from '#features/people/people.svelte.ts'
import type { Follower, Stood } from '#lib/hub/feed.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { Latest } from '#lib/latest.ts'
import type { Draft, Outbox, Outgoing } from './outbox.svelte.ts'
import { Typing } from './typing.svelte.ts'

export interface RoomDeps {
  hub: HubConnection
  me: AccountId
  people: Pick<People, 'learn'>
  outbox: Outbox
  /** How much of a room waits, as far as the list of rooms knows. */
  seenOf: (id: RoomId) => Seen | undefined
  /** The list of rooms takes over what this room knows. */
  shown: (view: RoomView) => void
  said: (message: Message) => void
  refused: (failure: Failure) => void
}
type Changed = Pick<Message, 'body' | 'mentions'>
type Fact = { name: keyof typeof applyChat; payload: never }

/** More than fit on the newest page: reading begins where it ended. */
const manyWaiting = 40
const undoMs = 6_000
/** More than that in one stretch is let go at the far end. */
const longestStretch = 400
/** How often it is said at most how far one has read: less often where many do, for each of that is a row. */
const readEveryMs = 1_000
const readMostSeldomMs = 10_000
const readMsOfEach = 10
/** So many read the same message at the same moment: each says so at a moment of its own. */
const crowd = 100
function paceOf(members: number): { everyMs: number; firstMs: number } {
  const everyMs = Math.min(Math.max(members * readMsOfEach, readEveryMs), readMostSeldomMs)
  return { everyMs, firstMs: members > crowd ? Math.random() * everyMs : 0 }
}
const isFact = (name: string): name is keyof typeof applyChat => name in applyChat

/** A room on screen: a stretch of its messages, what I have just done to it, and what is still on its way. */
export class RoomState {
  readonly id: RoomId
  readonly typing = new Typing()
  view = $state.raw<RoomView>()
  isGone = $state(false)
  isPaging = $state<'earlier' | 'later'>()
  /** Where the New line stands: what I had read when I came. */
  newAfter = $state<number>()
  /** Where the reader was when leaving; undefined: at the end. */
  place: { seq: number; offset: number } | undefined
  /** What I am answering or changing; the composer shows it. */
  replyingTo = $state.raw<Message>()
  editing = $state.raw<Message>()

  #edits = $state.raw<ReadonlyMap<MessageId, Changed>>(new Map())
  #reactions = $state.raw<ReadonlyMap<MessageId, ReadonlyMap<string, boolean>>>(new Map())
  #deleted = $state.raw<ReadonlySet<MessageId>>(new Set())
  #quoted = new SvelteMap<MessageId, Message | null>()
  #deletions = new Map<MessageId, ReturnType<typeof setTimeout>>()
  /** Facts that came while a page was fetched: the page may be older than they are. */
  #whilePaging: Fact[] | undefined
  #around: number | undefined
  #round = 0
  #reading = new Latest((read: number) => {
    const { hub } = this.#deps
    void hub.call('chat.read', { clientId: hub.newId(), roomId: this.id, read })
  })
  #deps: RoomDeps
  #followed: ReturnType<HubConnection['feed']['follow']>
  /** How far it had come when it was let go. */
  #stood: Stood | undefined

  constructor(id: RoomId, deps: RoomDeps) {
    this.id = id
    this.#deps = deps
    const seen = deps.seenOf(id)
    if (seen && seen.waiting.length > manyWaiting) this.#around = seen.read
    this.#followed = deps.hub.feed.follow(this.topic, this.#follower)
  }

  #follower: Follower = {
    load: () => this.#load(),
    apply: (name, payload) => this.#apply(name, payload),
    signal: (name, payload) => {
      if (name === 'chat.typed') this.#typed(payload as Payload<Hub, 'chat.typed'>)
    },
    gone: () => void (this.isGone = true),
  }

  get topic(): `room:${string}` {
    return `room:${this.id}`
  }
  get ready(): Promise<void> {
    return this.#followed.ready
  }

  /** What the screen shows: what the hub told, with my own changes laid over it until it has heard of them. */
  messages: readonly Message[] = $derived.by(() => {
    const messages = this.view?.messages ?? []
    if (this.#edits.size + this.#reactions.size + this.#deleted.size === 0) return messages
    return messages
      .filter((message) => !this.#deleted.has(message.id))
      .map((message) => {
        const edit = this.#edits.get(message.id)
        const mine = this.#reactions.get(message.id)
        if (!edit && !mine) return message
        return {
          ...message,
          ...(edit && { ...edit, edits: message.edits + 1 }),
          ...(mine && { reactions: withMine(message.reactions, mine, this.#deps.me) }),
        }
      })
  })
  pending: readonly Outgoing[] = $derived(this.view?.hasLater ? [] : this.#pendingOf())
  isPendingEdit = (id: MessageId): boolean => this.#edits.has(id)
  #pendingOf(): readonly Outgoing[] {
    // The fact and the end of the waiting are two moments: what is here already is not shown twice.
    const known = new Set(this.view?.messages.slice(-50).map((message) => message.clientId))
    return this.#deps.outbox.of(this.id).filter((one) => !known.has(one.clientId))
  }

  /** Somebody looks at it: the New line stands where reading ended. */
  entered(): void {
    const { view } = this
    if (view) this.newAfter = view.seen.waiting.length > 0 ? view.seen.read : undefined
  }

  left(): void {
    this.newAfter = undefined
    this.replyingTo = undefined
    this.editing = undefined
  }

  /** It hears no more, and keeps what it shows. */
  leave(): void {
    this.settle()
    this.#stood = this.#followed.leave()
  }

  /** Hears again, first of all what it missed. False: something was said meanwhile, and who comes should begin where reading ended. */
  wake(latest: number | undefined): boolean {
    if (!this.#stood || !this.view || this.view.hasLater || this.view.messages.at(-1)?.seq !== latest) return false
    this.#followed = this.#deps.hub.feed.follow(this.topic, this.#follower, this.#stood)
    return true
  }

  /** The number is on screen afterwards, with what was said around it; without a number, the newest. */
  async show(around?: number): Promise<void> {
    const { view } = this
    if (view) {
      const isHere = around === undefined ? !view.hasLater : view.messages.some((message) => message.seq === around)
      if (isHere) return
    }
    this.#around = around
    await this.#deps.hub.feed.reload(this.topic)
  }

  async #load() {
    const { people, shown } = this.#deps
    const round = ++this.#round
    const around = this.#around
    this.#around = undefined
    const isFirst = this.view === undefined && around === undefined
    let reply = await this.#open(around)
    // Nobody knew yet how much waits, and it is more than the newest page holds: reading begins where it ended.
    if (isFirst && reply.ok && beginsBefore(reply.data.view)) reply = await this.#open(reply.data.view.seen.read)
    // Another stretch was asked for meanwhile: that one is shown.
    if (!reply.ok || round !== this.#round) return undefined
    const { at, epoch } = reply.data
    // What was read here may not have been told yet.
    const view = { ...reply.data.view, seen: readTo(reply.data.view.seen, this.#reading.untold ?? 0) }
    people.learn(reply.data.people)
    this.newAfter ??= view.seen.waiting.length > 0 ? view.seen.read : undefined
    this.view = view
    shown(view)
    return { at, epoch }
  }

  #open = (around: number | undefined) => this.#deps.hub.call('chat.open', { roomId: this.id, ...(around !== undefined && { around }) })

  #apply(name: string, payload: unknown) {
    if (!this.view || !isFact(name)) return
    const fact = { name, payload: payload as never }
    this.#whilePaging?.push(fact)
    this.view = this.#reduced(this.view, fact)
    if (payload === null) return
    if (name === 'chat.message.sent') this.#arrived(payload as Message)
    if (name === 'chat.message.edited') this.#quote(payload as Message)
    if (name === 'chat.message.deleted') this.#gone((payload as { id: MessageId }).id)
    this.#deps.shown(this.view)
  }

  #reduced = (view: RoomView, { name, payload }: Fact): RoomView => applyChat[name](view, payload, { accountId: this.#deps.me })

  #arrived(message: Message) {
    if (message.authorId === this.#deps.me) this.#deps.outbox.arrived(message.clientId)
    else this.#deps.said(message)
    this.typing.stopped(message.authorId)
  }

  #typed({ accountId }: { accountId: AccountId }) {
    if (accountId !== this.#deps.me) this.typing.heard(accountId)
  }

  /** My account's facts that concern this room. */
  heard(name: 'chat.room.read' | 'chat.seat.changed', payload: unknown): void {
    if (this.view) this.view = this.#reduced(this.view, { name, payload: payload as never })
  }

  /** The hub answered a message of mine; its fact may come before or after. */
  stored(message: Message): void {
    const reached = this.#deps.hub.feed.seqOf(this.topic)
    // At or below what was applied, its fact was here already, and so was what happened to it since.
    if (!this.view || reached === undefined || message.seq <= reached) return
    this.view = this.#reduced(this.view, { name: 'chat.message.sent', payload: message as never })
  }

  async page(direction: 'earlier' | 'later'): Promise<void> {
    const { view } = this
    const edge = direction === 'earlier' ? view?.messages[0] : view?.messages.at(-1)
    if (!view || !edge || this.isPaging || !(direction === 'earlier' ? view.hasEarlier : view.hasLater)) return
    this.isPaging = direction
    this.#whilePaging = []
    const reply = await this.#deps.hub.call('chat.history', {
      roomId: this.id,
      ...(direction === 'earlier' ? { before: edge.seq } : { after: edge.seq }),
    })
    const meanwhile = this.#whilePaging
    this.#whilePaging = undefined
    this.isPaging = undefined
    // Another stretch was asked for meanwhile.
    if (!reply.ok || !this.view?.messages.some((message) => message.id === edge.id)) return
    this.#deps.people.learn(reply.data.people)
    this.view = meanwhile.reduce(this.#reduced, withPage(this.view, direction, reply.data))
  }

  send(draft: Draft): void {
    this.#deps.outbox.send(this.id, draft)
    this.typing.sent()
    this.replyingTo = undefined
    this.newAfter = undefined
    if (this.view?.hasLater) void this.show()
  }

  writing(): void {
    this.typing.mine(() => this.#deps.hub.nudge('chat.typing', { roomId: this.id }))
  }

  /** Everything on screen was seen. */
  read(): void {
    const { view } = this
    const newest = view?.messages.at(-1)
    if (!view || view.hasLater || !newest || newest.seq <= view.seen.read) return
    this.view = { ...view, seen: readTo(view.seen, newest.seq) }
    this.#deps.shown(this.view)
    // After what I said myself nothing waits, here or elsewhere.
    if (view.seen.waiting.length === 0) this.#reading.aside(newest.seq)
    else this.#reading.soon(newest.seq, paceOf(view.room.memberCount))
  }

  /** Nobody looks any more: how far was read is said before the page goes. */
  tellRead(): void {
    this.#reading.flush()
  }

  async edit(message: Message, change: Changed): Promise<void> {
    this.editing = undefined
    this.#edits = new Map(this.#edits).set(message.id, change)
    const { hub } = this.#deps
    const reply = await hub.call('chat.edit', { clientId: hub.newId(), messageId: message.id, edits: message.edits, ...change })
    this.#take(reply.ok ? reply.data : undefined)
    this.#edits = without(this.#edits, message.id)
    if (reply.ok) return
    this.#deps.refused(reply.error)
    // Nothing that was typed is lost: the composer has it again.
    if (reply.error.code === 'conflict' && !this.editing) this.editing = { ...(this.#find(message.id) ?? message), ...change }
  }

  /** Gone from the screen at once, from the hub in some seconds: until then `undelete` brings it back. */
  delete(id: MessageId): void {
    this.#deleted = new Set(this.#deleted).add(id)
    this.#deletions.set(
      id,
      setTimeout(() => void this.#delete(id), undoMs),
    )
  }

  undelete(id: MessageId): void {
    clearTimeout(this.#deletions.get(id))
    this.#deletions.delete(id)
    this.#show(id)
  }

  /** The page is going away: what was deleted is deleted now. */
  settle(): void {
    for (const [id, timer] of [...this.#deletions]) {
      clearTimeout(timer)
      void this.#delete(id)
    }
  }

  async #delete(id: MessageId) {
    this.#deletions.delete(id)
    const { hub, refused } = this.#deps
    const reply = await hub.call('chat.delete', { clientId: hub.newId(), messageId: id })
    if (reply.ok && this.view) this.view = this.#reduced(this.view, { name: 'chat.message.deleted', payload: reply.data as never })
    if (!reply.ok && reply.error.code !== 'not_found') refused(reply.error)
    this.#show(id)
  }

  async react(id: MessageId, emoji: string, isOn: boolean): Promise<void> {
    this.#reactions = new Map(this.#reactions).set(id, new Map(this.#reactions.get(id)).set(emoji, isOn))
    const { hub, refused } = this.#deps
    const reply = await hub.call('chat.react', { clientId: hub.newId(), messageId: id, emoji, isOn })
    const message = this.#find(id)
    if (reply.ok && message && this.view) {
      const reactions = { id, roomId: this.id, seq: message.seq, reactions: reply.data.reactions }
      this.view = this.#reduced(this.view, { name: 'chat.message.reacted', payload: reactions as never })
    }
    // A second press may be under way: only what was answered is taken back.
    if (this.#reactions.get(id)?.get(emoji) === isOn) {
      const rest = without(this.#reactions.get(id)!, emoji)
      this.#reactions = rest.size > 0 ? new Map(this.#reactions).set(id, rest) : without(this.#reactions, id)
    }
    if (!reply.ok) refused(reply.error)
  }

  /** What a message answers: from this stretch, or asked for. Null: it is gone. Undefined: not known yet. */
  quoted = (id: MessageId): Message | null | undefined => this.#find(id) ?? this.#quoted.get(id)

  async fetchQuoted(ids: readonly MessageId[]): Promise<void> {
    const missing = ids.filter((id) => this.quoted(id) === undefined).slice(0, 50)
    if (missing.length === 0) return
    const reply = await this.#deps.hub.call('chat.messages', { roomId: this.id, ids: missing })
    if (!reply.ok) return
    this.#deps.people.learn(reply.data.people)
    for (const id of missing) this.#quoted.set(id, reply.data.messages.find((message) => message.id === id) ?? null)
  }

  #find = (id: MessageId) => this.view?.messages.find((message) => message.id === id)
  #take(message: Message | undefined) {
    const known = message && this.#find(message.id)
    if (message && known && this.view && message.edits >= known.edits) {
      this.view = this.#reduced(this.view, { name: 'chat.message.edited', payload: message as never })
    }
  }
  #quote(message: Message) {
    if (this.#quoted.has(message.id)) this.#quoted.set(message.id, message)
  }
  #gone(id: MessageId) {
    if (this.#quoted.has(id)) this.#quoted.set(id, null)
    if (this.replyingTo?.id === id) this.replyingTo = undefined
    if (this.editing?.id === id) this.editing = undefined
  }
  #show(id: MessageId) {
    this.#deleted = new Set([...this.#deleted].filter((other) => other !== id))
  }
}

/** The first that waits was said before everything in this stretch. */
const beginsBefore = ({ messages, hasEarlier, seen }: RoomView): boolean =>
  hasEarlier && seen.waiting.length > 0 && messages[0] !== undefined && seen.read < messages[0].seq - 1

function withPage(view: RoomView, direction: 'earlier' | 'later', page: { messages: Message[]; hasMore: boolean }): RoomView {
  const known = new Set(view.messages.map((message) => message.id))
  const fresh = page.messages.filter((message) => !known.has(message.id))
  if (direction === 'earlier') {
    const messages = [...fresh, ...view.messages]
    const isLong = messages.length > longestStretch
    return { ...view, messages: messages.slice(0, longestStretch), hasEarlier: page.hasMore, hasLater: view.hasLater || isLong }
  }
  const messages = [...view.messages, ...fresh]
  const isLong = messages.length > longestStretch
  return { ...view, messages: messages.slice(-longestStretch), hasLater: page.hasMore, hasEarlier: view.hasEarlier || isLong }
}

function withMine(reactions: readonly Reaction[], mine: ReadonlyMap<string, boolean>, me: AccountId): Reaction[] {
  const next = reactions.map((reaction) => {
    const isOn = mine.get(reaction.emoji)
    if (isOn === undefined) return reaction
    const others = reaction.by.filter((id) => id !== me)
    return { ...reaction, by: isOn ? [...others, me] : others }
  })
  for (const [emoji, isOn] of mine) if (isOn && !next.some((reaction) => reaction.emoji === emoji)) next.push({ emoji, by: [me] })
  return next.filter((reaction) => reaction.by.length > 0)
}

const without = <K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> => {
  const rest = new Map(map)
  rest.delete(key)
  return rest
}
