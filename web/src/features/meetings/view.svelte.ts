import { SvelteMap } from 'svelte/reactivity'
import type { ParticipantId } from '@atrium/protocol'
import { unreadOf } from '@atrium/protocol/apply'
import type { Chat } from '#features/chat/chat.svelte.ts'
import type { RoomState } from '#features/chat/room.svelte.ts'
import type { MeetingState } from './meeting.svelte.ts'

export type SideName = 'chat' | 'document' | 'people'
export type Layout = 'grid' | 'speaker'
/** One picture on the stage. */
export interface Seat {
  key: string
  id: ParticipantId
  source: 'camera' | 'screen'
}

const layoutKey = 'atrium.stage'
const chatAfterMs = 1_500

/** How this screen shows the meeting: theirs to choose, nobody else's business. */
export class View {
  side = $state<SideName>()
  layout = $state<Layout>(localStorage.getItem(layoutKey) === 'speaker' ? 'speaker' : 'grid')
  pinned = $state<string>()
  page = $state(0)
  /** When somebody last spoke, by this screen's clock. */
  spoke = new SvelteMap<ParticipantId, number>()
  #speaker = $state<ParticipantId>()
  #meeting: MeetingState
  #room = $state.raw<RoomState>()

  constructor(meeting: MeetingState, chat: Chat) {
    this.#meeting = meeting
    // The words of the room can wait until faces are there.
    setTimeout(() => {
      if (meeting.hasChat) this.#room = chat.open(meeting.meeting.roomId)
    }, chatAfterMs)
    $effect(() => {
      const { speakers } = meeting.session
      const now = Date.now()
      for (const { participantId } of speakers) this.spoke.set(participantId, now)
      const loudest = speakers.find(({ participantId }) => participantId !== meeting.myId)?.participantId
      if (loudest) this.#speaker = loudest
    })
  }

  /** Undefined for the first moment. */
  get room(): RoomState | undefined {
    return this.#room
  }

  readonly unread: number = $derived.by(() => {
    const view = this.#room?.view
    return view ? unreadOf(view.seen) : 0
  })

  /** Others first, as they came; I last. */
  readonly cameras: readonly Seat[] = $derived.by(() => {
    const { inside, myId } = this.#meeting
    const seat = (id: ParticipantId): Seat => ({ key: id, id, source: 'camera' })
    return [...inside.filter(({ id }) => id !== myId).map(({ id }) => seat(id)), seat(myId)]
  })
  readonly screens: readonly Seat[] = $derived.by(() =>
    this.#meeting.session.producers
      .filter((one) => one.source === 'screen')
      .map((one) => ({ key: `${one.participantId} screen`, id: one.participantId, source: 'screen' as const })),
  )

  /** What is shown large; undefined: all are equal. */
  readonly main: Seat | undefined = $derived.by(() => {
    const all = [...this.screens, ...this.cameras]
    const pinned = all.find(({ key }) => key === this.pinned)
    if (pinned) return pinned
    const newest = this.screens.at(-1)
    if (newest) return newest
    if (this.layout === 'grid') return undefined
    return this.cameras.find(({ id }) => id === this.#speaker) ?? this.cameras[0]
  })

  show(side: SideName | undefined): void {
    this.side = this.side === side ? undefined : side
  }

  choose(layout: Layout): void {
    this.layout = layout
    this.pinned = undefined
    localStorage.setItem(layoutKey, layout)
  }

  pin(key: string): void {
    this.pinned = this.pinned === key ? undefined : key
  }
}
