import assert from 'node:assert/strict'
import { test } from 'vitest'
import { newId } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import type { MeetingId } from '@atrium/protocol'
import { dtlsParameters, withMediaNode, type MediaNode } from './testing/node.ts'

let hub: MediaNode
withMediaNode({}, (node) => (hub = node))
const meeting = () => newId() as MeetingId

test('two meet: what one sends the other receives, paused until it is wanted', async () => {
  const meetingId = meeting()
  const heard = hub.hear(meetingId)
  const alice = await hub.enter(meetingId)
  await alice.call('media.connect', { transportId: alice.joined.send.id, dtlsParameters })
  const { producerId } = await alice.produce('camera')
  await alice.produce('microphone')

  const bob = await hub.enter(meetingId)
  assert.deepEqual(bob.joined.state.participants, [alice.participantId, bob.participantId])
  assert.deepEqual(
    bob.joined.state.producers.map(({ source }) => source),
    ['camera', 'microphone'],
  )
  const { consumers } = await bob.call('media.consume', { producerIds: bob.joined.state.producers.map(({ id }) => id) })
  assert.deepEqual(
    consumers.map(({ source, kind, isProducerPaused }) => [source, kind, isProducerPaused]),
    [
      ['camera', 'video', false],
      ['microphone', 'audio', false],
    ],
  )
  await bob.call('media.wants', { consumers: consumers.map(({ id }) => ({ id, isPaused: false, width: 320, height: 180 })) })
  await alice.call('media.close', { producerId })
  await until('the others hear that the camera is gone', () => {
    const last = heard.filter(({ name }) => name === 'media.changing').at(-1)?.payload as
      { state: { producers: unknown[] } | null } | undefined
    return last?.state?.producers.length === 1
  })
  await until(
    'the server knows who came',
    () => hub.told.filter(({ participantId }) => [alice, bob].some((one) => one.participantId === participantId)).length === 2,
  )
})
