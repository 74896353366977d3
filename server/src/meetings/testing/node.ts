import { answerInternal, fail, type Bus, type Placement } from '@atrium/platform'
import type { MediaReadiness, MeetingId, Output, Hub, ParticipantId } from '@atrium/protocol'

/** What a media node says and is told, without any media: the other side of protocol/src/internal.ts, whose moves a test makes. */
export async function mediaNode({ bus, placement }: { bus: Bus; placement: Placement }, name = 'sfu-1') {
  const node = `${name}~${Math.random().toString(16).slice(2, 10)}`
  const peers = new Map<MeetingId, Set<ParticipantId>>()
  const told: { operation: string; input: any }[] = []
  const ready: { media: MediaReadiness; recording: Output<Hub, 'meetings.readiness'>['recording']; isFull: boolean; load: number } = {
    media: { state: 'ready' },
    recording: 'ready',
    isFull: false,
    load: 0,
  }
  const note = (operation: string) => async (input: unknown) => {
    told.push({ operation, input })
    return {}
  }
  const leave = answerInternal(bus, `sfu:${name}`, {
    'node.describe': async () => ({ node, service: 'sfu', version: '0', load: ready.load }),
    'media.readiness': async () => ({ media: ready.media, recording: ready.recording, problems: ['The address is not reachable.'] }),
    'media.recording.prepare': note('media.recording.prepare'),
    'media.state': async ({ meetingId }) => {
      const there = peers.get(meetingId)
      return there ? { version: 1, participants: [...there], producers: [] } : null
    },
    async 'media.expel'(input) {
      for (const id of input.participantIds) peers.get(input.meetingId)?.delete(id)
      return note('media.expel')(input)
    },
    async 'media.end'(input) {
      peers.delete(input.meetingId)
      return note('media.end')(input)
    },
    'media.mute': note('media.mute'),
    async 'media.egress'(input) {
      if (ready.isFull && input.record) throw fail('unavailable', 'meetings.recordingFull', { params: { most: 2 } })
      return note('media.egress')(input)
    },
    // It carries no media, so nobody gets in.
    async 'media.join'(input) {
      told.push({ operation: 'media.join', input })
      throw fail('unavailable', 'meetings.mediaAway')
    },
    'media.look': async ({ accountId, sessionId, input }) => {
      told.push({ operation: 'media.look', input: { accountId, sessionId, input } })
      return { version: 7, participants: [], producers: [] }
    },
  })
  await placement.claim(`sfu:${name}`, node, 60_000)
  return {
    name,
    node,
    ready,
    told,
    peers,
    has(meetingId: MeetingId, participantId: ParticipantId): void {
      const there = peers.get(meetingId) ?? new Set()
      peers.set(meetingId, there.add(participantId))
    },
    /** As a process that is killed: it answers no more, and its lease ends. */
    async die(): Promise<void> {
      leave()
      await placement.release(`sfu:${name}`, node)
    },
  }
}
export type MediaNode = Awaited<ReturnType<typeof mediaNode>>
