import assert from 'node:assert/strict'
import { beforeAll, describe, inject, test } from 'vitest'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import { Doc } from 'yjs'
import { until } from '@atrium/platform/testing'
import type { FileId } from '@atrium/protocol'
import { hub, type TestHub } from '../../server/src/testing/hub.ts'
import type { Person } from '../../server/src/testing/person.ts'

describe('a standard y-websocket client', () => {
  let here: TestHub
  beforeAll(async () => {
    here = await hub(inject('cluster'), { modules: { collab: () => import('@atrium/collab') } })
    return () => here.close()
  })

  /** As a program would: the npm package, with a person's cookie. */
  function join(who: Person, fileId: FileId) {
    class WithCookie extends WebSocket {
      constructor(url: string) {
        super(url, { headers: { cookie: who.cookie, origin: who.origin } })
      }
    }
    const doc = new Doc()
    const provider = new WebsocketProvider(`${who.origin.replace('http', 'ws')}/yws`, fileId, doc, {
      WebSocketPolyfill: WithCookie as never,
      disableBc: true,
    })
    return { doc, provider, text: doc.getText('default'), leave: () => provider.destroy() }
  }
  const statusOf = (path: string, headers: Record<string, string>) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`${here.origin.replace('http', 'ws')}${path}`, { headers })
      socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode!))
      socket.on('error', () => {})
      socket.on('open', () => {
        socket.terminate()
        resolve(101)
      })
    })

  test('writes with others under the same rights, and is out when they are taken', async () => {
    const { alice, bob, carol } = here
    const { room } = await alice.call('chat.room.create', { name: 'Writers', memberIds: [bob.accountId] })
    const folder = await alice.call('files.room', { roomId: room.id })
    const { id } = await alice.call('files.document.create', { folderId: folder.id, name: 'Minutes' })
    const opened = await bob.call('documents.open', { fileId: id })
    assert.deepEqual(
      [opened.may, opened.file.kind, opened.path.startsWith('/collab/'), opened.at.topic],
      ['write', 'document', true, `file:${id}`],
    )

    const [one, other] = [join(alice, id), join(bob, id)]
    await until('both are in step', () => one.provider.synced && other.provider.synced)
    one.text.insert(0, 'Hello')
    await until('bob reads what alice wrote', () => other.text.toString() === 'Hello')
    other.text.insert(5, ' Alice')
    await until('alice reads what bob wrote', () => one.text.toString() === 'Hello Alice')

    const saved = await alice.call('documents.version.save', { fileId: id, name: 'First words' })
    assert.deepEqual((await bob.call('documents.versions', { fileId: id })).versions[0], saved)
    assert.ok((await bob.call('documents.version.read', { fileId: id, version: saved.version })).update.length > 10)

    // Who may only read writes for nobody else.
    await alice.call('files.share', { fileId: id, accountId: carol.accountId, may: 'read' })
    const reader = join(carol, id)
    await until('carol reads it', () => reader.text.toString() === 'Hello Alice')
    reader.text.insert(0, 'carol was here: ')
    one.text.insert(one.text.length, '.')
    await until('bob has the last word', () => other.text.toString().endsWith('.'))
    assert.equal(other.text.toString(), 'Hello Alice.')
    const refused = await carol.ask('documents.version.save', { fileId: id, name: 'Mine' })
    assert.equal(refused.ok ? '' : refused.error.key, 'files.readOnly')
    reader.leave()

    await alice.call('chat.room.remove', { roomId: room.id, accountId: bob.accountId })
    await until('bob is out', () => !other.provider.wsconnected, 1_000)
    other.leave()
    one.leave()
  })

  test('without a session, a right or our own page it does not get in', async () => {
    const { alice, stranger } = here
    const { own } = await alice.call('files.spaces', {})
    const { id } = await alice.call('files.document.create', { folderId: own.id, name: 'Private' })
    const as = (who: Person) => ({ cookie: who.cookie, origin: here.origin })
    assert.equal(await statusOf(`/yws/${id}`, as(alice)), 101)
    assert.equal(await statusOf(`/yws/${id}`, { origin: here.origin }), 401)
    assert.equal(await statusOf(`/yws/${id}`, as(stranger)), 404)
    assert.equal(await statusOf(`/yws/${own.id}`, as(alice)), 404)
    assert.equal(await statusOf('/yws/nothing', as(alice)), 404)
    assert.equal(await statusOf(`/yws/${id}`, { cookie: alice.cookie, origin: 'https://elsewhere.example' }), 403)
    assert.equal(await statusOf(`/yws/${id}`, { cookie: alice.cookie }), 403)
  })
})
