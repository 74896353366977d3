import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, inject, test } from 'vitest'
import { usualProgram } from '@atrium/sfu/testing/node'
import { until } from '@atrium/platform/testing'
import type { Hub, Output, Participant, Reply } from '@atrium/protocol'
import { hub, type TestHub } from '../../server/src/testing/hub.ts'
import type { Person } from '../../server/src/testing/person.ts'
import { guestOf } from './guest.ts'

/*
 * Server and media node as one hub, with the real media worker: what a ticket opens, and how soon a right that was taken is
 * felt in the media.
 */
let here: TestHub
let host: Person
const isThere = existsSync(usualProgram())
beforeEach(({ skip }) => skip(!isThere, 'needs the media worker'))
beforeAll(async () => {
  if (!isThere) return
  here = await hub(inject('cluster'), { modules: { sfu: () => import('@atrium/sfu') } })
  host = here.alice
  await host.connect()
  await until('meetings can be held', async () => (await host.call('meetings.readiness', {})).media.state === 'ready', 30_000)
})
afterAll(() => here?.close())

const codeOf = (reply: Reply<unknown>) => (reply.ok ? 'ok' : reply.error.code)

async function begun(...members: Person[]) {
  const { room } = await host.call('chat.room.create', { name: 'Board', memberIds: members.map(({ accountId }) => accountId) })
  return host.call('meetings.start', { roomId: room.id })
}
async function joined(who: Person, { id, meetingId }: Participant) {
  const { ticket } = await who.call('meetings.enter', { participantId: id })
  const { node, peer } = await who.call('media.join', { meetingId, ticket })
  return { ticket, look: () => who.ask('media.look', { node, peer }) }
}
const stateOf = async (who: Person, meetingId: Participant['meetingId']) =>
  (await who.call('meetings.mine', { meetingId })).participant?.state

test('a ticket lets its participant in, once, and the server knows who joined', async () => {
  const meeting = await begun(here.bob)
  const me = await host.call('meetings.knock', { meetingId: meeting.id })
  const { ticket, look } = await joined(host, me)
  await until('the host has joined', async () => (await stateOf(host, meeting.id)) === 'joined')
  assert.equal(codeOf(await look()), 'ok')
  assert.equal(codeOf(await host.ask('media.join', { meetingId: meeting.id, ticket })), 'forbidden')
  await here.bob.connect()
  const other = await here.bob.call('meetings.knock', { meetingId: meeting.id })
  assert.equal(codeOf(await here.bob.ask('media.join', { meetingId: meeting.id, ticket })), 'forbidden')
  assert.equal(other.state, 'admitted')
  await host.call('meetings.end', { meetingId: meeting.id })
  await until('the host’s peer is gone', async () => codeOf(await look()) === 'not_found')
})

/** What takes a right, and from whom. */
const losses: [string, (who: Person, part: Participant, meeting: Output<Hub, 'meetings.start'>) => Promise<unknown>][] = [
  ['removed by a host', (_who, { id, meetingId }) => host.call('meetings.remove', { meetingId, participantId: id })],
  ['whose seat is lost', ({ accountId }, _part, { roomId }) => host.call('chat.room.remove', { roomId, accountId })],
  ['who signs out', (who) => who.overHttp('auth.signOut', { clientId: randomUUID() })],
]
test.each(losses)('a guest %s is out of the media within a second', async (_what, lose) => {
  const meeting = await begun()
  const me = await host.call('meetings.knock', { meetingId: meeting.id })
  await joined(host, me)
  const guest = await guestOf(here, meeting, 'Gwen')
  const { id } = await guest.call('meetings.knock', { meetingId: meeting.id })
  const [admitted] = await host.call('meetings.admit', { meetingId: meeting.id, participantIds: [id] })
  await joined(guest, admitted!)
  const there = async () => (await host.call('meetings.view', { meetingId: meeting.id })).participants.some((one) => one.id === id)
  const media = async () => {
    const state = await here.house.bus.call(`sfu:${here.house.node.name}`, 'media.state', { meetingId: meeting.id })
    return (state as { participants: string[] }).participants.includes(id)
  }
  await until('the guest is there', async () => (await there()) && (await media()))

  const began = performance.now()
  await lose(guest, admitted!, meeting)
  await until('the guest is out of the media', async () => !(await media()))
  const ms = performance.now() - began
  assert.ok(ms < 1_000, `it took ${Math.round(ms)} ms`)
  await until('the guest is out of the meeting', async () => !(await there()))
  guest.leave()
})

test('a locked person is out, and comes in nowhere', async () => {
  const meeting = await begun(here.bob, here.carol)
  await host.call('meetings.knock', { meetingId: meeting.id })
  await here.carol.connect()
  const part = await here.carol.call('meetings.knock', { meetingId: meeting.id })
  const { look } = await joined(here.carol, part)
  assert.equal(codeOf(await look()), 'ok')
  await here.administrator.call('directory.person.change', { accountId: here.carol.accountId, status: 'locked' })
  await until('carol is out', async () => {
    const state = await here.house.bus.call(`sfu:${here.house.node.name}`, 'media.state', { meetingId: meeting.id })
    return state === null || !(state as { participants: string[] }).participants.includes(part.id)
  })
  await until('and the host sees it', async () => {
    const { participants } = await host.call('meetings.view', { meetingId: meeting.id })
    return !participants.some(({ id }) => id === part.id)
  })
})
