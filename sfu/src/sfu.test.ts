import assert from 'node:assert/strict'
import { test } from 'vitest'
import { newId, Refusal } from '@atrium/platform'
import type { MeetingId, ParticipantId } from '@atrium/protocol'
import { withMediaNode, type MediaNode } from './testing/node.ts'

let hub: MediaNode
withMediaNode({}, (node) => (hub = node))
const call = (operation: string, input: unknown) => hub.bus.call('sfu:sfu-1', operation, input)
const refused = (code: string) => (error: unknown) => error instanceof Refusal && error.failure.code === code

test('a media node is found by its lease and says what it is', async () => {
  assert.deepEqual(
    (await hub.placement.list('sfu:')).map((lease) => lease.node),
    [hub.node.id],
  )
  assert.deepEqual(await call('node.describe', {}), { node: hub.node.id, service: 'sfu', version: '1.2.3', load: 0 })
})

test('a media ticket admits its participant to its meeting, once', async () => {
  const meetingId = newId() as MeetingId
  const participantId = newId() as ParticipantId
  const ticket = await hub.sign({ meetingId, participantId, may: ['audio', 'video'] })
  await assert.rejects(call('media.admit', { ticket, meetingId: newId() }), refused('forbidden'))
  assert.deepEqual(await call('media.admit', { ticket, meetingId }), { participantId, may: ['audio', 'video'] })
  await assert.rejects(call('media.admit', { ticket, meetingId }), refused('forbidden'))
})

test('what comes over the bus is looked at as well', async () => {
  await assert.rejects(call('media.admit', { ticket: 'x' }), refused('invalid'))
  await assert.rejects(call('media.admit', { ticket: 'x', meetingId: newId(), more: 1 }), refused('invalid'))
  await assert.rejects(call('media.admit', { ticket: 'x', meetingId: newId() }), refused('forbidden'))
  for (const name of ['room.open', 'toString', '__proto__']) await assert.rejects(call(name, {}), refused('not_found'))
})

test('a node that drains is found no more, and answers until it stops', async () => {
  await hub.service.drain()
  assert.deepEqual(await hub.placement.list('sfu:'), [])
  assert.equal(hub.service.isReady?.(), false)
  await call('node.describe', {})
  await hub.service.stop()
  await assert.rejects(call('node.describe', {}), refused('unavailable'))
})
