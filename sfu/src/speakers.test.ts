import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { types } from 'mediasoup'
import { afterEach, beforeEach, test, vi } from 'vitest'
import type { ParticipantId } from '@atrium/protocol'
import { speakers, type Speaker } from './speakers.ts'

/** What a worker says of microphones, said by us. */
async function room() {
  const [levels, dominance] = [new EventEmitter(), new EventEmitter()].map((one) => Object.assign(one, { addProducer: async () => {} }))
  const router = { createAudioLevelObserver: async () => levels, createActiveSpeakerObserver: async () => dominance }
  const told: string[][] = []
  const heard = await speakers(router as unknown as types.Router, (who: Speaker[]) =>
    told.push(who.map(({ participantId }) => participantId)),
  )
  const producer = (id: string) => ({ id, observer: new EventEmitter() }) as unknown as types.Producer
  for (const id of ['ada', 'bob']) await heard.hear(producer(id), id as ParticipantId)
  return {
    told,
    volumes: (...loud: [id: string, volume: number][]) =>
      levels!.emit(
        'volumes',
        loud.map(([id, volume]) => ({ producer: { id }, volume })),
      ),
    silence: () => levels!.emit('silence'),
    hasWord: (id: string) => dominance!.emit('dominantspeaker', { producer: { id } }),
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

test('who speaks is said when it changes, in the order of who has the word and who is loudest', async () => {
  const { told, volumes, silence, hasWord } = await room()
  volumes(['ada', -20])
  volumes(['ada', -30])
  volumes(['bob', -10], ['ada', -20])
  hasWord('ada')
  volumes(['bob', -10], ['ada', -20])
  silence()
  silence()
  assert.deepEqual(told, [['ada'], ['bob', 'ada'], ['ada', 'bob'], []])
})

test('who came meanwhile hears it within two seconds', async () => {
  const { told, volumes } = await room()
  for (let n = 0; n <= 8; n++) {
    volumes(['ada', -20])
    vi.advanceTimersByTime(500)
  }
  assert.deepEqual(told, [['ada'], ['ada'], ['ada']])
})
