import type { Announce } from '@atrium/platform'
import type { AccountId, MeetingId, Participant } from '@atrium/protocol'
import { isInside, mayMove, type State } from './rules.ts'
import {
  accountTopic,
  hostsTopic,
  meetingTopic,
  noSuchMeeting,
  roomTopic,
  toMeeting,
  toParticipant,
  type MeetingDeps,
} from './service.common.ts'
import { findMeeting, holdMeeting, noteEmptiness, type MeetingRow, type ParticipantRow, type Tx } from './store.ts'
import { addParticipant, changeParticipant } from './store.participants.ts'

/** A meeting that this unit of work has to itself. */
export interface Held {
  tx: Tx
  announce: Announce
  row: MeetingRow
  /** Somebody new, in a first state. */
  add(participant: ParticipantRow, by: AccountId): Promise<Participant>
  /** Changes a participant, tells whom it concerns, and takes away what the new state does not give. */
  change(before: ParticipantRow, change: Change, by: AccountId): Promise<Participant>
  /** Says of a participant again what there is to say: whatever was said before is forgotten. */
  repeat(participant: ParticipantRow): Promise<void>
  /** As it is shown. */
  show(participant: ParticipantRow): Promise<Participant>
  /** The meeting itself changed: everybody who sees it is told, once, at the end of the unit. */
  changed(): void
  /** Done when the unit has committed. */
  afterwards(run: () => Promise<unknown>): void
}
export type Change = Partial<
  Pick<ParticipantRow, 'state' | 'isHost' | 'hasRaisedHand' | 'sittingId' | 'wasLetIn' | 'denials' | 'sessionId' | 'node'>
>

/** Units of work about one meeting, one after the other. Every fact about meetings and participants is announced here. */
export function holding(deps: MeetingDeps) {
  const { work, now, rooms, nodes, peopleOf } = deps

  return async function hold<T>(meetingId: MeetingId, run: (held: Held) => Promise<T | (() => T)>): Promise<T> {
    let after: (() => Promise<unknown>)[] = []
    const result = await work(
      async (tx, announce) => {
        const row = await holdMeeting(tx, meetingId)
        if (!row) throw noSuchMeeting()
        // The unit may be run again.
        after = []
        let isChanged = false
        const out: ParticipantRow['id'][] = []

        const show = async (participant: ParticipantRow) =>
          toParticipant(participant, (await peopleOf(tx, [participant.accountId]))[0]?.name ?? '')

        async function told(was: ParticipantRow | undefined, is: ParticipantRow, by: AccountId): Promise<Participant> {
          const shown = await show(is)
          const [wasInside, nowInside] = [isInside(was?.state), isInside(is.state)]
          const [hosted, hosts] = [wasInside && was!.isHost, nowInside && is.isHost]
          const isNews = was?.state !== is.state || hosted !== hosts

          if (wasInside || nowInside)
            announce(
              meetingTopic(is.meetingId),
              'meetings.participant.changed',
              async (seq) => {
                if (!wasInside) await changeParticipant(tx, is.id, { heardFrom: seq })
                return shown
              },
              { replaces: `participant:${is.id}` },
            )
          // Hosts hear of knocks and of one another; who becomes one hears from here on.
          if (isKnock(was?.state) || isKnock(is.state) || hosts !== hosted)
            announce(
              hostsTopic(is.meetingId),
              'meetings.knock.changed',
              async (seq) => {
                if (hosts && !hosted) await changeParticipant(tx, is.id, { hostingFrom: seq })
                return shown
              },
              { replaces: `knock:${is.id}` },
            )
          if (isNews) announce(accountTopic(is.accountId), 'meetings.mine.changed', shown, { replaces: `mine:${is.id}` })
          if ((wasInside && !nowInside) || (hosted && !hosts))
            announce('revocations:all', 'directory.right.revoked', {
              ...{ kind: 'participant', accountId: is.accountId, meetingId: is.meetingId, participantId: is.id, isOut: !nowInside },
            })
          if (wasInside && !nowInside) {
            out.push(is.id)
            await rooms.returnSeat(tx, announce, row!.roomId, is.accountId, by)
          }
          if (!wasInside && nowInside) await rooms.lendSeat(tx, announce, row!.roomId, is.accountId, by)
          if (wasInside !== nowInside) isChanged = true
          return shown
        }

        const held: Held = {
          tx,
          announce,
          row,
          show,
          async add(participant, by) {
            await addParticipant(tx, participant)
            return told(undefined, participant, by)
          },
          async change(before, change, by) {
            const state = change.state ?? before.state
            if (state !== before.state && !mayMove(before.state, state)) throw new Error(`Nobody moves from ${before.state} to ${state}.`)
            const moved = state === before.state ? {} : { since: now(), seenAt: now() }
            const gone = isInside(state) ? {} : { isHost: false, hasRaisedHand: false, node: null }
            const is = { ...before, ...change, ...moved, ...gone }
            await changeParticipant(tx, before.id, { ...change, ...moved, ...gone })
            return told(before, is, by)
          },
          async repeat(participant) {
            const shown = await show(participant)
            const { id, accountId } = participant
            announce(meetingTopic(meetingId), 'meetings.participant.changed', shown, { replaces: `participant:${id}` })
            announce(hostsTopic(meetingId), 'meetings.knock.changed', shown, { replaces: `knock:${id}` })
            announce(accountTopic(accountId), 'meetings.mine.changed', shown, { replaces: `mine:${id}` })
          },
          changed: () => void (isChanged = true),
          afterwards: (run) => void after.push(run),
        }

        const result = await run(held)
        if (isChanged) {
          await noteEmptiness(tx, meetingId, now())
          const [room] = await rooms.listRooms(tx, [row.roomId])
          const meeting = toMeeting((await findMeeting(tx, meetingId))!, room?.name ?? '')
          announce(roomTopic(row.roomId), 'meetings.meeting.changed', meeting, { replaces: `meeting:${meetingId}` })
          announce(meetingTopic(meetingId), 'meetings.changed', meeting, { replaces: `sitting:${meetingId}` })
        }
        if (out.length > 0) after.push(() => nodes.tell(meetingId, 'media.expel', { meetingId, participantIds: out }))
        return result
      },
      // It holds the meeting's row, often the room's, and announces to many.
      { alone: true },
    )
    await Promise.all(after.map((run) => run()))
    return result
  }
}
export type Hold = ReturnType<typeof holding>

const isKnock = (state: State | undefined) => state === 'waiting' || state === 'denied'
