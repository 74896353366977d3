import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, inject, test } from 'vitest'
import type { Event } from '@atrium/platform'
import type { RoomId } from '@atrium/protocol'
import { domains, type Colleague, type Domains } from '../grants/testing/domains.ts'

let here: Domains
let bob: Colleague
beforeAll(async () => {
  here = await domains(inject('cluster'))
  bob = await here.domainAdministrator('Bob')
})
afterAll(() => here?.close())

const inRoom = async (roomId: RoomId) => {
  const { members, people } = await bob.call('chat.members', { roomId })
  return members.map(({ accountId }) => people.find(({ id }) => id === accountId)!.name).sort()
}
const aRoom = async (...members: Colleague[]) =>
  (await bob.call('chat.room.create', { name: 'Deck', memberIds: members.map(({ accountId }) => accountId) })).room.id
const profile = (who: Colleague, change: Record<string, string>) =>
  sql`update account set profile = profile || ${JSON.stringify(change)}::jsonb where id = ${who.accountId}`.execute(here.db)

test('[CHAT-19] a list in a room brings its people, by lists in it too, and takes them out again; a seat of one’s own stays', async () => {
  const [anna, carl, dora] = await Promise.all(['Anna', 'Carl', 'Dora'].map((name) => here.one(name)))
  const inner = await here.list(bob, 'Inner', here.saltmarsh, { members: [carl!.address] })
  const list = await here.list(bob, 'Crew', here.saltmarsh, { members: [anna!.address, inner.address, dora!.address] })
  const roomId = await aRoom(dora!)
  assert.deepEqual(
    (await bob.call('chat.room.list.add', { roomId, listId: list.id })).map(({ name, by }) => [name, by]),
    [['Crew', bob.accountId]],
  )
  await here.hub.follow()
  assert.deepEqual(await inRoom(roomId), ['Anna', 'Bob', 'Carl', 'Dora'])

  const heard: Event[] = []
  const stop = here.ground.bus.subscribe('revocations:all', (event) => heard.push(event))
  await bob.call('lists.members.change', { listId: inner.id, remove: [carl!.address] })
  await bob.call('lists.members.change', { listId: list.id, remove: [dora!.address] })
  await here.hub.follow()
  assert.deepEqual(await inRoom(roomId), ['Anna', 'Bob', 'Dora'])
  assert.deepEqual(
    heard.map(({ payload }) => (payload as { accountId: string }).accountId),
    [carl!.accountId],
    'what he has open there is cut',
  )
  stop()

  await anna!.call('chat.room.leave', { roomId })
  await bob.call('lists.members.change', { listId: list.id, add: [carl!.address] })
  await here.hub.follow()
  assert.deepEqual(await inRoom(roomId), ['Bob', 'Carl', 'Dora'], 'who left is not brought back by the same list')
  await bob.call('chat.room.list.remove', { roomId, listId: list.id })
  await here.hub.follow()
  assert.deepEqual(await inRoom(roomId), ['Bob', 'Dora'])
  const { rows } = await sql`select from list_stirred`.execute(here.db)
  assert.equal(rows.length, 0)
})

test('a changed profile moves somebody into the rooms of a dynamic list, and out; so does the end of the list', async () => {
  const [one, two] = [await here.one('Eva'), await here.one('Finn')]
  const department = randomUUID()
  await profile(one, { department })
  const list = await here.list(bob, 'Dynamic', here.saltmarsh, { url: `ldap:///??sub?(department=${department})` })
  const outer = await here.list(bob, 'Outer', here.saltmarsh, { members: [list.address] })
  const roomId = await aRoom()
  await bob.call('chat.room.list.add', { roomId, listId: outer.id })
  await here.hub.follow()
  assert.deepEqual(await inRoom(roomId), ['Bob', 'Eva'])
  await profile(two, { department })
  await profile(one, { department: 'Sales' })
  await here.hub.follow()
  assert.deepEqual(await inRoom(roomId), ['Bob', 'Finn'])
  await bob.call('lists.delete', { listId: outer.id })
  await here.hub.follow()
  assert.deepEqual(await inRoom(roomId), ['Bob'])
  assert.deepEqual(await bob.call('chat.room.lists', { roomId }), [])
})

test('who brings a list into a room knows of it, and may invite there', async () => {
  const stranger = await here.one('Gus')
  const hidden = await here.list(bob, 'Hidden', here.saltmarsh, { isHidden: true })
  const [open, roomId] = [await here.list(bob, 'Open'), await aRoom(stranger)]
  assert.equal((await stranger.refusal('chat.room.list.add', { roomId, listId: hidden.id })).key, 'lists.noSuchList')
  assert.ok(!(await stranger.call('lists.find', { search: 'Hidden' })).some(({ id }) => id === hidden.id))
  await stranger.call('chat.room.list.add', { roomId, listId: open.id })
  const outsider = await here.one('Hugo')
  assert.equal((await outsider.refusal('chat.room.list.remove', { roomId, listId: open.id })).key, 'chat.noSuchRoom')
  assert.equal((await bob.refusal('chat.room.list.remove', { roomId, listId: hidden.id })).key, 'lists.notInRoom')
  const direct = await stranger.call('chat.direct', { accountId: bob.accountId })
  assert.equal((await stranger.refusal('chat.room.list.add', { roomId: direct.room.id, listId: open.id })).key, 'chat.directIsForTwo')
})

test('[FILE-17] what is shared with a list is given to who is in it, and taken from who is in it no more', async () => {
  const [anna, carl, dora] = await Promise.all(['Ida', 'Jan', 'Kaja'].map((name) => here.one(name)))
  const list = await here.list(bob, 'Readers', here.saltmarsh, { members: [anna!.address, carl!.address, dora!.address, bob.address] })
  const { own } = await bob.call('files.spaces', {})
  const { id: fileId } = await bob.call('files.folder.create', { folderId: own.id, name: 'Charts' })
  await bob.call('files.share', { fileId, accountId: dora!.accountId, may: 'write' })
  const may = async (who: Colleague) => {
    const reply = await who.ask('files.file', { fileId })
    return reply.ok ? reply.data.may : reply.error.code
  }
  const all = () => Promise.all([anna!, carl!, dora!].map(may))
  const [shared] = await bob.call('files.share.list', { fileId, listId: list.id, may: 'read' })
  assert.deepEqual([shared!.list.name, shared!.may, shared!.by], ['Readers', 'read', bob.accountId])
  await here.hub.follow()
  assert.deepEqual(await all(), ['read', 'read', 'write'])
  const { shares } = await bob.call('files.shares', { fileId })
  assert.deepEqual(
    shares.map(({ accountId }) => accountId),
    [dora!.accountId],
    'who has it by the list is not named one by one',
  )
  const { id: inside } = await bob.call('files.folder.create', { folderId: fileId, name: 'North' })
  assert.deepEqual(
    (await carl!.call('files.share.lists', { fileId: inside })).map((share) => [share.fileId, share.list.name]),
    [[fileId, 'Readers']],
    'what a folder is shared with, all in it is shared with',
  )
  await bob.call('files.share.list', { fileId, listId: list.id, may: 'write' })
  await here.hub.follow()
  assert.deepEqual(await all(), ['write', 'write', 'write'])

  const heard: Event[] = []
  const stop = here.ground.bus.subscribe('revocations:all', (event) => heard.push(event))
  await bob.call('lists.members.change', { listId: list.id, remove: [anna!.address, dora!.address] })
  await here.hub.follow()
  assert.deepEqual(await all(), ['not_found', 'write', 'write'], 'a share of one’s own stays')
  assert.deepEqual(
    heard.map(({ payload }) => (payload as { accountId: string }).accountId),
    [anna!.accountId],
  )
  stop()
  await carl!.call('files.unshare', { fileId, accountId: carl!.accountId })
  await bob.call('lists.members.change', { listId: list.id, add: [anna!.address] })
  await here.hub.follow()
  assert.deepEqual(await all(), ['write', 'not_found', 'write'], 'who gave it back is not given it again')
  assert.deepEqual(await bob.call('files.unshare.list', { fileId, listId: list.id }), [])
  await here.hub.follow()
  assert.deepEqual(await all(), ['not_found', 'not_found', 'write'])
})
