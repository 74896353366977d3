import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import type { File, Hub, OperationName, Output, Participant, Reply } from '@atrium/protocol'
import { hub, type TestHub } from '../../server/src/testing/hub.ts'
import type { Person } from '../../server/src/testing/person.ts'
import { guestOf } from './guest.ts'
import { operations, sampleOf, type Objects } from './shapes.ts'

/*
 * Somebody with nothing but a link speaks the protocol directly. Until a host lets them in, and again when they are out, they
 * are given nothing: every operation is tried with the ids of those inside, as if they had been guessed.
 */
let here: TestHub
let host: Person
let meeting: Output<Hub, 'meetings.start'>
let inside: Participant
let theirs: Objects
let folder: File
let paper: File
beforeAll(async () => {
  here = await hub(inject('cluster'))
  host = here.alice
  const { room } = await host.call('chat.room.create', { name: 'Board', memberIds: [here.bob.accountId] })
  const message = await host.call('chat.send', { roomId: room.id, body: 'What nobody outside may know' })
  meeting = await host.call('meetings.start', { roomId: room.id })
  inside = await host.call('meetings.knock', { meetingId: meeting.id })
  folder = await host.call('files.room', { roomId: room.id })
  paper = await host.call('files.document.create', { folderId: folder.id, name: 'Minutes that nobody outside may read' })
  const [session] = await host.call('auth.sessions', {})
  const place = { name: 'The town channel', url: 'rtmp://93.184.215.14/live', key: 'sk-0123456789' }
  const target = await host.call('meetings.target.add', { meetingId: meeting.id, ...place })
  await host.connect()
  await host.watch(`meeting:${meeting.id}`, `hosts:${meeting.id}`)
  theirs = {
    ...{ account: host.accountId, room: room.id, message: message.id, session: session!.id, meeting: meeting.id },
    ...{ participant: inside.id, target: target.id, picture: randomUUID(), file: paper.id },
    // What only administrators name, and what belongs to somebody's sign-in.
    ...Object.fromEntries(
      ['domain', 'cos', 'list', 'resource', 'grant', 'factor', 'token', 'device', 'provider'].map((brand) => [brand, randomUUID()]),
    ),
  }
})
afterAll(() => here?.close())

const guest = (name: string) => guestOf(here, meeting, name)

/** What a guest may ask who is not inside: of themselves, of the organisation's name, of what a link shows to anybody. */
const answered = new Set<OperationName<Hub>>([
  'hub.about',
  'setup.peek',
  'hub.look',
  'auth.ways',
  'auth.forgot',
  'auth.withPasskey.begin',
  'directory.me',
  'meetings.readiness',
  'meetings.mine',
  'sync.watch',
  'sync.since',
])
/** What is theirs to do there, and would change what is tried here. */
const theirOwn = new Set<OperationName<Hub>>(['meetings.knock', 'auth.signOut'])

const topics = () => [
  ...[`meeting:${meeting.id}`, `hosts:${meeting.id}`, `room:${meeting.roomId}`, `account:${host.accountId}`],
  ...[`presence:${host.accountId}`, 'directory:all', 'revocations:all', `folder:${folder.id}`, `file:${paper.id}`],
]

async function getsNothing(who: Person, state: string, secrets: readonly string[], also?: OperationName<Hub>): Promise<void> {
  for (const [name, operation] of operations) {
    if (theirOwn.has(name)) continue
    const input = sampleOf(name, operation, theirs)
    const door = (operation.terms as { door?: string }).door
    const reply = (door === 'socket' ? await who.screen.ask(name, input as never) : await who.overHttp(name, input)) as Reply<unknown>
    const text = JSON.stringify(reply)
    if (reply.ok) assert.ok(answered.has(name) || name === also, `${state}: ${name} answered ${text.slice(0, 300)}`)
    else assert.notEqual(reply.error.code, 'internal', `${state}: ${name}`)
    for (const secret of secrets) assert.ok(!text.includes(secret), `${state}: ${name} tells ${secret} in ${text.slice(0, 300)}`)
  }
  assert.deepEqual(
    await who.watch(`account:${who.accountId}`, ...topics()),
    await who.watch(`account:${who.accountId}`),
    `${state}: it hears its own topic alone`,
  )
  const { epoch } = await host.call('chat.rooms', {})
  const told = JSON.stringify(await who.call('sync.since', { epoch, positions: topics().map((topic) => ({ topic, seq: 0 })) }))
  for (const secret of secrets)
    assert.ok(!told.replaceAll(/"topic":"[^"]*"/g, '').includes(secret), `${state}: ${secret} in ${told.slice(0, 300)}`)
}

/** Everything that goes on inside and could be overheard. */
async function talk(): Promise<void> {
  await host.call('meetings.hand', { participantId: inside.id, isRaised: true })
  await host.call('meetings.hand', { participantId: inside.id, isRaised: false })
  await host.call('chat.send', { roomId: meeting.roomId, body: 'What nobody outside may know' })
  await host.call('meetings.mute', { meetingId: meeting.id, participantIds: [inside.id] })
}
const topicsHeard = (who: Person) => [...new Set(who.heard.map(({ topic }) => topic))]

test('a guest who waits, was denied, or went away gets nothing in any way', async () => {
  const who = await guest('Gwen')
  const never = [host.accountId, inside.id, meeting.roomId, 'What nobody outside', 'Minutes', 'Alice', 'sk-0123456789']
  await getsNothing(who, 'nowhere', never)
  const knocked = await who.call('meetings.knock', { meetingId: meeting.id })
  assert.equal(knocked.state, 'waiting')
  await getsNothing(who, 'waiting', never)
  const about = { meetingId: meeting.id, participantIds: [knocked.id] }
  for (const name of ['meetings.admit', 'meetings.deny'] as const) assert.equal((await who.ask(name, about)).ok, false)

  await talk()
  await host.call('meetings.deny', about)
  await who.sees('meetings.mine.changed', ({ state }) => state === 'denied')
  await getsNothing(who, 'denied', never)
  await talk()
  await who.call('meetings.knock', { meetingId: meeting.id })
  await who.call('meetings.leave', { participantId: knocked.id })
  await who.sees('meetings.mine.changed', ({ state }) => state === 'left')
  await getsNothing(who, 'left', never)
  assert.deepEqual(topicsHeard(who), [`account:${who.accountId}`])
  who.leave()
})

test('a guest who was inside and is removed hears nothing from that second on, and reads nothing that is said after', async () => {
  const who = await guest('Gus')
  const { id } = await who.call('meetings.knock', { meetingId: meeting.id })
  await host.call('meetings.admit', { meetingId: meeting.id, participantIds: [id] })
  assert.equal((await who.watch(`meeting:${meeting.id}`, `hosts:${meeting.id}`, `room:${meeting.roomId}`)).length, 2)
  await host.call('meetings.hand', { participantId: inside.id, isRaised: true })
  await who.sees('meetings.participant.changed', ({ hasRaisedHand }) => hasRaisedHand)

  assert.equal((await who.ask('files.file', { fileId: paper.id })).ok, false, 'the room’s files are not theirs to look through')
  await host.call('chat.send', { roomId: meeting.roomId, body: '', files: [paper.id] })
  const { may } = await who.call('files.file', { fileId: paper.id })
  assert.equal(may, 'read', 'what is shown inside is there to be read')

  const began = performance.now()
  await host.call('meetings.remove', { meetingId: meeting.id, participantId: id })
  await until(
    'nothing of the meeting is on this screen',
    async () => (await who.watch(`meeting:${meeting.id}`, `room:${meeting.roomId}`)).length === 0,
  )
  assert.ok(performance.now() - began < 1_000, 'a right that was taken is felt within a second')
  const heard = who.heard.length
  await talk()
  // What was said while they sat there they have read (CHAT-9).
  await getsNothing(who, 'removed', ['What nobody outside', 'Minutes', 'sk-0123456789'], 'chat.history')
  assert.deepEqual(
    who.heard.slice(heard).filter(({ topic }) => topic !== `account:${who.accountId}`),
    [],
  )
  who.leave()
})

test('a guest of one meeting is nobody in another', async () => {
  const { room } = await host.call('chat.room.create', { name: 'Elsewhere', memberIds: [] })
  const other = await host.call('meetings.start', { roomId: room.id })
  const who = await guest('Gil')
  for (const slug of [undefined, other.slug]) {
    const reply = await who.ask('meetings.knock', { meetingId: other.id, slug })
    assert.equal(reply.ok ? 'let in' : reply.error.code, 'not_found')
  }
  who.leave()
})
