import type { Actor, Handlers, Jobs, Revoked, Span, Tx } from '@atrium/platform'
import {
  idIn,
  type AccountId,
  type Input,
  type Internal,
  type meetings as contract,
  type OperationName,
  type Output,
} from '@atrium/protocol'
import { holding } from './holding.ts'
import { isInside } from './rules.ts'
import { comingService } from './service.coming.ts'
import { hostsTopic, meetingTopic, type MeetingDeps } from './service.common.ts'
import { hostingService } from './service.hosting.ts'
import { meetingsService } from './service.meetings.ts'
import { forgetJob, recordingService } from './service.recording.ts'
import { ringsService } from './service.rings.ts'
import { roundsService } from './service.rounds.ts'
import { missJob, sittingsOf } from './sittings.ts'
import { allParts, partsIn } from './store.participants.ts'
import { targetsOf } from './store.targets.ts'

export { mediaNodes, type MediaNodes } from './nodes.ts'
export type { MeetingDeps, Recorded } from './service.common.ts'
export type { MeetingTables } from './store.ts'

const roundEveryMs = 5_000
type Answers = { [K in OperationName<Internal> & `meetings.${string}`]: (input: Input<Internal, K>) => Promise<Output<Internal, K>> }

/** Meetings: who may come in, who is there, what rings. Sound and pictures are the media node's; their chat is their room's. */
export function meetings(deps: MeetingDeps) {
  const hold = holding(deps)
  const sittings = sittingsOf(deps)
  const coming = comingService({ ...deps, hold, sittings })
  const parts = { ...deps, hold, sittings, coming }
  const general = meetingsService(parts)
  const hosting = hostingService(parts)
  const rings = ringsService(parts)
  const recording = recordingService(parts)
  const rounds = roundsService({ ...parts, recording })

  const handlers: Omit<Handlers<typeof contract>, 'auth.guest'> = {
    'meetings.readiness': general.readiness,
    'meetings.recording.prepare': general.prepareRecording,
    'meetings.list': general.list,
    'meetings.running': general.running,
    'meetings.of': general.of,
    'meetings.peek': general.peek,
    'meetings.start': general.start,
    'meetings.create': general.create,
    'meetings.change': general.change,
    'meetings.knock': coming.knock,
    'meetings.mine': coming.mine,
    'meetings.admit': coming.admit,
    'meetings.deny': coming.deny,
    'meetings.enter': coming.enter,
    'meetings.view': coming.view,
    'meetings.leave': coming.leave,
    'meetings.hand': coming.hand,
    'meetings.remove': hosting.remove,
    'meetings.mute': hosting.mute,
    'meetings.host': hosting.host,
    'meetings.end': general.end,
    'meetings.ring.answer': rings.answer,
    'meetings.rings': rings.rings,
    'meetings.record': recording.record,
    'meetings.targets': recording.targets,
    'meetings.target.add': recording.addTarget,
    'meetings.target.remove': recording.removeTarget,
    'meetings.stream': recording.stream,
  }
  /** What media nodes say to any server. */
  const answers: Answers = {
    'meetings.peer.joined': rounds.peerJoined,
    'meetings.peer.gone': rounds.peerGone,
    'meetings.recorded': recording.recorded,
    'meetings.stream.state': recording.streamState,
  }

  return {
    handlers,
    answers,
    guestDoor: general.guestDoor,
    nodeFor: general.nodeFor,

    /** MEET-6: the meeting for who is inside, its knocks for hosts inside; of both only what is said from then on. */
    async spansOf(actor: Actor, topics: readonly string[]): Promise<Map<string, Span[]>> {
      const asked = topics.flatMap((topic) => meetingOf(topic) ?? [])
      const spans = new Map<string, Span[]>()
      if (asked.length === 0) return spans
      for (const { meetingId, state, isHost, heardFrom, hostingFrom } of await partsIn(deps.db, actor.accountId, asked)) {
        if (!isInside(state)) continue
        if (heardFrom !== null) spans.set(meetingTopic(meetingId), [{ from: heardFrom, to: null }])
        if (isHost && hostingFrom !== null) spans.set(hostsTopic(meetingId), [{ from: hostingFrom, to: null }])
      }
      return new Map([...spans].filter(([topic]) => topics.includes(topic)))
    },

    /** A right was lost: called with each, in every process. */
    heed: (revoked: Revoked): Promise<void> => rounds.heed(revoked),
    /** The part of somebody's copy of their data: where they were, and what became of it. */
    exports: [
      {
        name: 'meetings',
        async *of(accountId: string) {
          for (const { meetingId, state, isHost, since } of await allParts(deps.db, accountId)) yield { meetingId, state, isHost, since }
        },
      },
      {
        name: 'streams',
        async *of(accountId: string) {
          for (const { meetingId, name, url, addedAt } of await targetsOf(deps.db, accountId)) yield { meetingId, name, url, addedAt }
        },
      },
    ] as const,
    /** Whoever closes an account takes along what they brought to meetings, by a job that commits with this. */
    forgetOwner: (tx: Tx, accountId: AccountId): Promise<void> => deps.jobs.enqueue(tx, forgetJob, { accountId }),
    round: rounds.round,
    /** Asked again and again, in every process. */
    tellStranded: rounds.tellStranded,
    misses: rings.miss,
    /** The jobs of this slice. Called once, where jobs are done. */
    work(jobs: Pick<Jobs, 'register' | 'every'>): void {
      jobs.register<Parameters<typeof rings.miss>[0]>(missJob, rings.miss)
      jobs.register<Parameters<typeof recording.forgetTargets>[0]>(forgetJob, recording.forgetTargets)
      jobs.every('meetings.round', roundEveryMs, rounds.round)
    },
  }
}
export type Meetings = ReturnType<typeof meetings>

const meetingOf = (topic: string) => idIn(topic, 'meeting', 'hosts')
