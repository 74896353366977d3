import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { afterAll, beforeAll, inject, test } from 'vitest'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import { applyUpdate, Doc } from 'yjs'
import { postgres } from '@atrium/infra/servers'
import { begin, type Running } from '@atrium/platform'
import { sweepBlobs } from '@atrium/platform/blobs/sweep'
import { until } from '@atrium/platform/testing'
import type { FileId } from '@atrium/protocol'
import { bytesOf, download, uploaded } from '../../server/src/files/testing/sending.ts'
import { hub, type TestHub } from '../../server/src/testing/hub.ts'
import { person, type Person } from '../../server/src/testing/person.ts'

const collab = () => import('@atrium/collab')
let before: TestHub
let after: Running
let server: Awaited<ReturnType<typeof postgres>>
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atrium-round-'))
  server = await postgres()
  before = await hub(inject('cluster'), { modules: { collab } })
})
afterAll(async () => {
  await before?.close()
  await after?.stop()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

/** As an operator does, at the machine of the hub. */
async function atrium(databaseUrl: string, ...words: string[]): Promise<string> {
  const program = join(import.meta.dirname, '../../infra/atrium.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...words], { env: { DATABASE_URL: databaseUrl } })
  return stdout
}

/** A document, as a program opens it. */
function write(who: Person, fileId: FileId) {
  class WithCookie extends WebSocket {
    constructor(url: string) {
      super(url, { headers: { cookie: who.cookie, origin: who.origin } })
    }
  }
  const doc = new Doc()
  const address = `${who.origin.replace('http', 'ws')}/yws`
  const provider = new WebsocketProvider(address, fileId, doc, { WebSocketPolyfill: WithCookie as never, disableBc: true })
  return { doc, text: doc.getText('default'), isSynced: () => provider.synced, leave: () => provider.destroy() }
}
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

test('a hub comes back elsewhere with its files, their versions and shares, and documents that go on where they were', async () => {
  const { alice, bob, carol, house } = before
  const { room } = await alice.call('chat.room.create', { name: 'Boats', memberIds: [bob.accountId] })
  const place = await alice.call('files.room', { roomId: room.id })
  const [first, second] = [randomBytes(70_000), randomBytes(90_000)]
  const file = await uploaded(alice, place.id, 'Plan.bin', first)
  await uploaded(bob, place.id, 'Plan.bin', second, { replaces: file.id })
  const thrown = await uploaded(bob, place.id, 'Old.bin', first)
  await bob.call('files.trash', { fileIds: [thrown.id] })
  await alice.call('files.share', { fileId: file.id, accountId: carol.accountId, may: 'read' })
  const said = await alice.call('chat.send', { roomId: room.id, body: 'The plan', files: [file.id] })
  const half = await bob.call('files.upload.begin', { folderId: place.id, name: 'Half.bin', bytes: 1_000 })
  const paper = await alice.call('files.document.create', { folderId: place.id, name: 'Minutes' })
  const page = write(alice, paper.id)
  await until('the document is open', page.isSynced)
  page.text.insert(0, 'first words')
  const versionOf = async () => (await alice.call('documents.version.save', { fileId: paper.id, name: 'First' })).version
  await until('it is written down', async () => (await house.db.selectFrom('docUpdate').select('n').execute()).length > 0)
  const version = await versionOf()
  // What came after the version is in the log alone.
  page.text.insert(page.text.length, ', and more')
  await until('that too', async () => (await house.db.selectFrom('docUpdate').select('n').execute()).length > 1)

  const backup = join(folder, 'hub.tar')
  const { databaseUrl, dataDir } = house.config
  assert.match(await atrium(databaseUrl!, 'backup', backup, '--data', dataDir), /holds \d+ rows and \d+ files/)
  page.text.insert(0, 'too late: ')
  await alice.call('files.rename', { fileId: file.id, name: 'Too late.bin' })
  page.leave()

  const elsewhere = { DATABASE_URL: await server.database(), ATRIUM_DATA: join(folder, 'data') }
  assert.match(await atrium(elsewhere.DATABASE_URL, 'restore', backup, '--data', elsewhere.ATRIUM_DATA), /are back. Start the hub/)
  const env = { ...elsewhere, ATRIUM_PORT: '0', ATRIUM_LOG_LEVEL: 'silent', ATRIUM_SERVICES: 'server,collab' }
  after = await begin({ server: () => import('../../server/src/service.ts'), collab }, { env, args: [] })
  const there = ({ name, address, password, cookie, accountId }: Person) =>
    person({ origin: after.url, name, address, password, cookie, accountId })
  const [again, brother, guest] = [there(alice), there(bob), there(carol)]

  // Files: by their bytes, each version, in messages, by shares, in the trash; what was half there begins anew.
  const listed = (await again.call('files.list', { folderId: place.id })).files
  assert.deepEqual(listed.map(({ name }) => name), ['Minutes', 'Plan.bin']) // prettier-ignore
  for (const [who, bytes, which] of [
    [again, second, 2],
    [brother, first, 1],
    [guest, second, undefined],
  ] as const)
    // prettier-ignore
    assert.equal(sha256(await bytesOf(who, file.id, which === undefined ? {} : { version: which })), sha256(bytes))
  assert.equal((await download(guest, file.id)).headers.get('etag'), (await download(carol, file.id)).headers.get('etag'))
  assert.deepEqual((await again.call('chat.open', { roomId: room.id })).view.messages.find(({ id }) => id === said.id)?.files, said.files)
  await brother.call('files.restore', { fileIds: [thrown.id] })
  assert.equal(sha256(await bytesOf(again, thrown.id)), sha256(first))
  assert.deepEqual((await brother.call('files.upload.state', { uploadId: half.uploadId })).received, 0)

  // Documents: the snapshot, the log behind it, and what was kept of earlier.
  const open = write(again, paper.id)
  await until('the document is there', () => open.text.toString() === 'first words, and more')
  open.text.insert(0, 'On: ')
  const other = write(brother, paper.id)
  await until('it goes on', () => other.text.toString() === 'On: first words, and more')
  const kept = await again.call('documents.version.read', { fileId: paper.id, version })
  const past = new Doc()
  applyUpdate(past, Buffer.from(kept.update, 'base64'))
  assert.equal(past.getText('default').toString(), 'first words')
  open.leave()
  other.leave()

  // What guards the tables does so again.
  const guards = async ({ db }: Pick<TestHub['house'], 'db'>) =>
    (await sql`select tgname, tgenabled from pg_trigger where not tgisinternal order by tgname`.execute(db)).rows
  assert.deepEqual(await guards(after.house), await guards(house))
  assert.ok((await guards(house)).length > 0)

  // Nothing lies there that belongs to nothing, and nothing is missing.
  const now = () => new Date(Date.now() + 2 * 86_400_000)
  const { removed, lost, blobs } = await sweepBlobs({ ...after.house, now })
  assert.deepEqual([removed, lost, blobs > 2], [0, 0, true])
})
