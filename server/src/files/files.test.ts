import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, inject, test } from 'vitest'
import type { FileId } from '@atrium/protocol'
import { hub, type TestHub } from '../testing/hub.ts'
import type { Person } from '../testing/person.ts'
import { bytesOf, uploaded } from './testing/sending.ts'

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'))
})
afterAll(() => here.close())

const ownOf = async (who: Person) => (await who.call('files.spaces', {})).own
const names = async (who: Person, folderId: FileId) => (await who.call('files.list', { folderId })).files.map(({ name }) => name)
const codeOf = async (asked: Promise<{ ok: boolean; error?: { code: string; key: string } }>) => {
  const reply = await asked
  return reply.ok ? 'ok' : `${reply.error!.code} ${reply.error!.key}`
}

test('[FILE-1] what somebody uploads is theirs, comes back as it went in, and nobody else knows of it', async () => {
  const { alice, bob } = here
  const own = await ownOf(alice)
  const bytes = randomBytes(300_000)
  const file = await uploaded(alice, own.id, 'Réport ü.bin', bytes)
  assert.deepEqual(
    { name: file.name, bytes: file.bytes, type: file.type, version: file.version, parentId: file.parentId },
    { name: 'Réport ü.bin', bytes: bytes.length, type: 'application/octet-stream', version: 1, parentId: own.id },
  )
  assert.deepEqual(await names(alice, own.id), ['Réport ü.bin'])
  assert.ok((await bytesOf(alice, file.id)).equals(bytes))
  for (const [name, input] of [
    ['files.file', { fileId: file.id }],
    ['files.list', { folderId: own.id }],
    ['files.download', { fileId: file.id }],
    ['files.versions', { fileId: file.id }],
    ['files.trash', { fileIds: [file.id] }],
    ['files.rename', { fileId: file.id, name: 'mine now' }],
    ['files.share', { fileId: file.id, accountId: bob.accountId, may: 'read' }],
  ] as const)
    assert.equal(await codeOf(bob.ask(name, input as never)), 'not_found files.noSuchFile', name)
  assert.deepEqual((await alice.call('files.spaces', {})).usage, { bytes: bytes.length, maxBytes: 10 * 2 ** 30 })
})

test('[FILE-2] a room’s folder is as open as the room', async () => {
  const { alice, bob, carol } = here
  const { room } = await alice.call('chat.room.create', { name: 'Yard', memberIds: [bob.accountId] })
  const folder = await alice.call('files.room', { roomId: room.id })
  assert.deepEqual(await bob.call('files.room', { roomId: room.id }), folder)
  assert.equal(await codeOf(carol.ask('files.room', { roomId: room.id })), 'not_found chat.noSuchRoom')
  const file = await uploaded(bob, folder.id, 'plan.txt', Buffer.from('how we build it'))
  assert.equal(file.type, 'text/plain')
  assert.deepEqual(await names(alice, folder.id), ['plan.txt'])
  assert.equal(await codeOf(carol.ask('files.list', { folderId: folder.id })), 'not_found files.noSuchFile')

  await alice.call('chat.room.change', { roomId: room.id, isArchived: true })
  assert.equal((await bob.call('files.file', { fileId: file.id })).may, 'read')
  assert.equal(await codeOf(bob.ask('files.rename', { fileId: file.id, name: 'other' })), 'forbidden files.readOnly')
  await alice.call('chat.room.change', { roomId: room.id, isArchived: false })
  await alice.call('chat.room.remove', { roomId: room.id, accountId: bob.accountId })
  assert.equal(await codeOf(bob.ask('files.file', { fileId: file.id })), 'not_found files.noSuchFile')
})

test('[FILE-13] a message carries files of its room, and none of another place', async () => {
  const { alice, bob } = here
  const { room } = await alice.call('chat.room.create', { name: 'Quay', memberIds: [bob.accountId] })
  const { room: other } = await alice.call('chat.room.create', { name: 'Pier', memberIds: [] })
  const folder = await alice.call('files.room', { roomId: room.id })
  const file = await uploaded(alice, folder.id, 'tides.txt', Buffer.from('high at noon'))
  const [mine, elsewhere] = [
    await uploaded(alice, (await ownOf(alice)).id, 'private.txt', Buffer.from('mine')),
    await uploaded(alice, (await alice.call('files.room', { roomId: other.id })).id, 'pier.txt', Buffer.from('there')),
  ]
  for (const id of [mine.id, elsewhere.id])
    assert.equal(await codeOf(alice.ask('chat.send', { roomId: room.id, body: '', files: [file.id, id] })), 'not_found files.noSuchFile')

  const sent = await alice.call('chat.send', { roomId: room.id, body: '', files: [file.id] })
  const shown = { id: file.id, kind: 'file', name: 'tides.txt', type: 'text/plain', bytes: 12 }
  assert.deepEqual(sent.files, [shown])
  const said = async () => (await bob.call('chat.open', { roomId: room.id })).view.messages.at(-1)!
  assert.deepEqual((await said()).files, [shown])

  // Trashed, it is still called what it was called; deleted for ever, nowhere any more.
  await bob.call('files.trash', { fileIds: [file.id] })
  assert.deepEqual((await said()).files, [shown])
  await bob.connect()
  await bob.watch(`room:${room.id}`)
  await bob.call('files.delete', { fileIds: [file.id] })
  const forgotten = { ...shown, name: '', type: '', bytes: 0 }
  const edited = await bob.sees('chat.message.edited')
  assert.deepEqual([edited.files, edited.edits], [[forgotten], 0])
  assert.deepEqual((await said()).files, [forgotten])
  const { rows } = await sql<{ count: number }>`select count(*) from journal where payload::text like '%tides.txt%'`.execute(here.db)
  assert.equal(rows[0]!.count, 0)
  bob.leave()
})
