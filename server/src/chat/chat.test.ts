import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { until } from '@atrium/platform/testing'
import { maxUnread, maxWaiting, type Message } from '@atrium/protocol'
import { unreadOf } from '@atrium/protocol/apply'
import { house, type House } from './testing/house.ts'

let hub: House
beforeAll(async () => void (hub = await house(inject('cluster'))))
afterEach(() => assert.deepEqual(hub.faults.splice(0), [], 'something broke on the way'))
afterAll(() => hub.close())

async function conversation() {
  const [alice, bob, mallory] = [await hub.person('Alice'), await hub.person('Bob'), await hub.person('Mallory')]
  return { alice, bob, mallory, ...(await hub.room(alice, bob)) }
}
const codeAndKey = ({ code, key }: { code: string; key: string }) => [code, key]

test('[CHAT-1] to a stranger neither the room nor its messages exist', async () => {
  const { alice, bob, mallory, roomId, heard } = await conversation()
  const { id: messageId, seq } = await alice.say(roomId, 'among us')
  const before = heard.length
  const noRoom = ['not_found', 'chat.noSuchRoom']
  const noMessage = ['not_found', 'chat.noSuchMessage']
  const { accountId } = bob
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.open', { roomId })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.history', { roomId, before: 9 })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.messages', { roomId, ids: [messageId] })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.members', { roomId })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.seen', { roomIds: [roomId] })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.send', { roomId, body: 'hi' })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.read', { roomId, read: seq })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.room.change', { roomId, name: 'Mine' })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.room.invite', { roomId, accountIds: [mallory.accountId] })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.room.invite', { roomId, accountIds: [randomUUID()] })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.room.remove', { roomId, accountId })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.room.leave', { roomId })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.room.mute', { roomId, isMuted: true })), noRoom)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.edit', { messageId, edits: 0, body: 'hi' })), noMessage)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.delete', { messageId })), noMessage)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.react', { messageId, emoji: '👍', isOn: true })), noMessage)
  assert.deepEqual(codeAndKey(await mallory.refusal('search.messages', { text: 'among', roomId })), noRoom)
  assert.deepEqual((await mallory.call('search.messages', { text: 'among' })).hits, [])
  const positions = [{ topic: `room:${roomId}`, seq: 0 }]
  assert.equal((await mallory.call('sync.since', { epoch: hub.epoch, positions }))[0]?.kind, 'not_found')
  assert.equal(await hub.rooms.maySee(mallory.actor, roomId, seq), false)
  assert.equal(await hub.rooms.maySee(bob.actor, roomId, seq), true)
  assert.equal(heard.length, before)

  // The message of another room is no message of this one.
  const own = await hub.room(mallory)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.messages', { roomId: own.roomId, ids: [messageId] })), noMessage)
  assert.deepEqual(codeAndKey(await mallory.refusal('chat.send', { roomId: own.roomId, body: 'so?', replyTo: messageId })), noMessage)
})

test('[CHAT-2] an archived room is read, not written; what one regrets goes even then', async () => {
  const { alice, bob, roomId } = await conversation()
  const { id: messageId } = await bob.say(roomId, 'last words')
  await alice.call('chat.room.change', { roomId, isArchived: true })
  const archived = ['forbidden', 'chat.roomIsArchived']
  assert.deepEqual(codeAndKey(await bob.refusal('chat.send', { roomId, body: 'more' })), archived)
  assert.deepEqual(codeAndKey(await bob.refusal('chat.edit', { messageId, edits: 0, body: 'better' })), archived)
  assert.deepEqual(codeAndKey(await bob.refusal('chat.react', { messageId, emoji: '👍', isOn: true })), archived)
  assert.equal((await bob.call('chat.open', { roomId })).view.room.isArchived, true)
  await bob.call('chat.delete', { messageId })
  await alice.call('chat.room.change', { roomId, isArchived: false })
  await bob.say(roomId, 'open again')
})

test('[CHAT-3] a send repeated by the network, ten times at once, is one message; other words under its clientId are refused', async () => {
  const { alice, bob, roomId, heard } = await conversation()
  const draft = { clientId: randomUUID(), roomId, body: '  hello ' }
  const replies = await Promise.all(Array.from({ length: 10 }, () => alice.call('chat.send', draft)))
  for (const reply of replies) assert.deepEqual(reply, replies[0])
  assert.equal(replies[0]!.body, 'hello')
  assert.equal(heard.length, 1)

  const reused = ['conflict', 'clientIdReused']
  assert.deepEqual(codeAndKey(await alice.refusal('chat.send', { ...draft, body: 'goodbye' })), reused)
  assert.deepEqual(codeAndKey(await alice.refusal('chat.send', { ...draft, roomId: (await hub.room(alice)).roomId })), reused)
  assert.notEqual((await bob.call('chat.send', draft)).id, replies[0]!.id)
  await alice.call('chat.edit', { messageId: replies[0]!.id, edits: 0, body: 'hello!' })
  assert.equal((await alice.call('chat.send', draft)).body, 'hello!')
  await alice.call('chat.room.leave', { roomId })
  assert.equal((await alice.call('chat.send', draft)).body, 'hello!')
})

test('[CHAT-4] authors change their own words only, and a late repetition undoes nothing', async () => {
  const { alice, bob, roomId } = await conversation()
  const { id: messageId } = await alice.say(roomId, 'one')
  assert.deepEqual(codeAndKey(await bob.refusal('chat.edit', { messageId, edits: 0, body: 'nonsense' })), ['forbidden', 'chat.onlyAuthors'])
  assert.deepEqual(codeAndKey(await bob.refusal('chat.delete', { messageId })), ['forbidden', 'chat.onlyAuthors'])

  const toTwo = { clientId: randomUUID(), messageId, edits: 0, body: 'two' }
  const two = await alice.call('chat.edit', toTwo)
  assert.deepEqual(await alice.call('chat.edit', toTwo), two)
  assert.equal(two.edits, 1)
  await alice.call('chat.edit', { messageId, edits: 1, body: 'three' })
  assert.deepEqual(codeAndKey(await alice.refusal('chat.edit', toTwo)), ['conflict', 'chat.changedMeanwhile'])
  assert.equal((await alice.refusal('chat.edit', { messageId, edits: 2, body: ' ' })).field, 'body')
})

test('[CHAT-4] after a day by the clock of the hub, what was said stays', async () => {
  const { alice, roomId } = await conversation()
  const { id: messageId } = await alice.say(roomId, 'for ever')
  hub.advance(86_400_000 - 1_000)
  await alice.call('chat.edit', { messageId, edits: 0, body: 'for good' })
  hub.advance(2_000)
  const late = ['forbidden', 'chat.tooLateToChange']
  assert.deepEqual(codeAndKey(await alice.refusal('chat.edit', { messageId, edits: 1, body: 'never' })), late)
  assert.deepEqual(codeAndKey(await alice.refusal('chat.delete', { messageId })), late)
})

test('[CHAT-5] deleted words are found nowhere, and a late repetition does not bring them back', async () => {
  const { alice, bob, roomId } = await conversation()
  const picture = await addPicture(alice.accountId)
  const draft = {
    clientId: randomUUID(),
    roomId,
    body: 'the pearl is in the attic',
    mentions: [bob.accountId],
    pictures: [picture],
  }
  const { id: messageId, seq } = await alice.call('chat.send', draft)
  await bob.call('chat.react', { messageId, emoji: '🦪', isOn: true })
  await alice.call('chat.edit', { messageId, edits: 0, body: 'the pearl is in the cellar', mentions: [bob.accountId] })
  assert.deepEqual(await hub.tracesOf('pearl'), ['message', 'search_entry'].concat(await journalPartitions('pearl')).sort())
  // In the same breath, in whichever order they come: sharing a transaction, the row to blank may not be written yet.
  await Promise.all([
    alice.say(roomId, 'nothing to see'),
    alice.ask('chat.edit', { messageId, edits: 1, body: 'the pearl is in the garden' }),
    bob.ask('chat.react', { messageId, emoji: '🦪', isOn: false }),
    bob.ask('chat.react', { messageId, emoji: '🎉', isOn: true }),
    alice.call('chat.delete', { messageId }),
    bob.ask('chat.react', { messageId, emoji: '🥀', isOn: true }),
  ])

  for (const trace of ['pearl', '🦪', '🎉', '🥀', picture]) assert.deepEqual(await hub.tracesOf(trace), [], trace)
  assert.deepEqual(codeAndKey(await alice.refusal('chat.send', draft)), ['conflict', 'chat.wasDeleted'])
  assert.deepEqual(await alice.call('chat.delete', { messageId }), { id: messageId, roomId, seq })
  const { rows } =
    await sql`select from mention where account_id = ${bob.accountId} union all select from reaction where message_id = ${messageId}`.execute(
      hub.db,
    )
  assert.equal(rows.length, 0)
  assert.deepEqual((await bob.call('search.messages', { text: 'pearl' })).hits, [])
  assert.deepEqual((await bob.call('chat.messages', { roomId, ids: [messageId] })).messages, [])
  assert.deepEqual(codeAndKey(await bob.refusal('chat.delete', { messageId })), ['not_found', 'chat.noSuchMessage'])
})

test('[CHAT-5] whoever goes may take along all that they said', async () => {
  const { alice, bob, roomId, heard } = await conversation()
  await alice.say(roomId, 'a violin')
  await alice.say(roomId, 'two violins', { mentions: [bob.accountId] })
  const reply = await bob.say(roomId, 'a drum')
  const { work } = hub.databaseOf()
  await work((tx, announce) => hub.rooms.forgetAuthor(tx, announce, alice.accountId))
  assert.deepEqual(await hub.tracesOf('violin'), [])
  const { view } = await bob.call('chat.open', { roomId })
  assert.deepEqual(
    view.messages.map(({ id }) => id),
    [reply.id],
  )
  assert.deepEqual([unreadOf(view.seen), view.seen.mentions], [0, []])
  assert.deepEqual(
    heard.slice(-2).map(({ name }) => name),
    ['chat.message.deleted', 'chat.message.deleted'],
  )
})

test('[CHAT-6, CHAT-7] unread is what others said after my cursor, which only moves forward and never past what was said', async () => {
  const { alice, bob, roomId } = await conversation()
  const said: Message[] = []
  for (const body of ['one', 'two', 'three']) said.push(await alice.say(roomId, body, { mentions: [bob.accountId] }))
  await bob.say(roomId, 'four')
  const seen = async (who = bob) => (await who.call('chat.open', { roomId })).view.seen
  const seqs = said.map(({ seq }) => seq)
  assert.deepEqual(await seen(), { read: 0, waiting: seqs, mentions: seqs })
  assert.deepEqual(await bob.call('chat.read', { roomId, read: seqs[1]! }), { read: seqs[1] })
  assert.deepEqual(await bob.call('chat.read', { roomId, read: seqs[0]! }), { read: seqs[1] })
  assert.deepEqual(await seen(), { read: seqs[1], waiting: [seqs[2]], mentions: [seqs[2]] })
  await alice.call('chat.delete', { messageId: said[2]!.id })
  assert.deepEqual(await seen(), { read: seqs[1], waiting: [], mentions: [] })
  assert.deepEqual(await bob.call('chat.read', { roomId, read: 1_000_000 }), { read: 4 })
  assert.equal(unreadOf(await seen(alice)), 1)
  const [entry] = await bob.call('chat.seen', { roomIds: [roomId, randomUUID()] })
  assert.deepEqual([entry?.seen.read, entry?.latest?.excerpt], [4, 'four'])
})

test('[CHAT-6] an edit that mentions me waits for me as such; who is no longer mentioned is let off', async () => {
  const { alice, bob, roomId } = await conversation()
  const { id: messageId, seq } = await alice.say(roomId, 'you all')
  const mentions = async () => (await bob.call('chat.open', { roomId })).view.seen.mentions
  await alice.call('chat.edit', { messageId, edits: 0, body: 'you all, Bob too', mentions: [bob.accountId] })
  assert.deepEqual(await mentions(), [seq])
  await alice.call('chat.edit', { messageId, edits: 1, body: 'you all' })
  assert.deepEqual(await mentions(), [])
})

test('[CHAT-6] of what waits, the newest hundred are counted', async () => {
  const { alice, bob, roomId } = await conversation()
  const said = await Promise.all(Array.from({ length: maxWaiting + 20 }, (_, i) => alice.say(roomId, `word ${i}`)))
  const { seen } = (await bob.call('chat.open', { roomId })).view
  const seqs = said.map(({ seq }) => seq).sort((one, other) => one - other)
  assert.deepEqual(seen.waiting, seqs.slice(-maxWaiting))
  assert.equal(unreadOf(seen), maxUnread)
})

test('[CHAT-13] only people with a seat are mentioned', async () => {
  const { alice, bob, mallory, roomId } = await conversation()
  const { accountId } = bob
  const message = await alice.say(roomId, 'you two', { mentions: [mallory.accountId, accountId, accountId, alice.accountId] })
  assert.deepEqual(message.mentions, [accountId, alice.accountId])
  const { rows } = await sql<{ accountId: string }>`select account_id from mention where room_id = ${roomId}`.execute(hub.db)
  assert.deepEqual(rows, [{ accountId }])
})

test('[CHAT-14] each person has an emoji once, and a message twenty of them', async () => {
  const { alice, bob, roomId, heard } = await conversation()
  const { id: messageId } = await alice.say(roomId, 'look')
  const react = (who: typeof alice, emoji: string, isOn = true) => who.call('chat.react', { messageId, emoji, isOn })
  await react(alice, '👍')
  await react(bob, '🎉')
  assert.deepEqual(await react(bob, '👍'), {
    reactions: [
      { emoji: '👍', by: [alice.accountId, bob.accountId] },
      { emoji: '🎉', by: [bob.accountId] },
    ],
  })
  const facts = heard.length
  await react(bob, '👍')
  assert.equal(heard.length, facts)
  assert.deepEqual(
    (await react(alice, '👍', false)).reactions.map(({ emoji }) => emoji),
    ['🎉', '👍'],
  )

  const many = [...'🍎🍐🍊🍋🍌🍉🍇🍓🫐🍈🍒🍑🥭🍍🥥🥝🍅🍆🥑🥦']
  const replies = await Promise.all(many.map((emoji) => alice.ask('chat.react', { messageId, emoji, isOn: true })))
  assert.equal(replies.filter(({ ok }) => ok).length, 18)
  assert.deepEqual(codeAndKey(await bob.refusal('chat.react', { messageId, emoji: '🐝', isOn: true })), [
    'forbidden',
    'chat.tooManyReactions',
  ])
  assert.equal((await react(bob, '🎉', true)).reactions.length, 20)
})

test('[CHAT-15] an answer names a message of its room, and one to what was deleted arrives all the same', async () => {
  const { alice, bob, roomId } = await conversation()
  const { id: replyTo } = await alice.say(roomId, 'question')
  await alice.call('chat.delete', { messageId: replyTo })
  assert.equal((await bob.say(roomId, 'answer', { replyTo })).replyTo, replyTo)
  assert.equal((await bob.refusal('chat.send', { roomId, body: 'answer', replyTo: randomUUID() })).field, 'replyTo')
})

test('[CHAT-16] typing is told to the room at most once in two seconds, and not by strangers', async () => {
  const { alice, mallory, roomId, heard } = await conversation()
  await mallory.nudge(roomId)
  await Promise.all([alice.nudge(roomId), alice.nudge(roomId), alice.nudge(roomId)])
  await until('the room hears it', () => heard.length > 0)
  const typed = { topic: `room:${roomId}`, name: 'chat.typed', payload: { roomId, accountId: alice.accountId }, seq: null }
  assert.deepEqual(heard, [typed])
  hub.advance(2_000)
  await alice.nudge(roomId)
  await until('the room hears it again', () => heard.length > 1)
})

test('one’s own copy holds what one said and where, and nothing of others', async () => {
  const { alice, bob, roomId } = await conversation()
  const { id } = await alice.say(roomId, 'mine')
  const gone = await alice.say(roomId, 'regretted')
  await alice.call('chat.delete', { messageId: gone.id })
  const { id: messageId } = await bob.say(roomId, 'his')
  await alice.call('chat.react', { messageId, emoji: '👍', isOn: true })
  const copy: Record<string, Record<string, unknown>[]> = {}
  for (const { name, of } of hub.rooms.exportParts)
    for await (const entry of of(alice.accountId)) (copy[name] ??= []).push(entry as Record<string, unknown>)
  assert.deepEqual(
    copy['messages']?.map((message) => [message['id'], message['body'], message['roomId']]),
    [[id, 'mine', roomId]],
  )
  assert.deepEqual(
    copy['rooms']?.map((room) => [room['id'], room['role'], room['isOpen']]),
    [[roomId, 'owner', true]],
  )
  assert.deepEqual(copy['reactions'], [{ messageId, emoji: '👍' }])
})

async function addPicture(ownerId: string): Promise<string> {
  const id = randomUUID()
  await sql`insert into picture (id, owner_id, type, width, height, bytes, sha256, blob_key, received_at)
    values (${id}, ${ownerId}, 'image/png', 1, 1, 1, 'x', ${`blob-${randomUUID()}`}, now())`.execute(hub.db)
  return id
}

async function journalPartitions(word: string): Promise<string[]> {
  const { rows } = await sql<{
    name: string
  }>`select distinct tableoid::regclass::text as name from journal where payload::text like ${`%${word}%`}`.execute(hub.db)
  return [...rows.map(({ name }) => name), 'journal']
}
