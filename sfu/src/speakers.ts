import type { types } from 'mediasoup'
import type { ParticipantId } from '@atrium/protocol'

export interface Speaker {
  participantId: ParticipantId
  /** 0 to 1. */
  loudness: number
}

const everyMs = 500
/** While nothing changes it is said again, for who came meanwhile. */
const againMs = 2_000
const most = 5
/** In dBov, where 0 is the loudest there is: a quiet voice in a quiet room is above this. */
const quietest = -55

/** Who speaks in a room, as soon as it changes: the one who has the word first, then the loudest. Looked at twice a second. */
export async function speakers(router: types.Router, announce: (speaking: Speaker[]) => void) {
  const [levels, dominance] = await Promise.all([
    router.createAudioLevelObserver({ maxEntries: most, threshold: quietest, interval: everyMs }),
    router.createActiveSpeakerObserver({ interval: everyMs }),
  ])
  const owners = new Map<string, ParticipantId>()
  let first: string | undefined
  let said = { who: '', at: 0 }
  function tell(speaking: Speaker[]): void {
    const who = speaking.map(({ participantId }) => participantId).join()
    if (who === said.who && performance.now() - said.at < againMs) return
    said = { who, at: performance.now() }
    announce(speaking)
  }

  dominance.on('dominantspeaker', ({ producer }) => (first = producer.id))
  levels.on('volumes', (volumes) => {
    const speaking = volumes.flatMap(({ producer, volume }) => {
      const participantId = owners.get(producer.id)
      return participantId ? [{ participantId, loudness: loudness(volume), isFirst: producer.id === first }] : []
    })
    const ordered = speaking.toSorted((a, b) => Number(b.isFirst) - Number(a.isFirst) || b.loudness - a.loudness)
    tell(ordered.map(({ participantId, loudness }) => ({ participantId, loudness })))
  })
  levels.on('silence', () => tell([]))

  return {
    async hear(producer: types.Producer, participantId: ParticipantId): Promise<void> {
      owners.set(producer.id, participantId)
      producer.observer.once('close', () => owners.delete(producer.id))
      await Promise.all([levels, dominance].map((observer) => observer.addProducer({ producerId: producer.id })))
    },
  }
}

const loudness = (dBov: number) => Math.round(Math.min(1, Math.max(0, (dBov - quietest) / -quietest)) * 100) / 100
