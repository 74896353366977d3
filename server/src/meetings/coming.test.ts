import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { house, type House, type Someone } from '../directory/testing/house.ts'
import { mediaNode, type MediaNode } from './testing/node.ts'

let here: House
let node: MediaNode
let ada: Someone
let bob: Someone
beforeAll(async () => {
  here = await house(inject('cluster'))
  node = await mediaNode(here.ground)
  ada = await here.founded()
  bob = await here.colleague(ada, 'Bob')
})
afterAll(() => here?.close())

test('smoke', async () => {
  const { room } = await ada.call('chat.room.create', { name: 'Garden', memberIds: [bob.accountId] })
  const meeting = await ada.call('meetings.start', { roomId: room.id })
  const me = await ada.call('meetings.knock', { meetingId: meeting.id })
  assert.equal(me.state, 'admitted')
  assert.equal(me.isHost, true)
  const guest = here.somebody()
  const { accountId, meetingId } = await guest.call('auth.guest', { slug: meeting.slug, name: 'Gwen' })
  assert.equal(meetingId, meeting.id)
  const waiting = await guest.call('meetings.knock', { meetingId })
  assert.equal(waiting.state, 'waiting')
  await ada.call('meetings.admit', { meetingId, participantIds: [waiting.id] })
  const { view, ticket } = await guest.call('meetings.enter', { participantId: waiting.id })
  assert.equal(view.participants.length, 2)
  assert.ok(ticket, accountId)
  assert.ok(node)
})
