import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import type { Event } from '@atrium/platform'
import { maxReceipts, type RoomId } from '@atrium/protocol'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'

let hub: House
let ada: Someone
const heard: Event[] = []

beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
})
afterAll(() => hub.close())

const say = async (who: Someone, roomId: RoomId) =>
  (await who.call('chat.send', { clientId: randomUUID(), roomId, body: 'The tide is out.' })).seq
const shows = (who: Someone, isOn: boolean) => who.call('me.preferences', { values: { 'preferences.showReceipts': isOn } })
const seenBy = async (who: Someone, roomId: RoomId) => {
  const { receipts } = await who.call('chat.receipts', { roomId })
  return Object.fromEntries(receipts.map(({ accountId, read }) => [accountId, read]))
}
/** What is told to the screens of somebody. */
function listen(who: Someone) {
  const told: { roomId: string; accountId: string; read: number; at: string | null }[] = []
  hub.ground.bus.subscribe(`account:${who.accountId}`, (event) => {
    heard.push(event)
    if (event.name === 'chat.reading') told.push(event.payload as (typeof told)[number])
  })
  return told
}

test('[CHAT-20] in a room of two the one who wrote is told that it was read, and when', async () => {
  const [bob, rose] = [await hub.colleague(ada, 'Bob'), await hub.colleague(ada, 'Rose')]
  const { id: roomId } = (await bob.call('chat.direct', { accountId: rose.accountId })).room
  const [toBob, toRose] = [listen(bob), listen(rose)]
  const first = await say(bob, roomId)
  assert.ok((await seenBy(bob, roomId))[rose.accountId]! < first)

  await rose.call('chat.read', { roomId, read: first })
  assert.equal((await seenBy(bob, roomId))[rose.accountId], first)
  assert.deepEqual(
    toBob.map(({ accountId, read }) => [accountId, read]),
    [[rose.accountId, first]],
  )
  const { receipts, people } = await bob.call('chat.receipts', { roomId })
  assert.equal(receipts[0]!.at, toBob[0]!.at)
  assert.ok(Math.abs(hub.now().getTime() - Date.parse(receipts[0]!.at!)) < 60_000)
  assert.deepEqual(
    people.map(({ name }) => name),
    ['Rose'],
  )
  // Said again it moves nothing, and nobody is told anything.
  await rose.call('chat.read', { roomId, read: first })
  assert.equal(toBob.length, 1)
  assert.deepEqual(toRose, [])
  // Who is not in the room knows nothing of it.
  assert.equal((await ada.refusal('chat.receipts', { roomId })).code, 'not_found')
})

test('[CHAT-20] who does not show what they read is not shown, and does not see what others read', async () => {
  const [bob, rose] = [await hub.colleague(ada, 'Bob who hides'), await hub.colleague(ada, 'Rose who shows')]
  const { id: roomId } = (await bob.call('chat.direct', { accountId: rose.accountId })).room
  const [toBob, toRose] = [listen(bob), listen(rose)]
  await shows(bob, false)
  const [first, second] = [await say(bob, roomId), await say(rose, roomId)]
  await rose.call('chat.read', { roomId, read: second })
  await bob.call('chat.read', { roomId, read: second })
  assert.deepEqual([await seenBy(bob, roomId), await seenBy(rose, roomId)], [{}, {}])
  assert.deepEqual([toBob, toRose], [[], []])
  // Nothing that is told to one of them has a word of the other one's cursor in it.
  const own = (event: Event) => (event.payload as { roomId?: string }).roomId === roomId && event.name === 'chat.room.read'
  assert.equal(heard.filter((event) => own(event) && event.topic === `account:${rose.accountId}`).length, 1, 'her own alone')

  await shows(bob, true)
  assert.deepEqual([await seenBy(bob, roomId), await seenBy(rose, roomId)], [{ [rose.accountId]: second }, { [bob.accountId]: second }])
  assert.ok(first < second)
})

test('[CHAT-20] in a group whoever asks is told who has read how far; newcomers have not read what was said before', async () => {
  const [bob, rose, kwame] = [await hub.colleague(ada, 'Bob B'), await hub.colleague(ada, 'Rose R'), await hub.colleague(ada, 'Kwame K')]
  const { room } = await bob.call('chat.room.create', { name: 'Slipway', memberIds: [rose.accountId, kwame.accountId] })
  const toBob = listen(bob)
  const first = await say(bob, room.id)
  await rose.call('chat.read', { roomId: room.id, read: first })
  const { receipts } = await bob.call('chat.receipts', { roomId: room.id })
  const of = (who: Someone) => receipts.find(({ accountId }) => accountId === who.accountId)!
  assert.ok(of(rose).read >= first && of(kwame).read < first)
  assert.deepEqual(toBob, [], 'nobody is told while they do not look')

  const tom = await hub.colleague(ada, 'Tom')
  await bob.call('chat.room.invite', { roomId: room.id, accountIds: [tom.accountId] })
  const later = (await bob.call('chat.receipts', { roomId: room.id })).receipts.find(({ accountId }) => accountId === tom.accountId)!
  assert.ok(later.after >= first, 'it says from where on it counts')
  await kwame.call('chat.room.leave', { roomId: room.id })
  assert.ok(!(kwame.accountId in (await seenBy(bob, room.id))))
})

test(`[CHAT-20] in a room of more than ${maxReceipts} nobody is shown`, async () => {
  const bob = await hub.colleague(ada, 'Bob of many')
  const many = await Promise.all(Array.from({ length: maxReceipts - 1 }, (_, n) => hub.colleague(ada, `One of many ${n}`)))
  const { room } = await bob.call('chat.room.create', { name: 'Regatta', memberIds: many.map(({ accountId }) => accountId) })
  assert.equal(Object.keys(await seenBy(bob, room.id)).length, maxReceipts - 1)
  const another = await hub.colleague(ada, 'One too many')
  await bob.call('chat.room.invite', { roomId: room.id, accountIds: [another.accountId] })
  assert.deepEqual(await bob.call('chat.receipts', { roomId: room.id }), { receipts: [], people: [] })
})

test('[CHAT-20] who looks through another’s eyes reads nothing in their name', async () => {
  const [bob, rose] = [await hub.colleague(ada, 'Bob who is away'), await hub.colleague(ada, 'Rose who waits')]
  const { id: roomId } = (await rose.call('chat.direct', { accountId: bob.accountId })).room
  const seq = await say(rose, roomId)
  await ada.call('auth.confirm', { password })
  await ada.call('accounts.openAs', { accountId: bob.accountId, reason: 'He sees no rooms' })
  assert.ok((await ada.call('chat.read', { roomId, read: seq })).read < seq)
  assert.ok((await seenBy(rose, roomId))[bob.accountId]! < seq)
})
