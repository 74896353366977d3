import type { AccountId, Failure, Hub, Me, Output, Participant, Payload, RoomId, Values } from '@atrium/protocol'
import { Chat } from '#features/chat/chat.svelte.ts'
import { openHub, type HubConnection } from '#lib/hub/hub.svelte.ts'
import { get, post } from '#lib/hub/http.ts'
import { newId } from '#lib/hub/ids.ts'
import { prepare } from '#lib/media/device.ts'
import type { Own } from '#lib/media/own.svelte.ts'
import { Call } from './call.svelte.ts'
import { MeetingState } from './meeting.svelte.ts'
import { guestOf } from './naming.ts'
import { onlyHere } from './windows.ts'

export type Peek = Output<Hub, 'meetings.peek'>
type Readiness = Output<Hub, 'meetings.readiness'>
/** Why somebody is outside again. `elsewhere`: they are in, in another window or on another device. */
export type Why = 'left' | 'removed' | 'ended' | 'elsewhere' | 'signed_out'

/** Where somebody stands who opened the link of a meeting. */
export type Place =
  | { at: 'looking' }
  /** There is no such meeting, or the hub does not answer. */
  | { at: 'nowhere'; isAway: boolean }
  | { at: 'door' }
  | { at: 'asking' }
  | { at: 'waiting'; participant: Participant }
  | { at: 'denied' }
  | { at: 'inside'; meeting: MeetingState }
  | { at: 'gone'; why: Why }

export interface VisitDeps {
  slug: string
  me: Me | undefined
  own: Own
  /** Came to call, or was called. */
  isExpected: boolean
  refused: (failure: Failure) => void
  muted: (by: string | undefined) => void
  knocked: (guest: Participant) => void
}

const lookMs = 5_000

/** From the link to the goodbye: who I am to this meeting, and how far I got. */
export class Visit {
  place = $state.raw<Place>({ at: 'looking' })
  peek = $state.raw<Peek>()
  readiness = $state.raw<Readiness>()
  /** Whether I am in the directory; guests say a name. */
  me = $state.raw<Me>()
  /** What is switched on for me; undefined for guests, and while it is not known. */
  values = $state.raw<Values>()
  readonly call = new Call()
  hub: HubConnection | undefined
  chat: Chat | undefined
  readonly slug: string
  /** Of the meeting one was in, if it is theirs beyond it. */
  roomId: RoomId | undefined
  #deps: VisitDeps
  #accountId: AccountId | undefined
  #watch: ReturnType<typeof setInterval> | undefined
  #stopListening: (() => void) | undefined
  #entries: number[] = []

  constructor(deps: VisitDeps) {
    this.#deps = deps
    this.slug = deps.slug
    this.me = deps.me
  }

  get isGuest(): boolean {
    return this.me === undefined || this.me.person.kind === 'guest'
  }

  async begin(): Promise<void> {
    void prepare().catch(() => undefined)
    this.#watch = setInterval(() => void this.#lookAround(), lookMs)
    if (this.me) this.#open(this.me.person.id)
    await this.look()
    if (!this.peek || !this.hub) return
    const reply = await this.hub.call('meetings.mine', { meetingId: this.peek.meetingId })
    if (!reply.ok && this.isGuest) return this.#forgetGuest()
    if (reply.ok && reply.data.participant?.state === 'waiting') this.#stand(reply.data.participant)
  }

  /** What the link leads to, now. */
  async look(): Promise<void> {
    const reply = await get('meetings.peek', { slug: this.slug })
    if (reply.ok) this.peek = reply.data
    if (this.place.at !== 'looking' && this.place.at !== 'nowhere') return
    this.place = reply.ok ? { at: 'door' } : { at: 'nowhere', isAway: reply.error.code === 'unavailable' }
  }

  /** Asks to come in, as who I am or under a name. */
  async knock(name: string): Promise<void> {
    const { peek } = this
    if (!peek || this.place.at === 'asking') return
    this.place = { at: 'asking' }
    if (!this.hub && !(await this.#introduce(name))) return
    const hub = this.hub!
    const knocked = await hub.call('meetings.knock', {
      clientId: hub.newId(),
      meetingId: peek.meetingId,
      slug: this.slug,
      agreesToRecording: peek.isRecorded,
    })
    if (!knocked.ok) return this.#back(knocked.error)
    this.#stand(knocked.data)
  }

  async leave(): Promise<void> {
    const { place } = this
    const participant = place.at === 'inside' ? place.meeting.me : place.at === 'waiting' ? place.participant : undefined
    this.#depart('left')
    if (participant && this.hub) await this.hub.call('meetings.leave', { clientId: this.hub.newId(), participantId: participant.id })
  }

  /** The window is closed: a last word that outlives it. */
  vanish(): void {
    const { place } = this
    const participant = place.at === 'inside' ? place.meeting.me : place.at === 'waiting' ? place.participant : undefined
    if (!participant) return
    void fetch('/api/meetings.leave', {
      method: 'POST',
      keepalive: true,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ clientId: newId(), participantId: participant.id }),
    })
  }

  /** To the door again: to knock once more, or to come back in. */
  async again(): Promise<void> {
    this.place = { at: 'door' }
    if (!this.hub && this.#accountId) this.#open(this.#accountId)
    await Promise.all([this.look(), this.#deps.own.begin()])
  }

  /** Rings the other one once more. */
  async ringAgain(): Promise<void> {
    const { place, hub } = this
    if (place.at !== 'inside' || !hub) return
    this.call.begin()
    const reply = await hub.call('meetings.start', { clientId: hub.newId(), roomId: place.meeting.meeting.roomId })
    if (!reply.ok) this.#deps.refused(reply.error)
  }

  /** Whether meetings can be held and recorded, asked anew: something was switched on. */
  async lookAgain(): Promise<void> {
    const reply = await this.hub?.call('meetings.readiness', {})
    if (reply?.ok) this.readiness = reply.data
  }

  close(): void {
    clearInterval(this.#watch)
    if (this.place.at === 'inside') this.place.meeting.close()
    this.#end()
  }

  /** A stranger becomes a guest of this meeting. */
  async #introduce(name: string): Promise<boolean> {
    const reply = await post('auth.guest', { clientId: newId(), slug: this.slug, name })
    if (reply.ok) {
      this.#open(reply.data.accountId)
      return true
    }
    this.#back(reply.error)
    return false
  }

  /** The guest of another meeting is a stranger at this door: whoever it is says a name first. */
  #forgetGuest() {
    this.#end()
    this.#accountId = undefined
    this.me = undefined
  }

  #back(failure: Failure) {
    this.place = { at: 'door' }
    this.#deps.refused(failure)
    void this.look()
  }

  #open(accountId: AccountId) {
    this.#accountId = accountId
    const hub = (this.hub = openHub(accountId))
    hub.feed.follow(`account:${accountId}`, {
      apply: (name, payload) => payload !== null && this.#told(name, payload),
      renew: () => void this.#askMine(),
    })
    this.#stopListening = $effect.root(() => {
      let wasOnline = false
      $effect(() => {
        const { status } = hub
        if (status.kind === 'ended') this.#depart('signed_out')
        else if (status.kind === 'online') {
          if (wasOnline && this.place.at === 'inside') this.place.meeting.back()
          wasOnline = true
        }
      })
    })
    void this.#lookAround()
  }

  /** Outside, a person wants to know what changed behind the door: it was locked, the worker is ready, it began. */
  async #lookAround(): Promise<void> {
    const { at } = this.place
    if (at === 'gone' || at === 'nowhere' || document.visibilityState === 'hidden') return
    if (this.hub && (this.readiness?.media.state !== 'ready' || this.readiness.recording === 'preparing')) await this.lookAgain()
    if (at === 'door' || at === 'waiting') await this.look()
  }

  async #askMine(): Promise<void> {
    const { hub, peek } = this
    if (!hub || !peek) return
    const reply = await hub.call('meetings.mine', { meetingId: peek.meetingId })
    if (reply.ok && reply.data.participant) this.#mine(reply.data.participant)
  }

  #told(name: string, payload: unknown) {
    if (name === 'meetings.mine.changed') this.#mine(payload as Participant)
    else if (name === 'me.values.changed') this.values = (payload as Payload<Hub, 'me.values.changed'>).effective
    else this.call.told(name, payload, this.#accountId, this.peek?.meetingId)
  }

  /** The hub says how I stand: admitted, denied, removed. What I have just done myself it says too. */
  #mine(participant: Participant) {
    if (participant.meetingId !== this.peek?.meetingId) return
    const { at } = this.place
    if (at === 'waiting' || at === 'denied') this.#stand(participant)
    else if (at === 'inside' && participant.state === 'removed') this.#depart('removed')
  }

  #stand(participant: Participant) {
    if (participant.state === 'waiting') this.place = { at: 'waiting', participant }
    else if (participant.state === 'admitted' || participant.state === 'joined') void this.#enter(participant)
    else if (participant.state === 'denied') this.place = { at: 'denied' }
    else if (participant.state === 'removed') this.#depart('removed')
    else this.place = { at: 'door' }
  }

  async #enter(participant: Participant): Promise<void> {
    this.place = { at: 'asking' }
    const entered = await this.#ticket(participant)
    if (!entered) return
    const { view } = entered
    let first: string | undefined = entered.ticket
    const hub = this.hub!
    this.chat = new Chat({
      hub,
      me: this.me ?? guestOf(view.me),
      isOfOneRoom: true,
      announce: () => undefined,
      refused: this.#deps.refused,
    })
    const meeting = new MeetingState({
      hub,
      own: this.#deps.own,
      view,
      ticket: async () => {
        const taken = first
        first = undefined
        return taken ?? (await this.#ticket(participant))?.ticket
      },
      refused: this.#deps.refused,
      learn: (people) => this.chat?.people.learn(people),
      muted: (by) => this.#deps.muted(this.chat?.people.of(by)?.name),
      knocked: this.#deps.knocked,
      ended: () => this.#depart('ended'),
    })
    if (this.#deps.isExpected && !this.call.how && view.participants.every((one) => one.id === participant.id)) this.call.begin()
    if (!this.isGuest) void this.#askValues(hub)
    this.roomId = view.isMember ? view.meeting.roomId : undefined
    onlyHere(view.meeting.id, () => this.#depart('elsewhere'))
    this.place = { at: 'inside', meeting }
  }

  async #askValues(hub: HubConnection): Promise<void> {
    const reply = await hub.call('me.values', {})
    if (reply.ok) this.values = reply.data.effective
  }

  async #ticket(participant: Participant): Promise<Output<Hub, 'meetings.enter'> | undefined> {
    const hub = this.hub
    if (!hub) return undefined
    if (this.#isTornBetweenTwo()) {
      this.#depart('elsewhere')
      return undefined
    }
    const reply = await hub.call('meetings.enter', { clientId: hub.newId(), participantId: participant.id, agreesToRecording: true })
    if (reply.ok) return reply.data
    if (this.place.at === 'inside') this.#depart(reply.error.code === 'unauthenticated' ? 'signed_out' : 'ended')
    else this.#back(reply.error)
    return undefined
  }

  /** Two devices of one person would push each other out for ever: the one that had to come in again and again gives way. */
  #isTornBetweenTwo(): boolean {
    const now = Date.now()
    this.#entries = [...this.#entries.filter((at) => now - at < 30_000), now]
    return this.#entries.length > 5
  }

  #depart(why: Why) {
    const { place } = this
    if (place.at === 'gone') return
    if (place.at === 'inside') place.meeting.close()
    this.call.end()
    this.#entries = []
    this.#deps.own.end()
    this.place = { at: 'gone', why }
    if (why === 'signed_out') this.#end()
  }

  #end() {
    this.#stopListening?.()
    this.hub?.stop()
    this.hub = undefined
  }
}
