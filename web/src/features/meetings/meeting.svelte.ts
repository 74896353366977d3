import { SvelteMap } from 'svelte/reactivity'
import type {
  AccountId,
  Failure,
  Hub,
  Meeting,
  MeetingView,
  Output,
  Participant,
  ParticipantId,
  Payload,
  Person,
  Reply,
} from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import type { Own } from '#lib/media/own.svelte.ts'
import { MediaSession } from '#lib/media/session.svelte.ts'

export interface MeetingDeps {
  hub: HubConnection
  own: Own
  view: MeetingView
  ticket: () => Promise<string | undefined>
  refused: (failure: Failure) => void
  learn: (people: readonly Person[]) => void
  /** A host closed my microphone. */
  muted: (by: AccountId) => void
  knocked: (guest: Participant) => void
  ended: () => void
}

const isInside = ({ state }: Participant) => state === 'admitted' || state === 'joined'

/** A meeting from inside: who is there, who waits at the door, and what may be done about it. */
export class MeetingState {
  meeting: Meeting = $state.raw()!
  people = new SvelteMap<ParticipantId, Participant>()
  waiting = new SvelteMap<ParticipantId, Participant>()
  readonly myId: ParticipantId
  readonly session: MediaSession
  /** Whether the room beside it may be read and written in. */
  hasChat = $state(true)
  /** Whether it is mine beyond the meeting. */
  isMember = $state(false)
  #me: Participant = $state.raw()!
  #deps: MeetingDeps
  #leaveMeeting: () => void
  #leaveHosts: (() => void) | undefined

  constructor(deps: MeetingDeps) {
    const { hub, own, view, ticket } = deps
    this.#deps = deps
    this.myId = view.me.id
    this.#me = view.me
    this.#shown(view)
    this.session = new MediaSession({ line: hub, meetingId: view.meeting.id, me: view.me.id, own, ticket })
    const { leave } = hub.feed.follow(`meeting:${this.meeting.id}`, {
      load: this.#first(view) ?? (() => this.#load('meeting')),
      apply: (name, payload) => payload !== null && this.#apply(name, payload),
      signal: (name, payload) => this.#signal(name, payload),
    })
    this.#leaveMeeting = leave
    this.#hosting()
  }

  get me(): Participant {
    return this.people.get(this.myId) ?? this.#me
  }

  /** In the order in which they came. */
  readonly inside: readonly Participant[] = $derived([...this.people.values()].sort((a, b) => (a.since < b.since ? -1 : 1)))
  readonly knocking: readonly Participant[] = $derived([...this.waiting.values()].sort((a, b) => (a.since < b.since ? -1 : 1)))
  /** Hands in the order in which they were raised, as far as this screen saw it. */
  readonly hands: readonly ParticipantId[] = $derived(this.inside.filter((one) => one.hasRaisedHand).map(({ id }) => id))

  isMuted = (id: ParticipantId): boolean => this.session.producerOf(id, 'microphone')?.isPaused ?? true
  isSpeaking = (id: ParticipantId): boolean => this.session.speakers.some((one) => one.participantId === id)

  /** Another connection to the hub: signals that were lost meanwhile are asked for. */
  back(): void {
    this.session.back()
  }

  close(): void {
    this.#leaveMeeting()
    this.#leaveHosts?.()
    this.session.close()
  }

  raiseHand = (isRaised: boolean) => {
    this.#put({ ...this.me, hasRaisedHand: isRaised })
    return this.#do('meetings.hand', { participantId: this.myId, isRaised })
  }
  admit = (participantIds: ParticipantId[]) => this.#answer('meetings.admit', participantIds)
  deny = (participantIds: ParticipantId[]) => this.#answer('meetings.deny', participantIds)
  mute = (participantIds: ParticipantId[]) => this.#do('meetings.mute', { meetingId: this.meeting.id, participantIds })
  remove = (participantId: ParticipantId) => this.#do('meetings.remove', { meetingId: this.meeting.id, participantId })
  setHost = (participantId: ParticipantId, isHost: boolean) =>
    this.#do('meetings.host', { meetingId: this.meeting.id, participantId, isHost })
  end = () => this.#do('meetings.end', { meetingId: this.meeting.id })

  async change(change: { isLocked?: boolean; guests?: Meeting['guests'] }): Promise<void> {
    const before = this.meeting
    this.meeting = { ...before, ...change }
    const reply = await this.#do('meetings.change', { meetingId: before.id, ...change })
    if (!reply.ok) this.meeting = before
  }

  async record(isOn: boolean): Promise<void> {
    const reply = await this.#do('meetings.record', { meetingId: this.meeting.id, isOn })
    if (reply.ok) this.meeting = reply.data
  }

  /** Gone from the door at once; back there if it was refused. */
  async #answer(name: 'meetings.admit' | 'meetings.deny', participantIds: ParticipantId[]) {
    const before = participantIds.flatMap((id) => this.waiting.get(id) ?? [])
    for (const id of participantIds) this.waiting.delete(id)
    const reply = await this.#do(name, { meetingId: this.meeting.id, participantIds })
    // Whoever went away meanwhile does not wait any more: that is no reason to show them again.
    if (!reply.ok && reply.error.code !== 'not_found' && reply.error.code !== 'conflict')
      for (const guest of before) this.waiting.set(guest.id, guest)
  }

  async #do<K extends Verb>(name: K, input: object): Promise<Reply<Output<Hub, K>>> {
    const { hub, refused } = this.#deps
    const reply = await hub.call(name, { clientId: hub.newId(), ...input } as never)
    if (!reply.ok) refused(reply.error)
    return reply
  }

  #shown(view: MeetingView) {
    this.meeting = view.meeting
    this.hasChat = view.hasChat
    this.isMember = view.isMember
    this.#me = view.me
    this.#deps.learn(view.people)
    const there = new Set(view.participants.map(({ id }) => id))
    for (const id of this.people.keys()) if (!there.has(id)) this.people.delete(id)
    for (const one of view.participants) this.people.set(one.id, one)
    this.#put(view.me)
    this.#knocks(view.waiting)
  }

  #knocks(waiting: readonly Participant[]) {
    const there = new Set(waiting.map(({ id }) => id))
    for (const id of this.waiting.keys()) if (!there.has(id)) this.waiting.delete(id)
    for (const one of waiting) this.#knock(one)
  }

  /** What came with the ticket is the first state: it need not be asked for again. */
  #first(view: MeetingView) {
    const at = view.at.find(({ topic }) => topic === `meeting:${view.meeting.id}`)
    if (!at) return undefined
    let isFirst = true
    return async () => {
      if (!isFirst) return this.#load('meeting')
      isFirst = false
      return { at, epoch: view.epoch }
    }
  }

  async #load(kind: 'meeting' | 'hosts') {
    const reply = await this.#deps.hub.call('meetings.view', { meetingId: this.meeting.id })
    if (!reply.ok) return undefined
    this.#shown(reply.data)
    const at = reply.data.at.find(({ topic }) => topic === `${kind}:${this.meeting.id}`)
    return at && { at, epoch: reply.data.epoch }
  }

  #apply(name: string, payload: unknown) {
    if (name === 'meetings.changed') {
      this.meeting = payload as Payload<Hub, 'meetings.changed'>
      if (!this.meeting.sitting) this.#deps.ended()
    } else if (name === 'meetings.participant.changed') this.#put(payload as Participant)
  }

  #signal(name: string, payload: unknown) {
    if (name !== 'meetings.muting') return this.session.heard(name, payload)
    const { participantIds, by } = payload as Payload<Hub, 'meetings.muting'>
    if (participantIds.includes(this.myId)) this.#deps.muted(by)
  }

  #put(participant: Participant) {
    if (isInside(participant)) this.people.set(participant.id, participant)
    else this.people.delete(participant.id)
    if (participant.id !== this.myId) return
    const wasHost = this.#me.isHost
    this.#me = participant
    if (wasHost !== participant.isHost) this.#hosting()
  }

  /** Knocks are told to hosts only; who becomes one hears them from then on. */
  #hosting() {
    this.#leaveHosts?.()
    this.#leaveHosts = undefined
    if (!this.#me.isHost) return this.#knocks([])
    const { leave } = this.#deps.hub.feed.follow(`hosts:${this.meeting.id}`, {
      load: () => this.#load('hosts'),
      apply: (name, payload) => {
        if (name === 'meetings.knock.changed' && payload) this.#knock(payload as Participant)
      },
    })
    this.#leaveHosts = leave
  }

  #knock(guest: Participant) {
    if (guest.state !== 'waiting') return void this.waiting.delete(guest.id)
    const isNew = !this.waiting.has(guest.id)
    this.waiting.set(guest.id, guest)
    if (isNew) this.#deps.knocked(guest)
  }
}

type Verb =
  | 'meetings.hand'
  | 'meetings.admit'
  | 'meetings.deny'
  | 'meetings.mute'
  | 'meetings.remove'
  | 'meetings.host'
  | 'meetings.end'
  | 'meetings.change'
  | 'meetings.record'
