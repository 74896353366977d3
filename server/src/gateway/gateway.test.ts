import assert from 'node:assert/strict'
import { afterEach, beforeAll, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import type { Hub, Payload } from '@atrium/protocol'
import { hub, type TestHub } from '../testing/hub.ts'
import { screen } from '../testing/person.ts'

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'))
  return () => here.close()
})
afterEach(() => here.people.forEach((person) => person.leave()))

async function roomOf(...people: TestHub['alice'][]) {
  const [first, ...others] = people
  const { room } = await first!.call('chat.room.create', { name: 'A room', memberIds: others.map(({ accountId }) => accountId) })
  return room.id
}

test('two people chat: what one sends, the other hears, numbered', async () => {
  const { alice, bob } = here
  const roomId = await roomOf(alice, bob)
  await Promise.all([alice.connect(), bob.connect()])
  const [standing] = await bob.watch(`room:${roomId}`)

  const sent = await alice.call('chat.send', { roomId, body: 'Good morning' })
  assert.equal((await bob.sees('chat.message.sent')).body, 'Good morning')
  assert.deepEqual(bob.heard.at(-1), { ...bob.heard.at(-1)!, topic: `room:${roomId}`, seq: sent.seq })
  assert.equal(sent.seq, standing!.seq + 1, 'what follows the standing that was answered is sent')
})

test('a room that is not on screen stirs: all that happened in one letter, at most one a second', async () => {
  const { alice, bob } = here
  const roomId = await roomOf(alice, bob)
  await Promise.all([alice.connect(), bob.connect()])
  await bob.watch()
  for (let i = 0; i < 20; i++) await alice.call('chat.send', { roomId, body: `Number ${i}` })

  const said = () => bob.heard.filter(({ name }) => name === 'chat.stirring').flatMap(({ payload }) => payload.rooms[0].sent)
  await until('bob knows of all twenty', () => said().length >= 20)
  assert.deepEqual([...new Set(said().map(({ seq }) => seq))].length, 20)
  assert.ok(bob.heard.filter(({ name }) => name === 'chat.stirring').length <= 3)
  assert.equal(
    bob.heard.some(({ name }) => name === 'chat.message.sent'),
    false,
  )
})

test('a room that is not on screen and gets a new name, or other members, is stale: whoever asks sees it as it is', async () => {
  const { alice, bob, carol } = here
  const roomId = await roomOf(alice, bob)
  await Promise.all([alice.connect(), bob.connect()])
  await bob.watch()
  const isStale = ({ rooms }: Payload<Hub, 'chat.stirring'>) => rooms.some((room) => room.roomId === roomId && room.isStale)
  const roomNow = async () => (await bob.call('chat.seen', { roomIds: [roomId] }))[0]!.room

  await alice.call('chat.room.change', { roomId, name: 'The same room' })
  await bob.sees('chat.stirring', isStale)
  assert.equal((await roomNow()).name, 'The same room')
  await alice.call('chat.room.invite', { roomId, accountIds: [carol.accountId] })
  await bob.sees('chat.stirring', isStale)
  assert.equal((await roomNow()).memberCount, 3)
  await alice.call('chat.room.remove', { roomId, accountId: carol.accountId })
  await bob.sees('chat.stirring', isStale)
  assert.equal((await roomNow()).memberCount, 2)
})

test('where people meet is known on every screen of the room’s people, whatever it shows', async () => {
  const { alice, bob } = here
  const roomId = await roomOf(alice, bob)
  await Promise.all([alice.connect(), bob.connect()])
  await bob.watch(`room:${roomId}`)
  const inside =
    (count: number | undefined) =>
    ({ rooms }: Payload<Hub, 'chat.stirring'>) =>
      rooms.some((room) => room.roomId === roomId && room.running !== undefined && room.running?.inside === count)

  const meeting = await alice.call('meetings.start', { roomId })
  await bob.sees('chat.stirring', inside(undefined))
  const { id } = await alice.call('meetings.knock', { meetingId: meeting.id })
  await bob.sees('chat.stirring', inside(1))
  assert.deepEqual(
    (await bob.call('meetings.running', {})).map(({ slug, inside }) => [slug, inside]),
    [[meeting.slug, 1]],
  )
  await bob.watch()
  await alice.call('meetings.leave', { participantId: id })
  await bob.sees('chat.stirring', inside(undefined))
  assert.deepEqual(await bob.call('meetings.running', {}), [])
})

test('whoever is invited while connected hears of the room, and of what is said in it', async () => {
  const { alice, bob } = here
  const roomId = await roomOf(alice)
  await Promise.all([alice.connect(), bob.connect()])
  await bob.watch(`account:${bob.accountId}`)
  await alice.call('chat.room.invite', { roomId, accountIds: [bob.accountId] })
  await bob.sees('chat.seat.taken', ({ room }) => room.id === roomId)
  await alice.call('chat.send', { roomId, body: 'Welcome' })
  await bob.sees('chat.stirring', ({ rooms }) => rooms.some(({ sent }) => sent.some(({ excerpt }) => excerpt === 'Welcome')))
})

test('a topic that is not yours, or not at all, is left out of the answer', async () => {
  const { alice, bob, stranger } = here
  const roomId = await roomOf(alice, bob)
  await stranger.connect()
  const asked = [
    `room:${roomId}`,
    `room:${crypto.randomUUID()}`,
    'room:1',
    `account:${alice.accountId}`,
    'revocations:all',
    'directory:all',
  ]
  assert.deepEqual(
    (await stranger.watch(...asked)).map(({ topic }) => topic),
    ['directory:all'],
  )
})

test('who comes back says where it stood, and hears in the same answer what it missed, up to the end of its seat', async () => {
  const { alice, bob } = here
  const [stays, ends] = [await roomOf(alice, bob), await roomOf(alice, bob)]
  await Promise.all([alice.connect(), bob.connect()])
  const topics = [`room:${stays}`, `room:${ends}`]
  const positions = await bob.watch(...topics)
  bob.leave()
  for (const roomId of [stays, ends]) await alice.call('chat.send', { roomId, body: 'While you were away' })
  await alice.call('chat.room.remove', { roomId: ends, accountId: bob.accountId })
  await alice.call('chat.send', { roomId: ends, body: 'Among ourselves' })

  await bob.connect()
  const { epoch } = await bob.call('sync.watch', { topics: [] })
  const { watching, missed } = await bob.call('sync.watch', { topics, since: { epoch, positions } })
  assert.deepEqual(
    watching.map(({ topic }) => topic),
    [`room:${stays}`],
  )
  const said = missed.map((delta) => (delta.kind === 'delta' ? delta.facts.map(({ name }) => name) : delta.kind))
  assert.deepEqual(said, [['chat.message.sent'], ['chat.message.sent', 'chat.member.left']])
  assert.doesNotMatch(JSON.stringify(missed), /Among ourselves/)
})

test('a seat that is lost while the bus is silent: who comes back is told nothing of what was said after, and is out within a second', async () => {
  const { alice, bob, house, origin } = here
  const roomId = await roomOf(alice, bob)
  const topic = `room:${roomId}`
  await Promise.all([alice.connect(), bob.connect()])
  const { epoch } = await bob.call('sync.watch', { topics: [] })
  const [stood] = await bob.watch(topic)
  bob.leave()
  await alice.watch(topic)
  await alice.call('chat.send', { roomId, body: 'Between us two' })
  await alice.sees('chat.message.sent', ({ body }) => body === 'Between us two')
  const { publish } = house.bus
  house.bus.publish = () => {}
  try {
    await alice.call('chat.room.remove', { roomId, accountId: bob.accountId })
    await alice.call('chat.send', { roomId, body: 'Among ourselves' })
    const at = performance.now()
    const back = screen(origin, bob.cookie, 'bob', { watch: { topics: [topic], since: { epoch, positions: [stood!] } } })
    const answer = JSON.stringify(await back.sees('sync.watched'))
    assert.match(answer, /Between us two/)
    assert.doesNotMatch(answer, /Among ourselves/)
    await until('bob is out of the room', async () => (await back.watch(topic)).length === 0)
    assert.ok(performance.now() - at < 2_000)
    await back.ask('directory.me', {})
    assert.doesNotMatch(JSON.stringify(back.heard), /Among ourselves/)
    back.socket.disconnect()
  } finally {
    house.bus.publish = publish
  }
})

test('what the handshake asks to watch is answered without another question, and heard from then on', async () => {
  const { alice, bob, origin } = here
  const roomId = await roomOf(alice, bob)
  const topics = [`room:${roomId}`, `account:${alice.accountId}`]
  await Promise.all([alice.connect(), bob.connect()])
  const { epoch } = await bob.call('sync.watch', { topics: [] })
  const [stood] = await bob.watch(topics[0]!)
  bob.leave()
  await alice.call('chat.send', { roomId, body: 'While you were away' })

  const back = screen(origin, bob.cookie, 'bob', { watch: { topics, since: { epoch, positions: [stood!] } } })
  const answer = await back.sees('sync.watched')
  assert.ok(answer.ok)
  assert.deepEqual(
    answer.data.watching.map(({ topic }) => topic),
    [topics[0]],
  )
  assert.match(JSON.stringify(answer.data.missed), /While you were away/)
  await alice.call('chat.send', { roomId, body: 'While you are here' })
  await back.sees('chat.message.sent', ({ body }) => body === 'While you are here')
  back.socket.disconnect()

  const level = screen(origin, bob.cookie, 'bob', {
    watch: { topics, since: { epoch, positions: [{ topic: topics[0]!, seq: stood!.seq + 2 }] } },
  })
  const nothing = await level.sees('sync.watched')
  assert.deepEqual(nothing.ok && nothing.data.missed, [])
  level.socket.disconnect()

  const nonsense = screen(origin, bob.cookie, 'bob', { watch: { topics: 'all' } as never })
  const refused = await nonsense.sees('sync.watched')
  assert.ok(!refused.ok && refused.error.code === 'invalid' && nonsense.isConnected())
  nonsense.socket.disconnect()
})

test('of two watches that cross, the later one says what is on screen', async () => {
  const { alice } = here
  const [one, other] = [await roomOf(alice), await roomOf(alice)]
  const { socket } = await alice.connect()
  const watch = (...rooms: string[]) => socket.timeout(5_000).emitWithAck('sync.watch', { topics: rooms.map((id) => `room:${id}`) })
  await Promise.all([watch(one), watch(), watch(one, other), watch(other)])
  await alice.call('chat.send', { roomId: one, body: 'Off screen' })
  await alice.call('chat.send', { roomId: other, body: 'On screen' })
  await alice.sees('chat.message.sent', ({ body }) => body === 'On screen')
  await alice.sees('chat.stirring', ({ rooms }) => rooms.some(({ roomId }) => roomId === one))
  assert.deepEqual(
    alice.heard.filter(({ name }) => name === 'chat.message.sent').map(({ topic }) => topic),
    [`room:${other}`],
  )
})

test('who is removed from a room hears the end of it and nothing after', async () => {
  const { alice, bob } = here
  const roomId = await roomOf(alice, bob)
  await Promise.all([alice.connect(), bob.connect()])
  await bob.watch(`room:${roomId}`)
  const removed = alice.call('chat.room.remove', { roomId, accountId: bob.accountId })
  const sent = [1, 2, 3].map((n) => removed.then(() => alice.call('chat.send', { roomId, body: `Unheard ${n}` })))
  await Promise.all(sent)

  await bob.sees('chat.member.left')
  const other = await roomOf(alice, bob)
  await alice.call('chat.send', { roomId: other, body: 'Elsewhere' })
  await bob.sees('chat.stirring', ({ rooms }) => rooms.some((room) => room.roomId === other))
  assert.deepEqual(
    bob.heard.filter(({ topic, name }) => topic === `room:${roomId}` && name === 'chat.message.sent'),
    [],
  )
  assert.equal(JSON.stringify(bob.heard).includes('Unheard'), false)
  assert.deepEqual(await bob.watch(`room:${roomId}`), [])
})

test('what the bus lost comes within the look at the topics that moved, in order, once', async () => {
  const { alice, bob, house } = here
  const roomId = await roomOf(alice, bob)
  await Promise.all([alice.connect(), bob.connect()])
  await bob.watch(`room:${roomId}`)
  const { publish } = house.bus
  house.bus.publish = () => {}
  for (let i = 0; i < 5; i++) await alice.call('chat.send', { roomId, body: `${i}` })
  house.bus.publish = publish
  const bodies = () => bob.heard.filter(({ name }) => name === 'chat.message.sent').map(({ payload }) => payload.body)
  assert.deepEqual(bodies(), [], 'the fault bit')
  await until('bob hears what the bus lost', () => bodies().length === 5, 8_000)
  assert.deepEqual(bodies(), ['0', '1', '2', '3', '4'])
})

test('a locked account is out within a second, on every screen, and is told why; so is a session ended from elsewhere', async () => {
  const { administrator, carol } = here
  const [first, second] = [await carol.connect(), await carol.connect()]
  const at = performance.now()
  await administrator.call('directory.person.change', { accountId: carol.accountId, status: 'locked' })
  assert.deepEqual(await Promise.all([first.ended(), second.ended()]), ['account_locked', 'account_locked'])
  assert.ok(performance.now() - at < 1_000)

  const refused = await screen(here.origin, carol.cookie, 'carol').refused()
  assert.equal('error' in refused && refused.error.code, 'unauthenticated')
  assert.equal((await carol.http('/api/directory.me')).status, 401)
})

test('a session that is ended from another device is cut, and only that one', async () => {
  const { bob } = here
  const stays = await bob.connect()
  const other = here.also(bob)
  await other.signIn()
  const ends = await other.connect()
  const sessions = await bob.call('auth.sessions', {})
  await bob.call('auth.session.end', { sessionId: (await other.call('auth.sessions', {})).find(({ isThis }) => isThis)!.id })
  assert.equal(await ends.ended(), 'session_ended')
  assert.ok(sessions.length >= 2 && stays.isConnected())
  other.leave()
})

test('who has no session, or a page of another age, is refused by name', async () => {
  const { alice, origin } = here
  const refusals = [
    screen(origin, '', 'nobody'),
    screen(origin, `atrium=${'A'.repeat(43)}`, 'a forger'),
    screen(origin, alice.cookie, 'an old page', { protocol: 0 }),
    screen(origin, alice.cookie, 'a new page', { protocol: 999 }),
    screen(origin, alice.cookie, 'a page without a version', { protocol: undefined }),
  ]
  const reasons = await Promise.all(refusals.map((one) => one.refused()))
  refusals.forEach(({ socket }) => socket.disconnect())
  assert.deepEqual(
    reasons.map((reason) => ('ending' in reason ? reason.ending : 'error' in reason ? reason.error.code : reason)),
    ['unauthenticated', 'unauthenticated', 'client_too_old', 'client_too_new', 'invalid'],
  )
})

test('an unknown event is refused, a nudge that asks and a question without an ear are not heard', async () => {
  const { alice } = here
  const { socket } = await alice.connect()
  for (const name of ['chat.unheardOf', 'chat.message.sent', '__proto__', 'constructor', 'hub.ending'])
    assert.equal((await socket.timeout(2_000).emitWithAck(name, {})).error.code, 'not_found', name)
  assert.equal((await socket.timeout(2_000).emitWithAck('chat.send', 'no object')).error.code, 'invalid')
  socket.emit('chat.rooms', {})
  socket.emit('chat.typing', null)
  assert.ok((await alice.call('directory.me', {})).person)
})

test('a socket that floods is told to wait; others do not notice', async () => {
  const { alice, bob } = here
  const { socket } = await alice.connect()
  await bob.connect()
  const replies = await Promise.all(Array.from({ length: 600 }, () => socket.timeout(10_000).emitWithAck('presence.mine', {})))
  const refused = replies.filter((reply) => !reply.ok)
  assert.ok(refused.length > 100, `${refused.length} of 600 were refused`)
  assert.ok(refused.every(({ error }) => error.code === 'rate_limited' && error.retryAfterMs > 0))
  assert.ok((await bob.call('directory.me', {})).person)
})

test('a socket that does not read is cut by name once 2 MB wait for it; others hear everything', async () => {
  const { alice, bob, administrator, stranger, house } = here
  const roomId = await roomOf(alice, bob, administrator, stranger)
  await Promise.all([alice, administrator, stranger].map((one) => one.connect()))
  await alice.watch(`room:${roomId}`)
  const slow = await bob.connect()
  await slow.watch(`room:${roomId}`)
  const wire = (slow.socket.io.engine as any).transport.ws._socket
  wire.pause()

  const cut = async () => (await house.metrics.endings.get()).values.find(({ labels }) => labels.reason === 'too_slow')?.value ?? 0
  const before = await cut()
  let sent = 0
  const send = async (one: typeof alice) => {
    const reply = await one.ask('chat.send', { roomId, body: '長'.repeat(20_000) })
    if (reply.ok) sent++
  }
  // Several write, because one may not write that much: 18 MB are more than the network between them swallows.
  for (let i = 0; (await cut()) === before && i < 100; i++) await Promise.all([alice, administrator, stranger].map(send))
  await until('bob is cut', async () => (await cut()) === before + 1)
  await until('alice hears all of it', () => alice.heard.filter(({ name }) => name === 'chat.message.sent').length === sent)

  wire.resume()
  await until('bob is told why, when he reads again', () => slow.heard.some(({ payload }) => payload?.ending === 'too_slow'))
  await until('bob is back', () => slow.isConnected())
})
