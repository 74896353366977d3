import assert from 'node:assert/strict'
import { test } from 'vitest'
import { newId, Refusal } from '@atrium/platform'
import type { AccountId, MeetingId, SessionId } from '@atrium/protocol'
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

test('a media ticket lets its participant into its meeting, once', async () => {
  const meetingId = newId() as MeetingId
  const by = { accountId: newId() as AccountId, sessionId: newId() as SessionId }
  const ticket = await hub.sign({ ...by, meetingId })
  const join = (to: string) => call('media.join', { ...by, input: { clientId: newId(), meetingId: to, ticket } })
  await assert.rejects(join(newId()), refused('forbidden'))
  await join(meetingId)
  await assert.rejects(join(meetingId), refused('forbidden'))
})

test('what comes over the bus is looked at as well', async () => {
  const asked = { accountId: newId(), sessionId: newId(), input: { clientId: newId(), meetingId: newId(), ticket: 'x' } }
  await assert.rejects(call('media.join', { ...asked, input: { ticket: 'x' } }), refused('invalid'))
  await assert.rejects(call('media.join', { ...asked, more: 1 }), refused('invalid'))
  await assert.rejects(call('media.join', asked), refused('forbidden'))
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
