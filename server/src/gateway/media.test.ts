import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import type { MeetingId, Reply } from '@atrium/protocol'
import { mediaNode, type MediaNode } from '../meetings/testing/node.ts'
import { hub, type TestHub } from '../testing/hub.ts'

let here: TestHub
let node: MediaNode
beforeAll(async () => {
  here = await hub(inject('cluster'))
  node = await mediaNode(here.house)
  await Promise.all([here.alice, here.bob].map((who) => who.connect()))
})
afterAll(() => here?.close())

const codeOf = (reply: Reply<unknown>) => (reply.ok ? 'ok' : reply.error.code)

test('what a page asks of a media node reaches it with who asks, as it was asked', async () => {
  const peer = randomUUID()
  const state = await here.alice.call('media.look', { node: node.name, peer })
  assert.equal(state.version, 7)
  const [session] = (await here.alice.call('auth.sessions', {})).filter(({ isThis }) => isThis)
  assert.deepEqual(node.told.at(-1), {
    operation: 'media.look',
    input: { accountId: here.alice.accountId, sessionId: session!.id, input: { node: node.name, peer } },
  })
})

test('a node that is none is asked nothing, whatever its name looks like', async () => {
  for (const name of ['nobody', 'sfu-1/../server', 'collab-1 ', '*', 'A'.repeat(90)])
    assert.ok(['unavailable', 'not_found'].includes(codeOf(await here.alice.ask('media.look', { node: name, peer: randomUUID() }))), name)
})

test('only who is inside is passed on to a meeting’s node', async () => {
  const { room } = await here.alice.call('chat.room.create', { name: 'Garden', memberIds: [here.bob.accountId] })
  const meeting = await here.alice.call('meetings.start', { roomId: room.id })
  const mine = await here.alice.call('meetings.knock', { meetingId: meeting.id })
  const { ticket } = await here.alice.call('meetings.enter', { participantId: mine.id })
  const join = (meetingId: MeetingId) => ({ meetingId, ticket })
  const reached = () => node.told.filter(({ operation }) => operation === 'media.join').length
  assert.deepEqual([codeOf(await here.bob.ask('media.join', join(meeting.id))), reached()], ['not_found', 0])
  await here.alice.ask('media.join', join(meeting.id))
  assert.equal(reached(), 1)
  await here.alice.call('meetings.leave', { participantId: mine.id })
  assert.equal(codeOf(await here.alice.ask('media.join', join(meeting.id))), 'forbidden')
  assert.equal(reached(), 1)
})

test('who speaks with a node that died is told to come in anew, and not to wait for it', async () => {
  const { room } = await here.alice.call('chat.room.create', { name: 'Shed', memberIds: [] })
  const meeting = await here.alice.call('meetings.start', { roomId: room.id })
  const mine = await here.alice.call('meetings.knock', { meetingId: meeting.id })
  const { ticket } = await here.alice.call('meetings.enter', { participantId: mine.id })
  await node.die()
  assert.equal(codeOf(await here.alice.ask('media.look', { node: node.name, peer: randomUUID() })), 'not_found')
  assert.equal(codeOf(await here.alice.ask('media.join', { meetingId: meeting.id, ticket })), 'conflict')
})
