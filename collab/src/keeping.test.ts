import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import { Doc } from 'yjs'
import { homeOf } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import type { FileId } from '@atrium/protocol'
import { aFile, documentNode, person, type DocumentNode } from './testing/index.ts'
import { visitors } from './testing/visitors.ts'

let node: DocumentNode
const come = visitors(() => node)
beforeAll(async () => {
  node = await documentNode(inject('cluster'), { times: { idleMs: 200, leftMs: 100 } })
})
afterAll(() => node.close())

const rowsOf = async (fileId: FileId) =>
  (await node.house.db.selectFrom('docUpdate').select('n').where('fileId', '=', fileId).execute()).length
const docsOpen = () => node.figure(/atrium_docs_open (\d+)/)
const isGone = () => until('the document is let go', async () => (await docsOpen()) === 0)

test('a long log is folded while people write, and what they wrote is all there', async () => {
  const fileId = aFile()
  const [alice, bob] = [come(fileId), come(fileId)]
  await Promise.all([alice.saved(), bob.saved()])
  for (let n = 0; n < 400; n++) {
    alice.text.insert(alice.text.length, `${n};`)
    bob.text.insert(0, 'b')
  }
  await Promise.all([alice.saved(), bob.saved()])
  await until('the log is short', async () => (await rowsOf(fileId)) < 500)
  alice.leave()
  bob.leave()
  await isGone()
  assert.equal(await rowsOf(fileId), 0)
  const carol = come(fileId)
  await until('it is all there', () => carol.text.length > 0)
  assert.equal(carol.text.toString().replaceAll('b', ''), Array.from({ length: 400 }, (_, n) => `${n};`).join(''))
  assert.equal(carol.text.toString().replaceAll(/[^b]/g, '').length, 400)
})

test('a lone reader is served with stored bytes; the first edit and a second person load the document', async () => {
  const fileId = aFile()
  const alice = come(fileId)
  alice.text.insert(0, 'stored')
  await alice.saved()
  alice.leave()
  await isGone()

  const [reader] = [come(fileId)]
  await until('it is read', () => reader.text.toString() === 'stored' && reader.isSaved())
  assert.equal(await docsOpen(), 0)
  reader.text.insert(6, ' and edited')
  await reader.saved()
  assert.equal(await docsOpen(), 1)
  reader.leave()
  await isGone()

  const one = come(fileId)
  await until('it is read', () => one.text.toString() === 'stored and edited')
  assert.equal(await docsOpen(), 0)
  one.provider.awareness!.setLocalState({ cursor: 'here' })
  const two = come(fileId)
  await until('two reads', () => two.text.toString() === 'stored and edited')
  await until('two sees one, who was here before', () => two.states().some(({ cursor }) => cursor === 'here'))
  two.text.insert(0, '!')
  await until('one reads on', () => one.text.toString() === '!stored and edited')
  assert.deepEqual(one.heard, ['authenticated read-write'])
})

test('a standard y-websocket client writes with a browser under the same rights', async () => {
  const fileId = aFile()
  const browser = come(fileId)
  await browser.saved()
  const standard = await yWebsocket(fileId, 'write')
  const reader = await yWebsocket(fileId, 'read')
  await until('both are in', () => standard.synced && reader.synced)
  browser.text.insert(0, 'browser ')
  await until('it is read', () => standard.doc.getText('t').toString() === 'browser ')
  standard.doc.getText('t').insert(8, 'standard')
  await until('the browser reads', () => browser.text.toString() === 'browser standard')
  reader.doc.getText('t').insert(0, 'EVIL ')
  standard.awareness.setLocalState({ user: { name: 'somebody else' }, cursor: 'x' })
  await until('where it is', () => browser.states().some(({ cursor }) => cursor === 'x'))
  const state = browser.states().find(({ cursor }) => cursor === 'x')!
  assert.deepEqual(Object.keys(state['user'] as object), ['id'])
  browser.text.insert(0, '> ')
  await until('all are level', () => standard.doc.getText('t').toString() === '> browser standard')
  assert.equal(browser.text.toString(), '> browser standard')
  for (const one of [standard, reader]) one.destroy()
})

/** As the gateway does it: greets in words, and hands on what the client says. */
async function yWebsocket(fileId: FileId, mode: 'read' | 'write'): Promise<WebsocketProvider> {
  const ticket = await node.sign(fileId, { mode })
  class Greeting extends WebSocket {
    constructor(_address: string | URL) {
      super(node.address, { origin: node.url })
      this.once('open', () => this.send(JSON.stringify({ fileId, ticket, speaks: 'y-websocket' })))
    }
  }
  return new WebsocketProvider(node.url, fileId, new Doc(), { WebSocketPolyfill: Greeting as never, disableBc: true })
}

test('a node that comes takes what belongs to it, and only that', async () => {
  const first = await documentNode(inject('cluster'), { name: 'collab-a', times: { idleMs: 200 } })
  const fileIds = Array.from({ length: 40 }, aFile)
  const crowd = fileIds.map((fileId) => person(first, fileId))
  crowd.forEach((one, n) => one.text.insert(0, `text ${n}`))
  await Promise.all(crowd.map((one) => one.saved()))
  const second = await documentNode(inject('cluster'), { beside: first, name: 'collab-b' })
  try {
    const nodes = await first.house.placement.list('collab:')
    const itsOwn = (n: number) => homeOf(fileIds[n]!, nodes)?.node === second.house.node.id
    const moved = (n: number) => crowd[n]!.heard.includes('closed 1012 moved')
    await until('some are sent there', () => crowd.every((_, n) => itsOwn(n) === moved(n)))
    crowd.forEach((one) => one.leave())
    const there = fileIds.map((fileId, n) => itsOwn(n) && person(second, fileId))
    await until('they find their text', () => there.every((one, n) => !one || one.text.toString() === `text ${n}`))
    there.forEach((one) => one && one.leave())
  } finally {
    await second.close()
    await first.close()
  }
})

test('for a moment two nodes may have a document: who keeps it shows what the other wrote', async () => {
  const first = await documentNode(inject('cluster'), { name: 'collab-a' })
  const keeping = Array.from({ length: 20 }, () => person(first, aFile()))
  await Promise.all(keeping.map((one) => one.saved()))
  // It has not looked around yet, and lets everybody in.
  const second = await documentNode(inject('cluster'), { beside: first, name: 'collab-b', times: { homesMs: 60_000 } })
  try {
    const nodes = await first.house.placement.list('collab:')
    const kept = keeping.find((one) => homeOf(one.provider.configuration.name, nodes)?.node === first.house.node.id)!
    const writes = person(second, kept.provider.configuration.name as FileId)
    writes.text.insert(0, 'written elsewhere')
    await writes.saved()
    writes.leave()
    await until('it is shown', () => kept.text.toString() === 'written elsewhere', 15_000)
    keeping.forEach((one) => one.leave())
  } finally {
    await second.close()
    await first.close()
  }
})
