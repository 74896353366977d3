import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { ed25519Tickets } from '@atrium/platform/tickets'
import { jsonLog, leases, memoryBus, newId, nodeOf, now, Refusal, type House, type Service } from '@atrium/platform'
import { cloneDatabase } from '@atrium/platform/testing'
import type { AccountId, MeetingId, ParticipantId, RoomId, SessionId } from '@atrium/protocol'
import { start } from './service.ts'

let opened: Awaited<ReturnType<typeof cloneDatabase>>
let service: Service
const bus = memoryBus()
const node = nodeOf('sfu-1')
beforeAll(async () => {
  opened = await cloneDatabase(inject('cluster'))
  const { db } = opened
  const parts = {
    bus,
    placement: leases(db),
    tickets: ed25519Tickets({ db, node, now, newId }),
    node,
    version: '1.2.3',
    log: jsonLog('silent'),
  }
  service = await start(parts as unknown as House)
})
afterAll(async () => {
  await service.stop()
  await opened.close()
})

const sign = async (meetingId: MeetingId, participantId = newId() as ParticipantId) => {
  const hub = ed25519Tickets({ db: opened.db, node: nodeOf('server-1'), now, newId })
  const person = { accountId: newId() as AccountId, sessionId: newId() as SessionId }
  return hub.sign('media', { ...person, meetingId, roomId: newId() as RoomId, participantId, node: node.id, may: ['audio', 'video'] })
}
const call = (operation: string, input: unknown) => bus.call('sfu:sfu-1', operation, input)
const refused = (code: string) => (error: unknown) => error instanceof Refusal && error.failure.code === code

test('a media node is found by its lease and says what it is', async () => {
  assert.deepEqual(
    (await leases(opened.db).list('sfu:')).map((lease) => lease.node),
    [node.id],
  )
  assert.deepEqual(await call('node.describe', {}), { node: node.id, service: 'sfu', version: '1.2.3', load: 0 })
})

test('a media ticket admits its participant to its meeting, once', async () => {
  const meetingId = newId() as MeetingId
  const participantId = newId() as ParticipantId
  const ticket = await sign(meetingId, participantId)
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
  await service.drain()
  assert.deepEqual(await leases(opened.db).list('sfu:'), [])
  assert.equal(service.isReady?.(), false)
  await call('node.describe', {})
  await service.stop()
  await assert.rejects(call('node.describe', {}), refused('unavailable'))
})
