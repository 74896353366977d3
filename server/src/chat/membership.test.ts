import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { house, type House } from './testing/house.ts'

let hub: House
beforeAll(async () => void (hub = await house(inject('cluster'))))
afterEach(() => assert.deepEqual(hub.faults.splice(0), [], 'something broke on the way'))
afterAll(() => hub.close())

const codeAndKey = ({ code, key }: { code: string; key: string }) => [code, key]
const bodiesOf = (messages: { body: string }[]) => messages.map(({ body }) => body)

async function garden() {
  const [alice, bob, carol] = [await hub.person('Alice'), await hub.person('Bob'), await hub.person('Carol')]
  return { alice, bob, carol, ...(await hub.room(alice, bob)) }
}

test('[CHAT-8] a newcomer to a group reads its whole history, and has nothing of it to catch up with', async () => {
  const { alice, bob, carol, roomId } = await garden()
  await alice.say(roomId, 'before you', { mentions: [bob.accountId] })
  const hers = hub.hear(`account:${carol.accountId}`)
  await bob.call('chat.room.invite', { roomId, accountIds: [carol.accountId, carol.accountId, bob.accountId] })

  const { view, at } = await carol.call('chat.open', { roomId })
  assert.deepEqual(bodiesOf(view.messages), ['before you'])
  assert.deepEqual(view.seen, { read: at.seq, waiting: [], mentions: [] })
  assert.deepEqual(view.room.memberCount, 3)
  const [taken] = hers
  assert.equal(taken?.name, 'chat.seat.taken')
  const { rooms } = await carol.call('chat.rooms', {})
  assert.deepEqual(taken?.payload, { ...rooms[0], latest: null })

  await alice.say(roomId, 'welcome')
  assert.equal((await carol.call('chat.open', { roomId })).view.seen.waiting.length, 1)
  const positions = [{ topic: `room:${roomId}`, seq: 0 }]
  const [delta] = await carol.call('sync.since', { epoch: hub.epoch, positions })
  assert.equal(delta?.kind === 'delta' && delta.facts.length, 3)
})

test('[CHAT-8] in a direct room one sees what was said from joining on', async () => {
  const { alice, bob, carol } = await garden()
  const { room } = await alice.call('chat.direct', { accountId: bob.accountId })
  const early = await alice.say(room.id, 'between us')
  // No operation lets a third person in; a seat that begins later is what a room of such a kind would give.
  await sql`insert into seat (account_id, room_id, joined_seq, from_seq, role, read_seq) values (${carol.accountId}, ${room.id}, 2, 2, 'member', 2)`.execute(
    hub.db,
  )
  await bob.say(room.id, 'now three')
  assert.deepEqual(bodiesOf((await carol.call('chat.open', { roomId: room.id })).view.messages), ['now three'])
  assert.equal((await carol.call('chat.rooms', {})).rooms[0]?.latest?.excerpt, 'now three')
  assert.equal((await carol.refusal('chat.react', { messageId: early.id, emoji: '👀', isOn: true })).code, 'not_found')
  assert.equal((await carol.refusal('chat.send', { roomId: room.id, body: 'what?', replyTo: early.id })).code, 'not_found')
})

test('[CHAT-9] who left sees the stretch that was theirs and no more; who comes back sees it all', async () => {
  const { alice, bob, roomId } = await garden()
  const topic = `room:${roomId}`
  await alice.say(roomId, 'one')
  const revoked = hub.hear('revocations:all')
  await bob.call('chat.room.leave', { roomId })
  const after = await alice.say(roomId, 'two, of which Bob knows nothing')

  const noRoom = ['not_found', 'chat.noSuchRoom']
  assert.deepEqual(codeAndKey(await bob.refusal('chat.open', { roomId })), noRoom)
  assert.deepEqual(codeAndKey(await bob.refusal('chat.members', { roomId })), noRoom)
  assert.deepEqual(codeAndKey(await bob.refusal('chat.send', { roomId, body: 'hello?' })), noRoom)
  assert.deepEqual((await bob.call('chat.rooms', {})).rooms, [])
  const page = await bob.call('chat.history', { roomId, before: 1_000 })
  assert.deepEqual([bodiesOf(page.messages), page.hasMore], [['one'], false])
  assert.deepEqual(bodiesOf((await bob.call('chat.messages', { roomId, ids: [after.id, page.messages[0]!.id] })).messages), ['one'])
  assert.equal(await hub.rooms.maySee(bob.actor, roomId, after.seq), false)
  const [delta] = await bob.call('sync.since', { epoch: hub.epoch, positions: [{ topic, seq: 0 }] })
  assert.deepEqual(delta?.kind === 'delta' && delta.facts.map(({ name }) => name), ['chat.message.sent', 'chat.member.left'])
  assert.deepEqual(
    revoked.map(({ payload }) => payload),
    [{ kind: 'seat', accountId: bob.accountId, roomId, toSeq: 2 }],
  )

  await alice.call('chat.room.invite', { roomId, accountIds: [bob.accountId] })
  assert.equal((await bob.call('chat.open', { roomId })).view.messages.length, 2)
  const spans = await hub.rooms.spansOf(bob.actor, [topic, 'account:nobody', 'room:nonsense'])
  assert.deepEqual(
    [...spans],
    [
      [
        topic,
        [
          { from: 1, to: 2 },
          { from: 1, to: null },
        ],
      ],
    ],
  )
  assert.deepEqual((await hub.rooms.seatsOf([bob.accountId])).get(bob.accountId), spans)
  assert.deepEqual(await hub.rooms.seatsOf([alice.accountId]), new Map([[alice.accountId, new Map([[topic, [{ from: 1, to: null }]]])]]))
})

test('[CHAT-10] members invite who is active; owners remove, rename and archive', async () => {
  const { alice, bob, carol, roomId, heard } = await garden()
  const owners = ['forbidden', 'chat.onlyOwners']
  assert.deepEqual(codeAndKey(await bob.refusal('chat.room.change', { roomId, name: 'Meadow' })), owners)
  assert.deepEqual(codeAndKey(await bob.refusal('chat.room.remove', { roomId, accountId: alice.accountId })), owners)
  const closed = await hub.person('Closed', 'closed')
  const shut = ['forbidden', 'accounts.takesNothing']
  const unwelcome: [string[], string[]][] = [
    [[closed.accountId], shut],
    [
      [carol.accountId, randomUUID()],
      ['not_found', 'chat.noSuchPerson'],
    ],
  ]
  for (const [accountIds, nobody] of unwelcome) {
    assert.deepEqual(codeAndKey(await bob.refusal('chat.room.invite', { roomId, accountIds })), nobody)
    assert.deepEqual(codeAndKey(await bob.refusal('chat.room.create', { name: 'Shed', memberIds: accountIds })), nobody)
  }
  assert.deepEqual(codeAndKey(await bob.refusal('chat.direct', { accountId: closed.accountId })), shut)
  // What is sent to who is locked out, or in maintenance, waits for them.
  const locked = await hub.person('Locked', 'locked')
  assert.equal((await bob.call('chat.direct', { accountId: locked.accountId })).room.kind, 'direct')

  const renamed = await alice.call('chat.room.change', { roomId, name: 'Meadow', about: 'Cows' })
  assert.deepEqual([renamed.name, renamed.about], ['Meadow', 'Cows'])
  await alice.call('chat.room.change', { roomId, name: 'Meadow' })
  const removed = await alice.call('chat.room.remove', { roomId, accountId: bob.accountId })
  assert.equal(removed.memberCount, 1)
  assert.deepEqual(codeAndKey(await alice.refusal('chat.room.remove', { roomId, accountId: bob.accountId })), [
    'not_found',
    'chat.noSuchPerson',
  ])
  assert.deepEqual(
    heard.map(({ name }) => name),
    ['chat.room.changed', 'chat.member.left'],
  )

  await alice.call('chat.room.change', { roomId, isArchived: true })
  const archived = ['forbidden', 'chat.roomIsArchived']
  assert.deepEqual(codeAndKey(await alice.refusal('chat.room.invite', { roomId, accountIds: [carol.accountId] })), archived)
})

test('[CHAT-11] there is one direct room for two, and for oneself, however many ask for it at once', async () => {
  const { alice, bob, carol } = await garden()
  const his = hub.hear(`account:${bob.accountId}`)
  const asked = Array.from({ length: 10 }, (_, i) =>
    i % 2 ? alice.call('chat.direct', { accountId: bob.accountId }) : bob.call('chat.direct', { accountId: alice.accountId }),
  )
  const rooms = await Promise.all(asked)
  const [{ room }] = rooms as [(typeof rooms)[number]]
  assert.equal(new Set(rooms.map(({ room }) => room.id)).size, 1)
  assert.deepEqual([room.kind, room.memberCount, room.someMembers.toSorted()], ['direct', 2, [alice.accountId, bob.accountId].sort()])
  assert.deepEqual(
    his.map(({ name }) => name),
    ['chat.seat.taken'],
  )

  const forTwo = ['forbidden', 'chat.directIsForTwo']
  const roomId = room.id
  assert.deepEqual(codeAndKey(await alice.refusal('chat.room.invite', { roomId, accountIds: [carol.accountId] })), forTwo)
  assert.deepEqual(codeAndKey(await alice.refusal('chat.room.remove', { roomId, accountId: bob.accountId })), forTwo)
  assert.deepEqual(codeAndKey(await alice.refusal('chat.room.leave', { roomId })), forTwo)
  assert.deepEqual(codeAndKey(await alice.refusal('chat.room.change', { roomId, name: 'Us' })), forTwo)

  const notes = await alice.call('chat.direct', { accountId: alice.accountId })
  assert.deepEqual([notes.room.memberCount, notes.room.someMembers], [1, [alice.accountId]])
  assert.equal((await alice.call('chat.direct', { accountId: alice.accountId })).room.id, notes.room.id)
  await alice.say(notes.room.id, 'buy milk')
})

test('[CHAT-12] when the last owner leaves, the one who has been there longest takes over', async () => {
  const { alice, bob, carol, roomId } = await garden()
  await alice.call('chat.room.invite', { roomId, accountIds: [carol.accountId] })
  const his = hub.hear(`account:${bob.accountId}`)
  await alice.call('chat.room.leave', { roomId })
  assert.deepEqual(
    his.map(({ name, payload }) => [name, payload]),
    [['chat.seat.changed', { roomId, seat: { role: 'owner', isMuted: false, isLent: false } }]],
  )
  await bob.call('chat.room.change', { roomId, name: 'Mine now' })
  await bob.call('chat.room.leave', { roomId })
  assert.equal((await carol.call('chat.open', { roomId })).view.seat.role, 'owner')
  await carol.call('chat.room.leave', { roomId })
  assert.deepEqual((await carol.call('chat.rooms', {})).rooms, [])
})

test('[CHAT-12] who closes an account leaves the groups, and the direct rooms stay', async () => {
  const { alice, bob, roomId, heard } = await garden()
  const direct = await alice.call('chat.direct', { accountId: bob.accountId })
  await hub.databaseOf().work((tx, announce) => hub.rooms.closeSeats(tx, announce, alice.accountId))
  assert.deepEqual(
    heard.map(({ name }) => name),
    ['chat.member.left'],
  )
  assert.equal((await bob.call('chat.open', { roomId })).view.seat.role, 'owner')
  assert.equal((await bob.call('chat.open', { roomId: direct.room.id })).view.room.memberCount, 2)
})

test('many join and leave at once: the count of members is that of the seats', async () => {
  const { alice, bob, roomId } = await garden()
  const crowd = await Promise.all(Array.from({ length: 12 }, (_, i) => hub.person(`Guest ${i}`)))
  await Promise.all(
    crowd.map(({ accountId }, i) =>
      (i % 2 ? alice : bob).call('chat.room.invite', { roomId, accountIds: [accountId, crowd[0]!.accountId] }),
    ),
  )
  await Promise.all(crowd.slice(0, 5).map((guest) => guest.call('chat.room.leave', { roomId })))
  const { members, hasMore } = await alice.call('chat.members', { roomId, limit: 5 })
  const rest = await alice.call('chat.members', { roomId, after: members.at(-1)!.accountId })
  assert.deepEqual([hasMore, rest.hasMore, members.length + rest.members.length], [true, false, 9])
  assert.equal((await alice.call('chat.open', { roomId })).view.room.memberCount, 9)
})

test('a muted room says so on every screen of mine, and only there', async () => {
  const { bob, roomId, heard } = await garden()
  const his = hub.hear(`account:${bob.accountId}`)
  assert.deepEqual(await bob.call('chat.room.mute', { roomId, isMuted: true }), { role: 'member', isMuted: true, isLent: false })
  await bob.call('chat.room.mute', { roomId, isMuted: true })
  assert.deepEqual(
    his.map(({ payload }) => payload),
    [{ roomId, seat: { role: 'member', isMuted: true, isLent: false } }],
  )
  assert.equal((await bob.call('chat.rooms', {})).rooms[0]?.seat.isMuted, true)
  assert.deepEqual(heard, [])
})

test('a command repeated is done once', async () => {
  const { alice, carol, roomId, heard } = await garden()
  const draft = { clientId: randomUUID(), name: 'Twice', memberIds: [carol.accountId] }
  const [first, again] = [await alice.call('chat.room.create', draft), await alice.call('chat.room.create', draft)]
  assert.deepEqual(again, first)
  assert.deepEqual(codeAndKey(await alice.refusal('chat.room.create', { ...draft, name: 'Other' })), ['conflict', 'clientIdReused'])
  const invitation = { clientId: randomUUID(), roomId, accountIds: [carol.accountId] }
  await Promise.all([alice.call('chat.room.invite', invitation), alice.call('chat.room.invite', invitation)])
  assert.equal(heard.length, 1)
})

test('a thousand rooms are listed in as many statements as one', async () => {
  const { alice, bob } = await garden()
  const cost = async () => {
    hub.statements.length = 0
    const { rooms, people, at } = await alice.call('chat.rooms', {})
    return { statements: hub.statements.length, rooms, people, at }
  }
  const few = await cost()
  await sql`with many as (
      insert into room (id, kind, name, about, member_count, created_at)
      select gen_random_uuid(), 'group', 'Room ' || n, '', 2, now() from generate_series(1, 1000) as n returning id)
    insert into seat (account_id, room_id, joined_seq, from_seq, role, read_seq)
    select account_id, id, 0, 1, 'member', 0 from many, unnest(${[alice.accountId, bob.accountId]}::uuid[]) as account_id`.execute(hub.db)
  const many = await cost()
  assert.equal(many.rooms.length, few.rooms.length + 1_000)
  assert.equal(many.statements, few.statements)
  assert.deepEqual([many.people.length, many.at.topic], [2, `account:${alice.accountId}`])
})

test('rooms come with the newest first, and with what was said last in them', async () => {
  const { alice, bob, roomId } = await garden()
  const other = await hub.room(alice, bob)
  await alice.say(roomId, `  ${'long\n\n'.repeat(100)}`)
  const { rooms } = await bob.call('chat.rooms', {})
  assert.deepEqual(
    rooms.map(({ room }) => room.id),
    [roomId, other.roomId],
  )
  const { excerpt } = rooms[0]!.latest!
  assert.ok(excerpt.length <= 200 && excerpt.startsWith('long long'))
  assert.equal(rooms[1]!.latest, null)
})
