import { untrack } from 'svelte'
import type { ParticipantId } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'
import type { MeetingState } from './meeting.svelte.ts'

const speakerEveryMs = 4_000

/** What happens, in words, for those who do not see it: who knocks, comes, goes, raises a hand, speaks; that it is recorded. */
export class Announcements {
  said = $state('')
  #meeting: MeetingState
  #inside = new Map<ParticipantId, string>()
  #waiting = new Set<ParticipantId>()
  #hands = new Set<ParticipantId>()
  #isRecorded: boolean
  #speaker: ParticipantId | undefined
  #speakerAt = 0

  constructor(meeting: MeetingState) {
    this.#meeting = meeting
    this.#isRecorded = meeting.meeting.recording !== null
    for (const { id, name } of meeting.inside) this.#inside.set(id, name)
    $effect(() => {
      void [meeting.inside, meeting.knocking, meeting.hands]
      untrack(() => this.look())
    })
    $effect(() => {
      const [loudest] = meeting.session.speakers
      untrack(() => this.#spoke(loudest?.participantId))
    })
  }

  look(): void {
    const { inside, knocking, myId, hands, meeting } = this.#meeting
    const now = new Map(inside.map(({ id, name }) => [id, name]))
    const words = [
      ...knocking.filter(({ id }) => !this.#waiting.has(id)).map(({ name }) => m.meetings_waits_to_come_in({ name })),
      ...[...now].filter(([id]) => id !== myId && !this.#inside.has(id)).map(([, name]) => m.meetings_came_in({ name })),
      ...[...this.#inside].filter(([id]) => id !== myId && !now.has(id)).map(([, name]) => m.meetings_went({ name })),
      ...hands.filter((id) => id !== myId && !this.#hands.has(id)).map((id) => m.meetings_raised_hand({ name: now.get(id) ?? '' })),
    ]
    const isRecorded = meeting.recording !== null
    if (isRecorded !== this.#isRecorded) words.push(isRecorded ? m.meetings_recording_began() : m.meetings_recording_ended())
    this.#inside = now
    this.#waiting = new Set(knocking.map(({ id }) => id))
    this.#hands = new Set(hands)
    this.#isRecorded = isRecorded
    if (words.length > 0) this.said = words.join(' ')
  }

  /** Not every breath: the next one is named when somebody else has the word for a while. */
  #spoke(id: ParticipantId | undefined) {
    if (!id || id === this.#meeting.myId || id === this.#speaker || Date.now() - this.#speakerAt < speakerEveryMs) return
    this.#speaker = id
    this.#speakerAt = Date.now()
    const name = this.#meeting.people.get(id)?.name
    if (name) this.said = m.meetings_speaks({ name })
  }
}
