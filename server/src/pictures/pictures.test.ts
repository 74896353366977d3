import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { Refusal } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import type { Picture, PictureId } from '@atrium/protocol'
import { Canvas, circle, hex } from '../demo/canvas.ts'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'

let hub: House
let ada: Someone
let bob: Someone
beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
  bob = await hub.colleague(ada, 'Bob')
})
afterAll(() => hub.close())

let drawn = 0
/** A picture that nobody has drawn before. */
const png = (width = 40, height = 30): Buffer => {
  drawn++
  return new Canvas(width, height, () => hex('#ffffff')).fill(circle(drawn % width, 10, 4 + drawn / 10), [drawn % 250, 90, 140]).png()
}

async function place(who: Someone, bytes: number, type: Picture['type'] = 'image/png') {
  const { id, path } = await who.call('pictures.begin', { type, bytes })
  return { id, ticket: path.replace(/^\/upload\//, '') }
}
const put = async (who: Someone, ticket: string, content: Buffer | Readable) =>
  hub.hub.images.receive(
    (await who.actor())!,
    ticket,
    Buffer.isBuffer(content) ? Readable.from([content.subarray(0, 10), content.subarray(10)]) : content,
  )
async function upload(who: Someone, content = png()): Promise<Picture> {
  const { ticket } = await place(who, content.length)
  return put(who, ticket, content)
}
const look = async (who: Someone, id: PictureId) => {
  const { content, ...rest } = await hub.hub.images.open((await who.actor())!, id)
  return { ...rest, content: await buffer(content) }
}
async function refusalOf(run: Promise<unknown>): Promise<string> {
  try {
    await run
  } catch (error) {
    if (error instanceof Refusal) return error.failure.key
    throw error
  }
  return assert.fail('it was not refused')
}
async function blobKeys(): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of hub.blobs.list()) keys.push(key)
  return keys
}
/** What lies there now and did not then. Jobs of earlier stories may still be taking things away. */
const newSince = async (before: readonly string[]) => (await blobKeys()).filter((key) => !before.includes(key))
const run = (kind: string) =>
  until(`the jobs "${kind}" are done`, async () => {
    const { rows } = await sql<{ count: number }>`select count(*) from job where kind = ${kind} and run_at <= now()`.execute(hub.db)
    return rows[0]?.count === 0
  })

test('[PIC-1] a picture is its owner’s alone until it is used; a profile’s is everybody’s', async () => {
  const content = png()
  const { id, ticket } = await place(bob, content.length)
  const picture = await put(bob, ticket, content)
  assert.deepEqual(picture, { id, type: 'image/png', width: 40, height: 30, bytes: content.length })
  assert.deepEqual((await look(bob, id)).content, content)
  assert.equal(await refusalOf(look(ada, id)), 'pictures.noSuchPicture')

  const me = await bob.call('directory.profile.change', { picture: id })
  assert.equal(me.person.picture, id)
  assert.deepEqual(await look(ada, id), { type: 'image/png', bytes: content.length, content })
})

test('[PIC-1] a message’s picture is seen by those who may read it, and goes with it', async () => {
  const { room } = await bob.call('chat.room.create', { name: 'Bench', memberIds: [ada.accountId] })
  const stranger = await hub.colleague(ada, 'Stranger')
  const picture = await upload(bob)
  const message = await bob.call('chat.send', { roomId: room.id, body: '', pictures: [picture.id] })
  assert.deepEqual(message.pictures, [picture])
  assert.equal((await look(ada, picture.id)).bytes, picture.bytes)
  assert.equal(await refusalOf(look(stranger, picture.id)), 'pictures.noSuchPicture')

  hub.hub.images.work(hub.queue)
  await bob.call('chat.delete', { messageId: message.id })
  assert.equal(await refusalOf(look(bob, picture.id)), 'pictures.noSuchPicture')
  await run('pictures.drop')
})

test('[PIC-2] what is no picture, or another one than was said, is refused and leaves nothing', async () => {
  const before = await blobKeys()
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>')
  const html = Buffer.from('<!doctype html><script>alert(1)</script>')
  for (const content of [svg, html, randomBytes(500), Buffer.from('BM' + 'x'.repeat(80)), Buffer.alloc(40)])
    for (const type of ['image/png', 'image/gif', 'image/jpeg', 'image/webp'] as const) {
      const { id, ticket } = await place(bob, content.length, type)
      assert.equal(await refusalOf(put(bob, ticket, content)), 'pictures.notAPicture')
      assert.equal(await refusalOf(look(bob, id)), 'pictures.noSuchPicture')
    }
  const content = png()
  assert.equal(await refusalOf(put(bob, (await place(bob, content.length, 'image/gif')).ticket, content)), 'pictures.notAPicture')
  assert.deepEqual(await newSince(before), [])
})

test('[PIC-3] fewer bytes than said, more bytes than said, or more points than a browser bears, are refused and leave nothing', async () => {
  const before = await blobKeys()
  const content = png()
  assert.equal(await refusalOf(put(bob, (await place(bob, content.length + 1)).ticket, content)), 'pictures.wrongLength')
  await assert.rejects(
    put(bob, (await place(bob, content.length - 1)).ticket, content),
    (error) => error instanceof Refusal && error.failure.code === 'too_large',
  )
  const bomb = Buffer.from(content)
  bomb.writeUInt32BE(60_000, 16)
  bomb.writeUInt32BE(60_000, 20)
  assert.equal(await refusalOf(put(bob, (await place(bob, bomb.length)).ticket, bomb)), 'pictures.tooLarge')

  const { ticket } = await place(bob, content.length)
  const gone = new Readable({ read() {} })
  gone.destroy()
  assert.equal(await refusalOf(put(bob, ticket, gone)), 'pictures.wrongLength')
  const breaking = new Readable({ read() {} })
  breaking.push(content.subarray(0, 20))
  const upload = put(bob, ticket, breaking)
  await until('the first bytes are read', () => breaking.readableLength === 0)
  breaking.destroy()
  assert.equal(await refusalOf(upload), 'pictures.wrongLength')
  assert.deepEqual(await newSince(before), [])
  assert.equal((await put(bob, ticket, content)).bytes, content.length)
})

test('[PIC-3] no more than ten MiB is promised a place', async () => {
  assert.equal((await bob.refusal('pictures.begin', { type: 'image/png', bytes: 10 * 1024 * 1024 + 1 })).field, 'bytes')
})

test('[PIC-6] what a picture says beside itself is not kept', async () => {
  const content = png()
  const [header, rest] = [content.subarray(0, 33), content.subarray(33)]
  const words = Buffer.from('tEXtplace\0Saltmarsh, behind the shed')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(words.length - 4)
  const described = Buffer.concat([header, length, words, Buffer.alloc(4), rest, Buffer.from('<script>alert(1)</script>')])
  const picture = await upload(bob, described)
  assert.equal(picture.bytes, content.length)
  assert.deepEqual((await look(bob, picture.id)).content, content)
})

test('[PIC-4] a picture is used once, by its owner', async () => {
  const { room } = await bob.call('chat.room.create', { name: 'Once', memberIds: [ada.accountId] })
  const picture = await upload(bob)
  assert.equal((await ada.refusal('chat.send', { roomId: room.id, body: 'mine', pictures: [picture.id] })).key, 'pictures.noSuchPicture')
  assert.equal((await ada.refusal('directory.profile.change', { picture: picture.id })).code, 'not_found')
  await bob.call('chat.send', { roomId: room.id, body: 'here', pictures: [picture.id] })
  assert.equal((await bob.refusal('chat.send', { roomId: room.id, body: 'again', pictures: [picture.id] })).key, 'pictures.alreadyUsed')
  assert.equal((await bob.refusal('directory.profile.change', { picture: picture.id })).key, 'pictures.alreadyUsed')

  const another = await upload(bob)
  const both = await Promise.all([1, 2].map(() => bob.ask('chat.send', { roomId: room.id, body: 'race', pictures: [another.id] })))
  assert.equal(both.filter((reply) => reply.ok).length, 1)
})

test('a ticket is good for its owner, its session and one picture', async () => {
  const content = png()
  const { ticket } = await place(bob, content.length)
  assert.equal(await refusalOf(put(ada, ticket, content)), 'forbidden')
  const first = await put(bob, ticket, content)
  assert.deepEqual(await put(bob, ticket, png()), first)
  assert.deepEqual((await look(bob, first.id)).content, content)
  const { ticket: left } = await place(bob, content.length)
  await bob.call('auth.signOut', {})
  const people = await ada.call('directory.people', { search: 'Bob' })
  await bob.signIn(people.people.find(({ id }) => id === bob.accountId)!.address!, password)
  assert.equal(await refusalOf(put(bob, left, content)), 'forbidden')
})

test('the same bytes are stored once, and stay until nothing shows them', async () => {
  const content = png()
  const [first, second] = [await upload(bob, content), await upload(ada, content)]
  const { rows } = await sql<{ blobKey: string }>`select distinct blob_key from picture where id in (${first.id}, ${second.id})`.execute(
    hub.db,
  )
  assert.equal(rows.length, 1)
  const key = rows[0]!.blobKey

  hub.hub.images.work(hub.queue)
  await bob.call('directory.profile.change', { picture: first.id })
  await bob.call('directory.profile.change', { picture: null })
  await run('pictures.drop')
  assert.deepEqual((await look(ada, second.id)).content, content)

  await ada.call('directory.profile.change', { picture: second.id })
  await ada.call('directory.profile.change', { picture: null })
  await until('the bytes are gone', async () => !(await blobKeys()).includes(key))
})

test('[PIC-5] what was not used for a day is swept, what was used stays', async () => {
  const [left, used] = [await upload(bob), await upload(bob)]
  await bob.call('directory.profile.change', { picture: used.id })
  hub.hub.images.work(hub.queue)
  await sql`update job set run_at = now() where kind = 'pictures.sweep'`.execute(hub.db)
  hub.hub.images.work(hub.queue)
  await until(
    'the picture nobody used is gone',
    async () => (await refusalOf(look(bob, left.id)).catch(() => '')) === 'pictures.noSuchPicture',
  )
  assert.equal((await look(bob, used.id)).bytes, used.bytes)
})
