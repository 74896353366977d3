import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import { askAny, fail, type House } from '@atrium/platform'
import type { MeetingId, TargetId } from '@atrium/protocol'
import type { Room } from '../room.ts'
import type { Speaker } from '../speakers.ts'
import { deliveries } from './deliveries.ts'
import { Egress, type Wish } from './egress.ts'
import { installing } from './install.ts'
import type { StreamState } from './orders.ts'

type Needs = Pick<House, 'blobs' | 'bus' | 'config' | 'log' | 'newId' | 'node' | 'placement'> & {
  /** How many meetings at once. */
  most?: number
  /** Makers of certificates whom a place that is streamed to may have. */
  trusted?: readonly string[]
}

/** What composing one meeting takes, about. */
const coresEach = 0.6
const usualMost = () => Math.max(1, Math.floor(availableParallelism() / coresEach))
/** Longer than a participant is expected back. */
const expectedMs = 60_000
const stopWithinMs = 10_000

/** The meetings of this node that are recorded or streamed. */
export function egresses({ blobs, bus, config, log, newId, node, placement, most = usualMost(), trusted }: Needs) {
  const tool = installing({ cacheDir: config.cacheDir, log })
  const folder = join(config.dataDir, 'recordings', node.name)
  const delivered = deliveries({ folder, blobs, bus, placement, log, newId })
  // What somebody gave this process besides the usual ones; the processes below have an environment of their own.
  const streaming = { also: config.streamTo, trusted: trusted ?? getCACertificates('extra') }
  const running = new Map<MeetingId, Egress>()
  let isStopped = false
  // Needed where nobody records any more, too: a hub that was killed may have left something.
  void delivered.recover()

  function tell(meetingId: MeetingId, targetId: TargetId, state: StreamState): void {
    askAny({ bus, placement }, 'server', 'meetings.stream.state', { meetingId, targetId, state }).catch((error: unknown) =>
      log.warn({ operation: 'meetings.stream.state', error }),
    )
  }

  function end(meetingId: MeetingId): void {
    running.get(meetingId)?.end()
    running.delete(meetingId)
  }

  return {
    state: tool.state,
    problem: tool.problem,
    prepare: tool.prepare,

    want(wish: Wish, room: Room | undefined): void {
      const meetingId = wish.meetingId as MeetingId
      const standing = running.get(meetingId)
      if (!wish.record && wish.streams.length === 0) return end(meetingId)
      if (wish.streams.some(({ url }) => !/^rtmps?:\/\//.test(url))) throw fail('invalid', 'invalid', { field: 'streams' })
      if (standing) return standing.want(wish)
      if (isStopped || !room) throw fail('unavailable', 'meetings.mediaAway')
      const installed = tool.folder()
      if (!installed) throw fail('conflict', tool.state() === 'preparing' ? 'meetings.recordingPreparing' : 'meetings.recordingOff')
      if (running.size >= most) throw fail('unavailable', 'meetings.recordingFull', { params: { most } })
      const egress = new Egress(wish, room, {
        folder: installed,
        deliveries: delivered,
        log,
        streaming,
        tell: (targetId, state) => tell(meetingId, targetId, state),
      })
      running.set(meetingId, egress)
    },

    /** What rooms see; see rooms.ts. */
    changed: (room: Room) => running.get(room.meetingId)?.changed(room),
    speaking: (room: Room, speakers: readonly Speaker[]) => running.get(room.meetingId)?.speaking(room, speakers),
    /** Its people are expected back; where they meet elsewhere, or nowhere, what was recorded here is whole. */
    lost(room: Room): void {
      const egress = running.get(room.meetingId)
      if (!egress) return
      egress.lost(room)
      setTimeout(() => {
        if (running.get(room.meetingId) === egress && !egress.hasRoom) end(room.meetingId)
      }, expectedMs).unref()
    },
    /** The meeting is over, or nobody is in it any more. */
    end,
    of: (meetingId: MeetingId): Egress | undefined => running.get(meetingId),

    /** Everything is brought to an end, and as far as that goes to where it belongs. */
    async drain(): Promise<void> {
      isStopped = true
      const all = [...running.values()]
      for (const { meetingId } of all) end(meetingId)
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, stopWithinMs)
      await Promise.race([Promise.all(all.map((egress) => egress.ended)).then(() => delivered.stop()), late.promise])
      clearTimeout(timer)
    },
    stop(): void {
      isStopped = true
      for (const meetingId of [...running.keys()]) end(meetingId)
      tool.stop()
      void delivered.stop()
    },
  }
}
export type Egresses = ReturnType<typeof egresses>
