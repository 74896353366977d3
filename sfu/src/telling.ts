import { askAny, Refusal, type Bus, type Log, type Placement } from '@atrium/platform'
import type { MeetingId, ParticipantId } from '@atrium/protocol'

export type Gone = 'left' | 'removed' | 'timed_out' | 'ended'
type News = { what: 'joined' } | { what: 'gone'; why: Gone }

const againMs = 1_000
const tries = 120

/**
 * Tells the servers what became of a participant, until one of them has heard it. Only the newest counts: who came back
 * is not told to be gone.
 */
export function telling({ bus, placement, node, log }: { bus: Bus; placement: Placement; node: string; log: Log }) {
  const newest = new Map<ParticipantId, News>()
  const waiting = new Set<NodeJS.Timeout>()
  let isStopped = false

  async function attempt(meetingId: MeetingId, participantId: ParticipantId, news: News, left: number): Promise<void> {
    if (newest.get(participantId) !== news) return
    try {
      const about = { meetingId, participantId, node }
      if (news.what === 'joined') await askAny({ bus, placement }, 'server', 'meetings.peer.joined', about)
      else await askAny({ bus, placement }, 'server', 'meetings.peer.gone', { ...about, why: news.why })
    } catch (error) {
      const isForLater = !(error instanceof Refusal) || error.failure.code === 'unavailable'
      if (isForLater && left > 0 && !isStopped) return again(() => attempt(meetingId, participantId, news, left - 1))
      log.warn({ operation: `meetings.peer.${news.what}`, error })
    }
    if (newest.get(participantId) === news) newest.delete(participantId)
  }

  function again(run: () => Promise<void>): void {
    const timer = setTimeout(() => {
      waiting.delete(timer)
      void run()
    }, againMs)
    waiting.add(timer)
  }

  return {
    tell(meetingId: MeetingId, participantId: ParticipantId, news: News): void {
      newest.set(participantId, news)
      void attempt(meetingId, participantId, news, tries)
    },
    stop(): void {
      isStopped = true
      for (const timer of waiting) clearTimeout(timer)
    },
  }
}
