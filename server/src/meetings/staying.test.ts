import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { test } from 'vitest'
import { ed25519Tickets } from '@atrium/platform/tickets'
import { until } from '@atrium/platform/testing'
import { password } from '../directory/testing/house.ts'
import { withHouse, type House, type Someone } from './testing/house.ts'
import { mediaNode } from './testing/node.ts'

let here: House
let ada: Someone
let bob: Someone
withHouse((house) => {
  here = house
  ;({ ada, bob } = here)
})

/** Ada hosts, Bob is a member, both with the media node. */
async function together() {
  const garden = await here.garden(bob)
  return { ...garden, host: await here.inside(ada, garden.meeting), member: await here.inside(bob, garden.meeting) }
}
const settle = () => here.later(31_000)
const runningFor = async (who: Someone, roomId: string) => (await who.call('meetings.running', {})).find((one) => one.roomId === roomId)

test('a ticket is for one participant, one meeting and the node that has it', async () => {
  const { meeting, meetingId } = await here.garden(bob)
  const { id } = await here.knock(bob, meeting)
  const { ticket } = await bob.call('meetings.enter', { participantId: id })
  const [name, boot] = here.node.node.split('~') as [string, string]
  const tickets = ed25519Tickets({ db: here.db, node: { name, boot, id: here.node.node }, now: here.now, newId: () => '' })
  const claims = await tickets.verify(ticket, 'media', { meetingId, participantId: id, accountId: bob.accountId })
  assert.deepEqual([claims.may, claims.roomId, claims.node], [['audio', 'video', 'screen'], meeting.roomId, here.node.node])
  assert.equal((await ada.refusal('meetings.enter', { participantId: id })).code, 'not_found')
})

test('what meetings wait for is said: the worker is built, or missing, or no node answers', async () => {
  const { meeting } = await here.garden(bob)
  const { id } = await here.knock(bob, meeting)
  const { ready } = here.node
  ready.media = { state: 'preparing', elapsedMs: 60_000, expectedMs: 420_000 }
  const preparing = await bob.refusal('meetings.enter', { participantId: id })
  assert.deepEqual(
    [preparing.code, preparing.key, preparing.params],
    ['unavailable', 'meetings.preparing', { elapsedMs: 60_000, expectedMs: 420_000 }],
  )
  assert.deepEqual((await bob.call('meetings.readiness', {})).media, ready.media)
  ready.media = { state: 'missing', command: 'apt-get install g++' }
  assert.equal((await bob.refusal('meetings.enter', { participantId: id })).key, 'meetings.mediaMissing')
  ready.media = { state: 'ready' }
  assert.deepEqual((await bob.call('meetings.readiness', {})).problems, [])
  assert.deepEqual((await ada.call('meetings.readiness', {})).problems, ['The address is not reachable.'])
  await bob.call('meetings.enter', { participantId: id })
})

test('a meeting is on the node with the least to do, and when that dies on another', async () => {
  const second = await mediaNode(here.ground, 'sfu-2')
  here.node.ready.load = 7
  const { meeting, meetingId } = await here.garden(bob)
  const { id } = await here.knock(bob, meeting)
  const placed = async () => (await here.ground.placement.find(`meeting:${meetingId}`))?.node
  await bob.call('meetings.enter', { participantId: id })
  assert.equal(await placed(), second.node)
  second.ready.load = 100
  await bob.call('meetings.enter', { participantId: id })
  assert.equal(await placed(), second.node, 'it does not move while its node lives')

  await second.die()
  await bob.call('meetings.enter', { participantId: id })
  assert.equal(await placed(), here.node.node)
  here.node.ready.load = 0
})

test('whose node dies is told to come in anew, whose node only lost its lease for a moment is not', async () => {
  const second = await mediaNode(here.ground, 'sfu-2')
  here.node.ready.load = 7
  const { meeting, meetingId } = await here.garden(bob)
  const { id } = await here.knock(bob, meeting)
  await bob.call('meetings.enter', { participantId: id })
  const heard = here.hear(`meeting:${meetingId}`)
  const told = () => heard.filter(({ name }) => name === 'media.lost').map(({ payload }) => payload)
  await here.tellStranded()

  // As when the database was away for longer than a lease lasts.
  const { placement } = here.ground
  await placement.release('sfu:sfu-2', second.node)
  await here.tellStranded()
  await placement.take('sfu:sfu-2', second.node, 60_000)
  await here.tellStranded()
  assert.deepEqual(told(), [])

  await second.die()
  here.node.ready.load = 0
  await here.tellStranded()
  await until('the meeting is told', () => told().length > 0)
  await here.tellStranded()
  assert.deepEqual(told(), [{ meetingId }])
})

test('[MEET-5] who the node saw come is joined, and who it saw go has left or fell out', async () => {
  const { member, meetingId, host } = await together()
  assert.equal(await here.stateOf(member.id), 'joined')
  const gone = { meetingId, participantId: member.id, why: 'timed_out' } as const
  await here.says('meetings.peer.gone', { ...gone, node: 'another~1234' })
  assert.equal(await here.stateOf(member.id), 'joined', 'who went on to another node is not gone')
  await here.says('meetings.peer.gone', { ...gone, node: here.node.node })
  assert.equal(await here.stateOf(member.id), 'timed_out')
  assert.equal((await here.knock(bob, { id: meetingId } as never)).id, member.id, 'the same participant comes back')
  await here.says('meetings.peer.gone', { meetingId, participantId: host.id, node: here.node.node, why: 'left' })
  assert.equal(await here.stateOf(host.id), 'left')
})

test('whoever was removed while they came in is put out at the node', async () => {
  const { meeting, meetingId } = await here.garden(bob)
  await here.knock(ada, meeting)
  const member = await here.knock(bob, meeting)
  await bob.call('meetings.enter', { participantId: member.id })
  await ada.call('meetings.remove', { meetingId, participantId: member.id })
  await here.joins(member)
  assert.deepEqual(here.node.told.at(-1), { operation: 'media.expel', input: { meetingId, participantIds: [member.id] } })
  assert.equal(await here.stateOf(member.id), 'removed')
})

test('[MEET-11] a knock ends when its page is gone for half a minute', async () => {
  const { meeting, meetingId } = await here.garden()
  await here.pages(ada, true)
  await here.knock(ada, meeting)
  const guest = await here.guest(meeting)
  await here.pages(guest, true)
  const { id } = await here.knock(guest, meeting)
  settle()
  await here.round()
  assert.equal(await here.stateOf(id), 'waiting')
  await here.pages(guest, false)
  here.later(20_000)
  await here.round()
  assert.equal(await here.stateOf(id), 'waiting', 'who reloads comes right back')
  here.later(11_000)
  const hosts = here.hear(`hosts:${meetingId}`)
  await here.round()
  assert.equal(await here.stateOf(id), 'left')
  assert.deepEqual(
    hosts.map(({ payload }) => (payload as { state: string }).state),
    ['left'],
  )
})

test('[MEET-11] nobody stays joined for ever after a crash of the node, or of the server that was told', async () => {
  const { member, host, meetingId } = await together()
  settle()
  await here.round()
  assert.equal(await here.stateOf(member.id), 'joined')
  here.node.peers.get(meetingId)!.delete(member.id)
  here.later(20_000)
  await here.round()
  assert.equal(await here.stateOf(member.id), 'joined')
  here.later(11_000)
  await here.round()
  assert.deepEqual([await here.stateOf(member.id), await here.stateOf(host.id)], ['timed_out', 'joined'])
  // And whom the node has against our word, it puts out.
  here.node.has(meetingId, member.id)
  await here.round()
  assert.deepEqual([...here.node.peers.get(meetingId)!], [host.id])
})

test('[MEET-12] a sitting ends when nobody has been inside for a minute, and not before', async () => {
  const { host, member, meetingId, meeting, roomId } = await together()
  const room = here.hear(`room:${roomId}`)
  await ada.call('meetings.leave', { participantId: host.id })
  await bob.call('meetings.leave', { participantId: member.id })
  const of = async () => (await ada.call('meetings.of', { roomId })).meeting
  // Outside nobody needs to know of it by then.
  assert.deepEqual([(await of())?.sitting?.isStarting, await runningFor(bob, roomId)], [false, undefined])
  assert.equal((await bob.call('meetings.peek', { slug: meeting.slug })).isRunning, false)
  here.later(50_000)
  await here.round()
  assert.equal((await of())?.sitting?.inside, 0)
  here.later(11_000)
  await here.round()
  assert.equal((await of())?.sitting, null)
  assert.equal((room.at(-1)?.payload as { sitting: unknown }).sitting, null)
  assert.deepEqual(here.node.told.at(-1), { operation: 'media.end', input: { meetingId } })
  assert.equal(await here.ground.placement.find(`meeting:${meetingId}`), undefined)
})

test('a meeting is starting until the first one is inside, and from then on it is running for all who have a seat', async () => {
  const { meeting, roomId } = await here.garden(bob)
  const sitting = async () => (await bob.call('meetings.of', { roomId })).meeting?.sitting
  const shown = async () => {
    const { isStarting, inside } = (await sitting())!
    return { isStarting, inside, running: (await runningFor(bob, roomId))?.inside }
  }
  assert.deepEqual(await shown(), { isStarting: true, inside: 0, running: undefined })
  assert.equal((await bob.call('meetings.peek', { slug: meeting.slug })).isRunning, false)
  await here.knock(ada, meeting)
  assert.deepEqual(await shown(), { isStarting: false, inside: 1, running: 1 })
  await here.knock(bob, meeting)
  assert.deepEqual(await shown(), { isStarting: false, inside: 2, running: 2 })
  assert.deepEqual(await here.carol.call('meetings.running', {}), [])
})

test('a host ends it for all', async () => {
  const { member, host, meetingId } = await together()
  const revoked = here.hear('revocations:all')
  const meeting = await ada.call('meetings.end', { meetingId })
  assert.equal(meeting.sitting, null)
  assert.deepEqual([await here.stateOf(member.id), await here.stateOf(host.id)], ['left', 'left'])
  assert.deepEqual(revoked.map(({ payload }) => payload).filter((one) => (one as { kind: string }).kind === 'participant').length, 2)
  assert.deepEqual(await here.spans(bob, meetingId), [])
  // Again is the same.
  assert.equal((await ada.call('meetings.end', { meetingId })).sitting, null)
})

test('whose seat is gone gets no ticket, also before they are put out', async () => {
  const { member, meetingId, roomId } = await together()
  const held = await here.db.startTransaction().execute()
  await sql`select from meeting where id = ${meetingId} for update`.execute(held)
  await ada.call('chat.room.remove', { roomId, accountId: bob.accountId })
  assert.equal(await here.stateOf(member.id), 'joined')
  assert.equal((await bob.refusal('meetings.enter', { participantId: member.id })).key, 'meetings.notInside')
  await held.rollback().execute()
  await until('bob is out', async () => (await here.stateOf(member.id)) === 'removed')
})

test('a lost seat, a locked account and an ended session end the part in the meeting', async () => {
  const { member, meetingId, roomId, meeting } = await together()
  await ada.call('chat.room.remove', { roomId, accountId: bob.accountId })
  await until('bob is out', async () => (await here.stateOf(member.id)) === 'removed')
  assert.deepEqual(await here.spans(bob, meetingId), [])
  await until('the node has put bob out', () => !here.node.peers.get(meetingId)!.has(member.id))

  const dora = await here.colleague(ada, 'Dora')
  await ada.call('chat.room.invite', { roomId, accountIds: [dora.accountId] })
  const locked = await here.knock(dora, meeting)
  await ada.call('directory.person.change', { accountId: dora.accountId, status: 'locked' })
  await until('dora is out', async () => (await here.stateOf(locked.id)) === 'removed')

  const guest = await here.guest(meeting)
  const { id } = await here.knock(guest, meeting)
  await ada.call('meetings.admit', { meetingId, participantIds: [id] })
  await guest.call('auth.signOut', {})
  await until('the guest is out', async () => (await here.stateOf(id)) === 'left')
  assert.deepEqual(
    (await ada.call('chat.members', { roomId })).people.filter(({ kind }) => kind === 'guest'),
    [],
  )
  await here.settled()
})

test('who deletes an account has no name in what was told of meetings, and takes their part along in the copy', async () => {
  const { meeting } = await here.garden()
  await here.knock(ada, meeting)
  const erin = await here.colleague(ada, 'Erin of the seven seas')
  const { id } = await here.knock(erin, meeting)
  await ada.call('meetings.admit', { meetingId: meeting.id, participantIds: [id] })
  const parts: string[] = []
  for await (const { state } of here.hub.talks.exports[0]!.of(erin.accountId)) parts.push(state)
  assert.deepEqual(parts, ['admitted'])
  await erin.call('directory.account.delete', { password, messages: 'keep' })
  await until('nobody is called so', async () => {
    await here.settled()
    const { rows } = await sql`select 1 from journal where payload::text like '%seven seas%'`.execute(here.db)
    return rows.length === 0
  })
  assert.equal(await here.stateOf(id), 'removed')
})

test('[AUTH-9] a guest’s session ends after twelve hours, and the name after thirty days', async () => {
  const { meeting } = await here.garden()
  await here.knock(ada, meeting)
  const guest = await here.guest(meeting, 'Gwendolyn of the far shore')
  assert.ok(await guest.actor())
  here.later(12 * 3_600_000 + 1_000)
  assert.equal(await guest.actor(), undefined)
  await here.hub.people.closeGuests()
  const named = async () => (await here.hub.known.peopleOf(here.ground.databaseOf<any>().db, [guest.accountId]))[0]
  assert.equal((await named())?.name, 'Gwendolyn of the far shore')
  here.later(30 * 24 * 3_600_000)
  await here.hub.people.closeGuests()
  assert.deepEqual([(await named())?.name, (await named())?.status], ['', 'deleted'])
})
