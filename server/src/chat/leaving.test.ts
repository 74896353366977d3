import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { house, type House } from './testing/house.ts'

let hub: House
beforeAll(async () => {
  hub = await house(inject('cluster'))
})
afterAll(() => hub.close())

test('[CHAT-9] what is said by an edit after somebody left is nothing they see, nor what became of the room', async () => {
  const [alice, bob] = [await hub.person('Alice'), await hub.person('Bob')]
  const { room } = await alice.call('chat.room.create', { name: 'Garden', memberIds: [bob.accountId] })
  const early = await alice.say(room.id, 'roses')
  const late = await alice.say(room.id, 'tulips')
  await alice.call('chat.edit', { messageId: early.id, edits: 0, body: 'yellow roses' })
  await bob.call('chat.room.leave', { roomId: room.id })
  await alice.call('chat.edit', { messageId: late.id, edits: 0, body: 'tulips, and the key lies below the pot' })
  await alice.call('chat.room.change', { roomId: room.id, about: 'The key lies below the pot' })

  const { messages } = await bob.call('chat.history', { roomId: room.id, before: 1_000 })
  assert.deepEqual(
    messages.map(({ body }) => body),
    ['yellow roses'],
  )
  assert.equal((await bob.refusal('chat.messages', { roomId: room.id, ids: [late.id] })).code, 'not_found')
  assert.deepEqual((await bob.call('search.messages', { text: 'key' })).hits, [])
  const [hit] = (await bob.call('search.messages', { text: 'roses' })).hits
  assert.deepEqual([hit?.message.id, hit?.room.about, hit?.room.someMembers], [early.id, '', []])
  assert.equal((await alice.call('search.messages', { text: 'key' })).hits[0]?.room.about, 'The key lies below the pot')

  await alice.call('chat.room.invite', { roomId: room.id, accountIds: [bob.accountId] })
  assert.equal((await bob.call('search.messages', { text: 'key' })).hits.length, 1)
  assert.equal((await bob.call('chat.messages', { roomId: room.id, ids: [late.id] })).messages.length, 1)
})
