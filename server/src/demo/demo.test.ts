import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { jsonLog } from '@atrium/platform/log'
import { imageSize } from 'image-size'
import { house, type House } from '../directory/testing/house.ts'
import { fillDemo, type SignIn } from './index.ts'
import { members } from './people.ts'
import { portrait } from './portraits.ts'
import { momentOf } from './time.ts'

let hub: House
let signIns: SignIn[]
const ground = () => ({ ...hub.ground, db: hub.db, log: jsonLog('silent') })
beforeAll(async () => {
  hub = await house(inject('cluster'))
  signIns = await fillDemo(ground())
})
afterAll(() => hub.close())

test('two people of the sample can sign in, and find it alive', async () => {
  assert.deepEqual(
    signIns.map(({ name }) => name),
    ['Ada Lindqvist', 'Kwame Mensah'],
  )
  for (const { address, password } of signIns) {
    const person = await hub.somebody().signIn(address, password)
    const { rooms } = await person.call('chat.rooms', {})
    assert.ok(rooms.length >= 6)
    assert.ok(
      rooms.some(({ seen }) => seen.waiting.length > 0),
      'nothing is unread',
    )
    assert.ok(
      rooms.some(({ seen }) => seen.mentions.length > 0),
      'nobody is mentioned',
    )
    for (const { seen } of rooms) assert.ok(seen.waiting.length < 5)
    assert.equal((await person.call('auth.sessions', {})).length, 1)
  }
})

test('its history goes back weeks, in the order of time, with answers, reactions and pictures', async () => {
  const ada = await hub.somebody().signIn(signIns[0]!.address, signIns[0]!.password)
  const { rooms } = await ada.call('chat.rooms', {})
  const tern = rooms.find(({ room }) => room.name === 'Ferry Tern')!
  const { view } = await ada.call('chat.open', { roomId: tern.room.id })
  const times = view.messages.map(({ sentAt }) => Date.parse(sentAt))
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
  assert.ok(Date.now() - times[0]! > 20 * 86_400_000 && times.at(-1)! <= Date.now())
  assert.ok(view.messages.some(({ replyTo }) => replyTo !== null))
  assert.ok(view.messages.some(({ reactions }) => reactions.length > 1))
  const picture = view.messages.flatMap(({ pictures }) => pictures)[0]!
  assert.equal((await hub.hub.images.open((await ada.actor())!, picture.id)).bytes, picture.bytes)

  const { people } = await ada.call('directory.people', {})
  assert.equal(people.length, 13)
  const yuki = await ada.call('accounts.get', { accountId: people.find(({ name }) => name.endsWith('Yuki Tanabe'))!.id })
  assert.deepEqual([yuki.given, yuki.surname, yuki.profile.department], ['Yuki', 'Tanabe', 'Drawing office'])
  assert.equal(yuki.name, '田辺 雪 Yuki Tanabe')
  assert.equal(people.filter((person) => person.picture !== null).length, 12)
})

test('filled twice it is the same, and a hub that is somebody’s own is left alone', async () => {
  assert.deepEqual(await fillDemo(ground()), signIns)
  const own = await house(inject('cluster'))
  await own.founded()
  await own.db.updateTable('organisation').set({ domain: 'own.example' }).execute()
  await assert.rejects(fillDemo({ ...own.ground, db: own.db, log: jsonLog('silent') }), /belongs to an organisation already/)
  await own.close()
})

test('a portrait is the same bytes each time, and no two are alike', () => {
  const drawn = members.map(({ face }) => portrait(face).toString('base64'))
  assert.equal(new Set(drawn).size, members.length)
  assert.equal(portrait(members[0]!.face).toString('base64'), drawn[0])
  assert.deepEqual(imageSize(portrait(members[0]!.face)), { width: 192, height: 192, type: 'png' })
})

test('working days skip the weekend', () => {
  const monday = new Date('2026-11-23T10:00:00Z')
  assert.equal(momentOf([1, '08:30'], monday).toISOString(), '2026-11-20T08:30:00.000Z')
  assert.equal(momentOf([6, '08:30'], monday).toISOString(), '2026-11-13T08:30:00.000Z')
  assert.equal(momentOf(90, monday).toISOString(), '2026-11-23T08:30:00.000Z')
})
