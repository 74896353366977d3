import assert from 'node:assert/strict'
import { beforeAll, inject, test } from 'vitest'
import { hub, type TestHub } from '../../server/src/testing/hub.ts'

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'))
  return () => here.close()
})

/** RFC 9562 lets a uuid be written so. The database takes it for the same; topics and lists compare letters. */
const capitals = <Id extends string>(id: Id) => id.toUpperCase() as Id

test('an id in capital letters is the same id: what is sent to it is numbered with the rest of its room', async () => {
  const { alice, bob } = here
  const { room } = await alice.call('chat.room.create', { name: 'Spelling', memberIds: [capitals(bob.accountId)] })
  const said = await bob.call('chat.send', { roomId: capitals(room.id), body: 'one' })
  assert.deepEqual([said.roomId, said.seq], [room.id, 1])
  assert.equal((await alice.call('chat.send', { roomId: room.id, body: 'two', replyTo: capitals(said.id) })).seq, 2)
  const { id: direct } = (await alice.call('chat.direct', { accountId: capitals(bob.accountId) })).room
  assert.equal((await bob.call('chat.direct', { accountId: alice.accountId })).room.id, direct)
})

test('whoever is removed by an id in capital letters hears no more, and so does who leaves by one', async () => {
  const { alice, bob, carol } = here
  await bob.connect()
  await carol.connect()
  const memberIds = [bob.accountId, carol.accountId]
  const { room } = await alice.call('chat.room.create', { name: 'Leaving', memberIds })
  const watched = (one: typeof bob) => one.watch(`account:${one.accountId}`, `room:${room.id}`)
  for (const one of [bob, carol]) assert.equal((await watched(one)).length, 2)

  await alice.call('chat.room.remove', { roomId: room.id, accountId: capitals(bob.accountId) })
  await bob.sees('chat.seat.left')
  await carol.call('chat.room.leave', { roomId: capitals(room.id) })
  await carol.sees('chat.seat.left')
  await alice.call('chat.send', { roomId: room.id, body: 'among ourselves' })
  // What is answered after it was said comes after what would have been told of it.
  for (const one of [bob, carol]) {
    assert.equal((await watched(one)).length, 1)
    assert.deepEqual(
      one.heard.filter(({ name }) => name === 'chat.message.sent'),
      [],
    )
  }
  bob.leave()
  carol.leave()
})
