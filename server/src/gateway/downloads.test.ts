import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '@atrium/platform/testing'
import type { FileId } from '@atrium/protocol'
import { bytesOf, download, uploaded } from '../files/testing/sending.ts'
import { hub, type TestHub } from '../testing/hub.ts'
import type { Person } from '../testing/person.ts'
import { dispositionOf, rangeOf } from './downloads.ts'

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'))
})
afterAll(() => here.close())

const ownOf = async (who: Person) => (await who.call('files.spaces', {})).own.id
const ranged = (who: Person, id: FileId, range: string, more = {}) => download(who, id, {}, { headers: { range, ...more } })

test('parts of a file are what was asked for', async () => {
  const { alice } = here
  const bytes = randomBytes(9_000_000)
  const { id } = await uploaded(alice, await ownOf(alice), 'long.bin', bytes)
  const whole = await download(alice, id)
  assert.deepEqual(
    ['accept-ranges', 'content-length', 'cache-control', 'x-content-type-options'].map((name) => whole.headers.get(name)),
    ['bytes', `${bytes.length}`, 'private, no-cache, no-transform', 'nosniff'],
  )
  assert.ok(Buffer.from(await whole.arrayBuffer()).equals(bytes))
  const etag = whole.headers.get('etag')!
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 0],
    ['bytes=100-5000000', 100, 5_000_000],
    ['bytes=8999999-', 8_999_999, 8_999_999],
    ['bytes=-500', 8_999_500, 8_999_999],
    ['bytes=5-99999999', 5, 8_999_999],
  ] as const) {
    const part = await ranged(alice, id, range, { 'if-range': etag })
    assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes ${start}-${end}/${bytes.length}`], range)
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(start, end + 1)), range)
  }
  const beyond = await ranged(alice, id, 'bytes=9000000-')
  assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, `bytes */${bytes.length}`])
  for (const [range, more] of [
    ['bytes=1-2,5-6', {}],
    ['lines=1-2', {}],
    ['bytes=5-2', {}],
    ['bytes=0-9', { 'if-range': '"another"' }],
  ] as const)
    assert.equal((await ranged(alice, id, range, more)).status, 200, range)
  assert.equal((await download(alice, id, {}, { headers: { 'if-none-match': etag } })).status, 304)
  const head = await download(alice, id, {}, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, `${bytes.length}`])
})

test('a file of no bytes has no parts', () => {
  const of = (range: string, bytes: number) => rangeOf({ headers: { range } }, { bytes, etag: '"x"' })
  assert.equal(of('bytes=0-', 0), 'unsatisfiable')
  assert.equal(of('bytes=-0', 10), 'unsatisfiable')
  assert.equal(of('bytes=-', 10), undefined)
  assert.deepEqual(of('bytes=-20', 10), { start: 0, end: 9 })
})

test('a name is said so that every program understands it, and none is misled', () => {
  assert.equal(dispositionOf('attachment', 'Plan.pdf'), `attachment; filename="Plan.pdf"; filename*=UTF-8''Plan.pdf`)
  assert.equal(
    dispositionOf('inline', 'Größe "5%".txt'),
    `inline; filename="Groe _5__.txt"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%225%25%22.txt`,
  )
  assert.equal(dispositionOf('attachment', '計画'), `attachment; filename="file"; filename*=UTF-8''%E8%A8%88%E7%94%BB`)
})

test('[FILE-12] pages and drawings that could run are saved, whatever they are called; pictures are shown', async () => {
  const { alice } = here
  const folder = await ownOf(alice)
  const html = Buffer.from('<!-- hi --><html><script>alert(1)</script></html>')
  const svg = Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
  for (const [name, bytes] of [
    ['page.html', html],
    ['page.png', html],
    ['drawing.svg', svg],
    ['drawing.txt', svg],
  ] as const) {
    const { id, type } = await uploaded(alice, folder, name, bytes, { type: 'image/png' })
    assert.match(type, /html|svg/, name)
    const response = await download(alice, id, { disposition: 'inline' })
    assert.match(response.headers.get('content-disposition')!, /^attachment;/, name)
    assert.equal(response.headers.get('content-type'), 'application/octet-stream', name)
    assert.match(response.headers.get('content-security-policy')!, /default-src 'none'.*sandbox/, name)
  }
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
  const shown = await download(alice, (await uploaded(alice, folder, 'dot.html', png)).id, { disposition: 'inline' })
  assert.equal(shown.headers.get('content-type'), 'image/png')
  assert.match(shown.headers.get('content-disposition')!, /^inline;/)
  const words = await download(alice, (await uploaded(alice, folder, 'words', Buffer.from('Grüße'))).id, { disposition: 'inline' })
  assert.equal(words.headers.get('content-type'), 'text/plain; charset=utf-8')
})

test('a path is good for its session only, and as long as its person may read', async () => {
  const { alice, bob } = here
  const { id } = await uploaded(alice, await ownOf(alice), 'between us', Buffer.from('x'))
  await alice.call('files.share', { fileId: id, accountId: bob.accountId, may: 'read' })
  const { path } = await bob.call('files.download', { fileId: id })
  assert.equal((await bob.http(path)).status, 200)
  assert.equal((await alice.http(path)).status, 403)
  assert.equal((await fetch(new URL(path, here.origin))).status, 401)
  assert.equal((await bob.http(path, { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403)
  assert.equal((await bob.http(`${path}x`)).status, 403)
  await alice.call('files.unshare', { fileId: id, accountId: bob.accountId })
  assert.equal((await bob.http(path)).status, 404)
})

/** A download whose reader is in no hurry: it is still under way when something happens. Resolves to when it was cut, if it was. */
async function slow(who: Person, id: FileId): Promise<{ ended: Promise<number | undefined> }> {
  const { path } = await who.call('files.download', { fileId: id })
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get(new URL(path, who.origin), { headers: { cookie: who.cookie } }, resolve).on('error', reject),
  )
  assert.equal(response.statusCode, 200)
  async function read(): Promise<number | undefined> {
    try {
      // A link of a few megabytes a second.
      for await (const chunk of response) await pause((chunk as Buffer).length && 10)
      return undefined
    } catch {
      return performance.now()
    }
  }
  return { ended: read() }
}

test('a download under way is cut within a second when its right is lost: share, seat, trash, move, session, account', async () => {
  const { alice, bob, carol, administrator } = here
  const bytes = randomBytes(30_000_000)
  const { room } = await alice.call('chat.room.create', { name: 'Cuts', memberIds: [bob.accountId, carol.accountId] })
  const folder = await alice.call('files.room', { roomId: room.id })
  const own = await ownOf(alice)
  const shared = await uploaded(alice, own, 'shared', bytes)
  const [left, trashed, moved, kept] = [
    await uploaded(alice, folder.id, 'left', bytes),
    await uploaded(alice, folder.id, 'trashed', bytes),
    await uploaded(alice, folder.id, 'moved', bytes),
    await uploaded(alice, folder.id, 'kept', bytes),
  ]
  async function isCut(who: Person, id: FileId, lose: () => Promise<unknown>): Promise<void> {
    const { ended } = await slow(who, id)
    await lose()
    const lostAt = performance.now()
    const cutAt = await ended
    assert.ok(cutAt !== undefined && cutAt - lostAt < 1_000, `after ${cutAt && cutAt - lostAt} ms`)
  }
  await alice.call('files.share', { fileId: shared.id, accountId: bob.accountId, may: 'read' })
  await isCut(bob, shared.id, () => alice.call('files.unshare', { fileId: shared.id, accountId: bob.accountId }))
  const other = await slow(carol, kept.id)
  await isCut(bob, trashed.id, () => alice.call('files.trash', { fileIds: [trashed.id] }))
  await isCut(bob, moved.id, () => alice.call('files.move', { fileIds: [moved.id], folderId: own }))
  await isCut(bob, left.id, () => alice.call('chat.room.remove', { roomId: room.id, accountId: bob.accountId }))
  // Nobody else's was.
  assert.equal(await other.ended, undefined)

  await isCut(carol, kept.id, () => administrator.call('directory.person.change', { accountId: carol.accountId, status: 'locked' }))
  await isCut(alice, kept.id, () => alice.call('auth.signOut', {}))
})

test('what is lost or damaged is refused by name, and comes back when the same bytes come again', async () => {
  const { bob } = here
  const bytes = randomBytes(20_000)
  const folder = await ownOf(bob)
  const { id } = await uploaded(bob, folder, 'fragile', bytes)
  let key = ''
  for await (const blob of here.house.blobs.list()) if (blob.bytes === bytes.length) key = blob.key
  await here.house.blobs.delete(key)
  await here.house.blobs.put(key, Buffer.concat([bytes.subarray(1), bytes.subarray(0, 1)]))
  const refused = await download(bob, id)
  assert.deepEqual([refused.status, ((await refused.json()) as { error: { key: string } }).error.key], [404, 'files.contentDamaged'])
  await here.house.blobs.delete(key)
  await uploaded(bob, folder, 'again', bytes)
  await until('it is whole again', async () => (await download(bob, id)).status === 200)
  assert.ok((await bytesOf(bob, id)).equals(bytes))
})

test('[AUTH-13] who looks through somebody’s eyes is out of page and download within a second when only the right to it is taken back', async () => {
  const { administrator, stranger } = here
  const [domain] = (await administrator.call('domains.list', {})).domains
  const helper = here.also(here.bob)
  await helper.signIn()
  const { id } = await uploaded(stranger, await ownOf(stranger), 'of the stranger', randomBytes(30_000_000))
  const given = await administrator.call('grants.give', {
    grantee: { kind: 'account', id: helper.accountId },
    target: { kind: 'domain', id: domain!.id },
    rights: ['account.see', 'account.openAs'],
  })
  await helper.call('accounts.openAs', { accountId: stranger.accountId, reason: 'A file is missing' })
  assert.equal((await helper.call('directory.me', {})).person.id, stranger.accountId)
  const [screen, { ended }] = [await helper.connect(), await slow(helper, id)]
  await stranger.connect()

  await administrator.call('grants.revoke', { grantId: given.id })
  const lostAt = performance.now()
  assert.equal(await screen.ended(), 'session_ended')
  assert.ok(performance.now() - lostAt < 1_000, 'the page')
  const cutAt = await ended
  assert.ok(cutAt !== undefined && cutAt - lostAt < 1_000, 'the download')
  assert.equal((await helper.http('/api/directory.me')).status, 401)
  // Whoever was looked at goes on.
  assert.ok(stranger.screen.isConnected())
  stranger.leave()
})
