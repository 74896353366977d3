import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
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
