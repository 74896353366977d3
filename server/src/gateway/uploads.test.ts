import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import { Upload } from 'tus-js-client'
import { until } from '@atrium/platform/testing'
import type { FileId } from '@atrium/protocol'
import { bytesOf, fileOf, offsetOf, patched, uploaded } from '../files/testing/sending.ts'
import { hub, type TestHub } from '../testing/hub.ts'
import type { Person } from '../testing/person.ts'

const quotaBytes = 40 * 2 ** 20
let here: TestHub
/** Another process of the same hub, on the same disk. */
let there: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'), { env: { ATRIUM_QUOTA: '40 MiB' } })
  there = await hub(inject('cluster'), {
    env: { ATRIUM_QUOTA: '40 MiB', ATRIUM_DATA: here.house.config.dataDir, ATRIUM_NODE: 'there' },
    beside: { clone: here.clone, people: here.people },
  })
})
afterAll(async () => {
  await there.close().catch(() => {})
  await here.close()
})

const ownOf = async (who: Person) => (await who.call('files.spaces', {})).own.id
const usageOf = async (who: Person) => (await who.call('files.spaces', {})).usage.bytes
const begin = (who: Person, folderId: FileId, name: string, bytes: number, more = {}) =>
  who.call('files.upload.begin', { folderId, name, bytes, ...more })
const stateOf = (who: Person, uploadId: string) => who.call('files.upload.state', { uploadId })

/** As a browser does it. */
function send(who: Person, path: string, bytes: Buffer, more: { chunkSize?: number; onProgress?: (sent: number) => void } = {}) {
  let upload: Upload | undefined
  const ended = new Promise<void>((resolve, reject) => {
    upload = new Upload(bytes, {
      uploadUrl: new URL(path, who.origin).href,
      headers: { cookie: who.cookie, origin: who.origin },
      retryDelays: [10, 50, 200],
      chunkSize: Infinity,
      ...more,
      onSuccess: () => resolve(),
      onError: reject,
    })
    upload.start()
  })
  return { ended, abort: () => upload!.abort() }
}

test('what is said to the end of an upload that all came of is nothing, and touches nothing', async () => {
  const { alice } = here
  const bytes = randomBytes(1_000)
  const begun = await begin(alice, await ownOf(alice), 'whole.bin', bytes.length)
  assert.equal((await patched(alice, begun.path, 0, bytes)).status, 204)
  const { id } = await fileOf(alice, begun.uploadId)
  // As if whoever finishes it had died after the bytes were in their place.
  await sql`update file_upload set state = 'checking' where id = ${begun.uploadId}`.execute(here.db)
  assert.equal((await patched(alice, begun.path, bytes.length, Buffer.alloc(0))).status, 204)
  assert.equal(await here.house.blobs.staging.size(await blobOf(begun.path)), 0)
  assert.deepEqual(await bytesOf(alice, id), bytes)
})

/** Begins to send, and goes away in the middle. */
async function cutAfter(who: Person, path: string, bytes: Buffer, sent: number): Promise<void> {
  const cut = request(new URL(path, who.origin), {
    method: 'PATCH',
    headers: {
      ...{ cookie: who.cookie, origin: who.origin, 'tus-resumable': '1.0.0', 'upload-offset': '0' },
      ...{ 'content-type': 'application/offset+octet-stream', 'content-length': bytes.length },
    },
  })
  cut.on('error', () => {})
  cut.write(bytes.subarray(0, sent))
  const size = async () => here.house.blobs.staging.size(await blobOf(path))
  await until('some of it is there', async () => (await size()) > 0)
  cut.destroy()
  await until('all that came is there', async () => (await size()) === sent)
}
async function blobOf(path: string): Promise<string> {
  const { rows } = await sql<{ blobKey: string }>`select blob_key from file_upload where id = ${path.split('/').at(-1)!}`.execute(here.db)
  return rows[0]!.blobKey
}

test('a standard client sends a file in pieces, and its hash is looked at', async () => {
  const { alice } = here
  const folder = await ownOf(alice)
  const bytes = randomBytes(3_000_000)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const { uploadId, path } = await begin(alice, folder, 'pieces.bin', bytes.length, { sha256 })
  let progress = 0
  await send(alice, path, bytes, { chunkSize: 1_000_000, onProgress: (sent) => (progress = sent) }).ended
  assert.equal(progress, bytes.length)
  const file = await fileOf(alice, uploadId)
  assert.ok((await bytesOf(alice, file.id)).equals(bytes))
  assert.equal(await offsetOf(alice, path), bytes.length)
})

test('an upload that breaks off is gone on with where it stands, also at another process', async () => {
  const { bob } = here
  const folder = await ownOf(bob)
  const bytes = randomBytes(5_000_000)
  const { uploadId, path } = await begin(bob, folder, 'resumed.bin', bytes.length)
  await cutAfter(bob, path, bytes, 2_000_000)
  assert.deepEqual((await stateOf(bob, uploadId)).state, 'open')
  const elsewhere = there.people[2]!
  assert.equal(await offsetOf(elsewhere, path), 2_000_000)
  await send(elsewhere, path, bytes).ended
  assert.ok((await bytesOf(bob, (await fileOf(bob, uploadId)).id)).equals(bytes))
})

test('whoever comes later takes over from a connection that hangs', async () => {
  const { bob } = here
  const bytes = randomBytes(3_000_000)
  const { uploadId, path } = await begin(bob, await ownOf(bob), 'hanging.bin', bytes.length)
  const hanging = request(new URL(path, bob.origin), {
    method: 'PATCH',
    headers: {
      ...{ cookie: bob.cookie, origin: bob.origin, 'tus-resumable': '1.0.0', 'upload-offset': '0' },
      ...{ 'content-type': 'application/offset+octet-stream', 'content-length': bytes.length },
    },
  })
  hanging.on('error', () => {})
  hanging.write(bytes.subarray(0, 2_000_000))
  await until('it hangs', async () => (await here.house.blobs.staging.size(await blobOf(path))) > 0)
  await send(bob, path, bytes).ended
  hanging.destroy()
  assert.ok((await bytesOf(bob, (await fileOf(bob, uploadId)).id)).equals(bytes))
})

test('lying offsets, lengths and hashes are refused, and nothing is left of them', async () => {
  const { carol } = here
  const folder = await ownOf(carol)
  const bytes = randomBytes(10_000)
  const { uploadId, path } = await begin(carol, folder, 'lies.bin', bytes.length, { sha256: 'a'.repeat(64) })
  assert.equal((await patched(carol, path, 5_000, bytes.subarray(5_000))).status, 409)
  assert.equal((await patched(carol, path, 0, Buffer.concat([bytes, bytes]))).status, 413)
  assert.equal((await patched(carol, path, 0, bytes, { 'upload-length': '20000' })).status, 501)
  assert.equal((await patched(carol, path, 0, bytes, { 'tus-resumable': '0.9' })).status, 400)
  assert.equal((await patched(carol, path, 0, bytes, { 'content-type': 'text/plain' })).status, 400)
  assert.equal(await offsetOf(carol, path), 0)

  const refused = await patched(carol, path, 0, bytes)
  assert.equal(refused.status, 400)
  assert.equal(((await refused.json()) as { error: { key: string } }).error.key, 'files.wrongContent')
  const ended = await stateOf(carol, uploadId)
  assert.deepEqual([ended.state, ended.problem, ended.file], ['failed', 'files.wrongContent', null])
  assert.equal(await usageOf(carol), 0)
  assert.deepEqual((await carol.call('files.list', { folderId: folder })).files, [])
  assert.equal((await carol.http(path, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } })).status, 404)
})

test('an upload is its beginner’s alone, and not another page’s', async () => {
  const { alice, carol } = here
  const { uploadId, path } = await begin(alice, await ownOf(alice), 'mine.bin', 10)
  for (const method of ['HEAD', 'DELETE']) {
    assert.equal((await carol.http(path, { method, headers: { 'tus-resumable': '1.0.0' } })).status, 404)
    assert.equal((await fetch(new URL(path, here.origin), { method, headers: { 'tus-resumable': '1.0.0' } })).status, 401)
  }
  assert.equal((await patched(carol, path, 0, Buffer.alloc(10))).status, 404)
  const foreign = await alice.http(path, { method: 'PATCH', headers: { origin: 'https://elsewhere.example' }, body: 'x' })
  assert.equal(foreign.status, 403)
  assert.equal((await carol.ask('files.upload.state', { uploadId })).ok, false)
  assert.equal((await carol.ask('files.upload.cancel', { uploadId })).ok, false)
  assert.equal((await alice.http(path, { method: 'POST', body: 'x' })).status, 404)
  await alice.call('files.upload.cancel', { uploadId })
  assert.equal((await alice.http(path, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } })).status, 404)
})

test('[FILE-9] of two uploads at once over the quota, one is refused; what is cancelled or deleted is given back', async () => {
  const { stranger } = here
  const folder = await ownOf(stranger)
  const half = quotaBytes / 2 + 1
  const asked = await Promise.all(
    [here, there].map(async ({ people }, n) => people[4]!.ask('files.upload.begin', { folderId: folder, name: `half ${n}`, bytes: half })),
  )
  assert.deepEqual(asked.map((reply) => (reply.ok ? 'ok' : reply.error.key)).sort(), ['files.spaceFull', 'ok'])
  const begun = asked.find((reply) => reply.ok) as { data: { uploadId: string } }
  assert.equal(await usageOf(stranger), half)
  await stranger.call('files.upload.cancel', { uploadId: begun.data.uploadId })
  assert.equal(await usageOf(stranger), 0)

  const file = await uploaded(stranger, folder, 'kept', randomBytes(1_000))
  assert.equal(await usageOf(stranger), 1_000)
  await stranger.call('files.trash', { fileIds: [file.id] })
  assert.equal(await usageOf(stranger), 1_000)
  await stranger.call('files.delete', { fileIds: [file.id] })
  assert.equal(await usageOf(stranger), 0)
})

test('the same bytes are kept once, and go with the last who has them', async () => {
  const { alice, bob } = here
  const bytes = randomBytes(50_000)
  const [one, other] = [await uploaded(alice, await ownOf(alice), 'one', bytes), await uploaded(bob, await ownOf(bob), 'other', bytes)]
  const kept = async () => {
    const found = []
    for await (const blob of here.house.blobs.list()) if (blob.bytes === bytes.length) found.push(blob.key)
    return found.length
  }
  await until('one of the two blobs is let go', async () => (await kept()) === 1)
  await alice.call('files.trash', { fileIds: [one.id] })
  await alice.call('files.delete', { fileIds: [one.id] })
  assert.ok((await bytesOf(bob, other.id)).equals(bytes))
  await bob.call('files.trash', { fileIds: [other.id] })
  await bob.call('files.delete', { fileIds: [other.id] })
  await until('nothing is left', async () => (await kept()) === 0)
})

test('of nothing, a file of no bytes; whoever may not write there any more has sent in vain', async () => {
  const { alice, bob } = here
  const empty = await begin(alice, await ownOf(alice), 'empty', 0)
  await send(alice, empty.path, Buffer.alloc(0)).ended
  assert.equal((await fileOf(alice, empty.uploadId)).bytes, 0)

  const { room } = await alice.call('chat.room.create', { name: 'Locks', memberIds: [bob.accountId] })
  const { id: folderId } = await alice.call('files.room', { roomId: room.id })
  const bytes = randomBytes(100_000)
  const { uploadId, path } = await begin(bob, folderId, 'too late', bytes.length)
  const before = await usageOf(bob)
  assert.equal((await patched(bob, path, 0, bytes.subarray(0, 50_000))).status, 204)
  await alice.call('chat.room.remove', { roomId: room.id, accountId: bob.accountId })
  assert.equal((await patched(bob, path, 50_000, bytes.subarray(50_000))).status, 404)
  await bob.call('files.upload.cancel', { uploadId })
  assert.equal(await usageOf(bob), before - bytes.length)
})

test('begun again with the same name for the try, it is the same upload', async () => {
  const { alice } = here
  const folderId = await ownOf(alice)
  const clientId = randomUUID()
  const first = await begin(alice, folderId, 'once', 10, { clientId })
  assert.deepEqual(await begin(alice, folderId, 'once', 10, { clientId }), first)
  const other = await alice.ask('files.upload.begin', { folderId, name: 'twice', bytes: 10, clientId })
  assert.equal(other.ok ? '' : other.error.code, 'conflict')
})
