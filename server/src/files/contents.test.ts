import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { Refusal } from '@atrium/platform'
import { sweepBlobs } from '@atrium/platform/blobs/sweep'
import { metrics } from '@atrium/platform/metrics'
import { until } from '@atrium/platform/testing'
import type { File, FileId } from '@atrium/protocol'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'
import { uploadLivesMs } from './rules.ts'

let hub: House
let ada: Someone
let bob: Someone
beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
  bob = await hub.colleague(ada, 'Bob')
  hub.hub.cabinet.work(hub.queue)
})
afterAll(() => hub.close())

const own = async (who: Someone) => (await who.call('files.spaces', {})).own.id
const usage = async (who: Someone) => (await who.call('files.spaces', {})).usage.bytes

/** All of it, past the door. */
async function uploaded(who: Someone, folderId: FileId, name: string, bytes: Buffer, replaces?: FileId): Promise<File> {
  const { uploading } = hub.hub.cabinet
  const { uploadId } = await who.call('files.upload.begin', { folderId, name, bytes: bytes.length, ...(replaces && { replaces }) })
  const actor = (await who.actor())!
  await uploading.take(await uploading.open(actor, uploadId), 0, [bytes] as never)
  await uploading.complete(actor, uploadId)
  return (await who.call('files.upload.state', { uploadId })).file!
}
/** Its bytes, or the key of the sentence that says why not. */
async function read(who: Someone, fileId: FileId, version?: number): Promise<Buffer | string> {
  try {
    const { path } = await who.call('files.download', { fileId, ...(version && { version }) })
    const opened = await hub.hub.cabinet.downloading.openTicket((await who.actor())!, path.slice('/blob/'.length))
    return await buffer(await opened.read())
  } catch (error) {
    if (error instanceof Refusal) return error.failure.key
    throw error
  }
}
async function blobs(): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for await (const { key, bytes } of hub.blobs.list()) found.set(key, bytes)
  return found
}
const kept = async () => (await sql<{ key: string }>`select key from file_blob order by key`.execute(hub.db)).rows.map(({ key }) => key)

test('a new version replaces the content, an older one comes back as the newest, and each is paid for', async () => {
  const folder = await own(ada)
  const [first, second] = [randomBytes(3_000), randomBytes(4_000)]
  const file = await uploaded(ada, folder, 'draft.bin', first)
  const replaced = await uploaded(ada, folder, 'another name', second, file.id)
  assert.deepEqual([replaced.id, replaced.name, replaced.version, replaced.bytes], [file.id, 'draft.bin', 2, 4_000])
  assert.ok((second as Buffer).equals((await read(ada, file.id)) as Buffer))
  assert.ok(first.equals((await read(ada, file.id, 1)) as Buffer))
  const before = await usage(ada)
  const restored = await ada.call('files.version.restore', { fileId: file.id, version: 1 })
  assert.deepEqual([restored.version, restored.bytes, (await usage(ada)) - before], [3, 3_000, 3_000])
  assert.ok(first.equals((await read(ada, file.id)) as Buffer))
  const { versions } = await ada.call('files.versions', { fileId: file.id })
  assert.deepEqual(versions.map(({ version, bytes }) => [version, bytes]), [[3, 3_000], [2, 4_000], [1, 3_000]]) // prettier-ignore
  assert.equal((await ada.refusal('files.version.restore', { fileId: file.id, version: 9 })).key, 'files.noSuchVersion')
})

test('[R-15] of a hundred contents, the lost and the rotten are named, never given out, and the others are as they were', async () => {
  const folder = (await bob.call('files.folder.create', { folderId: await own(bob), name: 'Hundred' })).id
  const contents = new Map<FileId, Buffer>()
  // Small ones are compared when they are read; one that does not fit into memory when they are looked through.
  const large = randomBytes(5_000_000)
  for (let n = 0; n < 99; n++) {
    const bytes = randomBytes(1_000 + n)
    contents.set((await uploaded(bob, folder, `${n}`, bytes)).id, bytes)
  }
  const long = (await uploaded(bob, folder, 'long', large)).id
  const keyOf = async (id: FileId) =>
    (await sql<{ key: string }>`select blob_key as key from file_version where file_id = ${id}`.execute(hub.db)).rows[0]!.key
  const rot = async (key: string) => {
    const bytes = await buffer(await hub.blobs.get(key))
    bytes[17]! ^= 1
    await hub.blobs.delete(key)
    await hub.blobs.put(key, bytes)
  }
  const [rotten, lost] = [...contents.keys()] as [FileId, FileId]
  await rot(await keyOf(rotten))
  await rot(await keyOf(long))
  await hub.blobs.delete(await keyOf(lost))
  assert.equal(await read(bob, rotten), 'files.contentDamaged')
  assert.equal(await read(bob, lost), 'files.contentLost')

  await sql`update file_blob set checked_at = now() - interval '8 days'`.execute(hub.db)
  await hub.hub.cabinet.scrub()
  assert.equal(await read(bob, long), 'files.contentDamaged')
  const { rows } = await sql<{ key: string; fault: string }>`select key, fault from file_blob where fault is not null`.execute(hub.db)
  const named = new Map(rows.map(({ key, fault }) => [key, fault]))
  assert.deepEqual(
    [await keyOf(rotten), await keyOf(lost), await keyOf(long)].map((key) => named.get(key)),
    ['damaged', 'lost', 'damaged'],
  )
  assert.equal(named.size, 3)
  for (const [id, bytes] of contents) if (id !== rotten && id !== lost) assert.ok(bytes.equals((await read(bob, id)) as Buffer))

  // The same bytes come once more: what had them is whole again.
  await uploaded(ada, await own(ada), 'again', contents.get(rotten)!)
  await until('it is whole', async () => typeof (await read(bob, rotten)) !== 'string')
  await bob.call('files.trash', { fileIds: [folder] })
  await bob.call('files.delete', { fileIds: [folder] })
})

test('[FILE-11] what was begun a day ago is over: its bytes go, and what it took is given back', async () => {
  const before = await usage(bob)
  const { uploadId } = await bob.call('files.upload.begin', { folderId: await own(bob), name: 'half', bytes: 9_000 })
  const actor = (await bob.actor())!
  const { uploading } = hub.hub.cabinet
  await uploading.take(await uploading.open(actor, uploadId), 0, [randomBytes(4_000)] as never)
  const { rows } = await sql<{ key: string }>`select blob_key as key from file_upload where id = ${uploadId}`.execute(hub.db)
  assert.equal((await usage(bob)) - before, 9_000)
  await sql`update file_upload set begun_at = begun_at - ${uploadLivesMs + 1_000} * interval '1 ms' where id = ${uploadId}`.execute(hub.db)
  await assert.rejects(uploading.open(actor, uploadId), /noSuchUpload/)
  await hub.hub.cabinet.sweepUploads()
  assert.equal(await usage(bob), before)
  await until('its bytes are gone', async () => (await hub.blobs.staging.size(rows[0]!.key)) === 0)
})

test('a copy of one’s data has the own files with their bytes, and of what one brought into rooms what it is called', async () => {
  const eve = await hub.colleague(ada, 'Eve')
  const bytes = randomBytes(5_000)
  const mine = await uploaded(eve, await own(eve), 'diary.bin', bytes)
  const { room } = await eve.call('chat.room.create', { name: 'Shared', memberIds: [] })
  const theirs = await uploaded(eve, (await eve.call('files.room', { roomId: room.id })).id, 'for all.bin', randomBytes(100))
  let text = ''
  for await (const piece of hub.hub.people.exportOf((await eve.actor())!, hub.hub.cabinet.exports)) text += piece
  const listed = (JSON.parse(text) as { files: { id: string; name: string; content?: string }[] }).files
  assert.ok(Buffer.from(listed.find(({ id }) => id === mine.id)!.content!, 'base64').equals(bytes))
  assert.deepEqual(
    [listed.find(({ id }) => id === theirs.id)!.name, listed.find(({ id }) => id === theirs.id)!.content],
    ['for all.bin', undefined],
  )

  await eve.call('directory.account.delete', { password, messages: 'keep' })
  await until('the own files are gone, with their bytes', async () => ![...(await blobs()).values()].includes(bytes.length))
  const { rows } = await sql<{ name: string }>`select name from file where id = ${theirs.id}`.execute(hub.db)
  assert.deepEqual(rows, [{ name: 'for all.bin' }], 'what is the room’s stays')
})

test('in the end every blob is the content of something, and every content has its blob', async () => {
  await until('nothing lies about', async () => {
    const there = [...(await blobs()).keys()].sort()
    return JSON.stringify(there) === JSON.stringify(await kept())
  })
})

test('the daily look takes what a dead process left, and nothing that a file, an upload under way or a picture has', async () => {
  const folder = await own(bob)
  await uploaded(bob, folder, 'kept.bin', randomBytes(700))
  const { uploadId } = await bob.call('files.upload.begin', { folderId: folder, name: 'whole.bin', bytes: 800 })
  const upload = await hub.hub.cabinet.uploading.open((await bob.actor())!, uploadId)
  await hub.hub.cabinet.uploading.take(upload, 0, [randomBytes(800)] as never)
  // All of it came, and whoever was to make a file of it died after the bytes had become a blob.
  await hub.blobs.staging.finish(upload.blobKey)
  const picture = hub.ground.newId()
  await hub.blobs.put(picture, randomBytes(900))
  await sql`insert into picture (id, owner_id, type, width, height, bytes, sha256, blob_key, received_at)
    values (${picture}, ${bob.accountId}, 'image/png', 1, 1, 900, 'x', ${picture}, now())`.execute(hub.db)
  const before = [...(await blobs()).keys()].sort()
  await hub.blobs.put('left-behind', randomBytes(10))

  const now = () => new Date(hub.now().getTime() + 2 * 86_400_000)
  const swept = await sweepBlobs({ ...hub, now, metrics: metrics(), log: { info() {}, error() {} } })
  assert.deepEqual(swept, { blobs: before.length + 1, removed: 1, spared: 0, lost: 0 })
  assert.deepEqual([...(await blobs()).keys()].sort(), before)
})
