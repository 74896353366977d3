import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { applyUpdate, Doc, encodeStateAsUpdate, XmlElement, XmlText } from 'yjs'
import { newId, Refusal } from '@atrium/platform'
import { sweepBlobs } from '@atrium/platform/blobs/sweep'
import { until } from '@atrium/platform/testing'
import type { FileId } from '@atrium/protocol'
import { aFile, anAccount, documentNode, person, type DocumentNode, type TestPerson } from './testing/index.ts'
import { visitors } from './testing/visitors.ts'

let node: DocumentNode
const come = visitors(() => node)
const times = { idleMs: 300, leftMs: 100, versionMs: 60_000 }
beforeAll(async () => {
  node = await documentNode(inject('cluster'), { times })
})
afterAll(() => node.close())

function write(one: TestPerson, text: string, at = one.page.length): void {
  const paragraph = new XmlElement('paragraph')
  paragraph.insert(0, [new XmlText(text)])
  one.page.insert(at, [paragraph])
}
const says = (one: TestPerson) => one.page.toString().replaceAll(/<\/?paragraph>/g, '|')
const list = async (fileId: FileId) => (await node.ask('document.versions', { fileId })).versions
const factsOf = async (fileId: FileId) =>
  (await node.house.db
    .selectFrom('journal')
    .select(['name', 'payload'])
    .where('topic', '=', `file:${fileId}`)
    .orderBy('seq')
    .execute()) as {
    name: string
    payload: any
  }[]
const areOpen = (count: number) => until(`${count} are open`, async () => (await node.figure(/atrium_docs_open (\d+)/)) === count)

test('a version is kept by name, with who wrote since the one before; a repetition is the same one', async () => {
  const fileId = aFile()
  const [alice, bob] = [come(fileId), come(fileId)]
  write(alice, 'one')
  await alice.saved()
  const clientId = newId()
  const first = await node.ask('document.version.save', { fileId, clientId, accountId: alice.accountId, name: 'Draft' })
  assert.deepEqual([first.version, first.name, first.reason, first.authors], [1, 'Draft', 'named', [alice.accountId]])
  assert.deepEqual(await node.ask('document.version.save', { fileId, clientId, accountId: alice.accountId, name: 'Draft' }), first)

  write(bob, 'two')
  await bob.saved()
  const second = await node.ask('document.version.save', { fileId, clientId: newId(), accountId: bob.accountId, name: 'Final' })
  assert.deepEqual([second.version, second.authors], [2, [bob.accountId]])
  assert.deepEqual(await list(fileId), [second, first])
  assert.deepEqual(
    (await factsOf(fileId)).map(({ name, payload }) => [name, payload.version]),
    [
      ['documents.version.saved', first],
      ['documents.version.saved', second],
    ],
  )

  const renamed = await node.ask('document.version.name', { fileId, version: 1, name: 'First draft' })
  assert.deepEqual(renamed, { ...first, name: 'First draft' })
  await node.ask('document.version.name', { fileId, version: 1, name: 'First draft' })
  assert.deepEqual(await list(fileId), [second, renamed])
  assert.deepEqual(
    (await factsOf(fileId)).slice(2).map(({ payload }) => payload.version),
    [renamed],
  )

  const copy = new Doc()
  applyUpdate(copy, Buffer.from((await node.ask('document.version.read', { fileId, version: 1 })).update, 'base64'))
  assert.equal(copy.getXmlFragment('default').toString(), '<paragraph>one</paragraph>')
})

test('a version is kept when the last one leaves who changed something, and not when nobody did', async () => {
  const fileId = aFile()
  const alice = come(fileId)
  write(alice, 'work')
  await alice.saved()
  alice.leave()
  const [left] = await until('a version', async () => ((await list(fileId)).length > 0 ? list(fileId) : undefined))
  assert.deepEqual([left!.reason, left!.authors], ['left', [alice.accountId]])
  await areOpen(0)
  const reader = come(fileId)
  await until('it is read', () => says(reader) === '|work|')
  reader.leave()
  await areOpen(0)
  const again = come(fileId)
  write(again, 'more')
  await again.saved()
  again.leave()
  await until('the second version', async () => (await list(fileId)).length === 2)
})

test('while somebody works, a version is kept from time to time', async () => {
  const busy = await documentNode(inject('cluster'), { times: { ...times, versionMs: 150 } })
  const fileId = aFile()
  const one = person(busy, fileId)
  try {
    for (let n = 1; n <= 2; n++) {
      write(one, `part ${n}`)
      await until(`version ${n}`, async () => (await busy.ask('document.versions', { fileId })).versions.length === n)
    }
    const { versions } = await busy.ask('document.versions', { fileId })
    assert.deepEqual(
      versions.map(({ reason }) => reason),
      ['time', 'time'],
    )
  } finally {
    one.leave()
    await busy.close()
  }
})

test('a restore is an edit that everybody sees; what stood there is kept first, and the rest of the work stays', async () => {
  const fileId = aFile()
  const [alice, bob] = [come(fileId), come(fileId)]
  for (const text of ['one', 'two', 'three']) write(alice, text)
  await alice.saved()
  await node.ask('document.version.save', { fileId, clientId: newId(), accountId: alice.accountId, name: 'Good' })
  alice.page.delete(1, 1)
  write(alice, 'four')
  await alice.saved()
  await until('bob reads', () => says(bob) === '|one||three||four|')

  const wish = { fileId, clientId: newId(), accountId: bob.accountId, version: 1 }
  const kept = await node.ask('document.version.restore', wish)
  assert.deepEqual([kept.version, kept.reason, kept.authors], [2, 'restore', [alice.accountId]])
  await until('both read what was', () => says(alice) === '|one||two||three|' && says(bob) === says(alice))
  assert.deepEqual(Buffer.from(encodeStateAsUpdate(alice.document)), Buffer.from(encodeStateAsUpdate(bob.document)))
  const restored = (await factsOf(fileId)).at(-1)!
  assert.deepEqual([restored.name, restored.payload], ['documents.restored', { fileId, version: 1, by: bob.accountId }])

  write(alice, 'after')
  await alice.saved()
  assert.deepEqual(await node.ask('document.version.restore', wish), kept, 'a repetition restores nothing again')
  assert.ok(says(alice).endsWith('|after|'))

  await node.ask('document.version.restore', { fileId, clientId: newId(), accountId: bob.accountId, version: 2 })
  await until('it was undone', () => says(bob) === '|one||three||four|')
})

test('a document that nobody has open is restored as well', async () => {
  const fileId = aFile()
  const alice = come(fileId)
  write(alice, 'first')
  await alice.saved()
  await node.ask('document.version.save', { fileId, clientId: newId(), accountId: alice.accountId, name: '' })
  write(alice, 'second')
  await alice.saved()
  alice.leave()
  await areOpen(0)
  await node.ask('document.version.restore', { fileId, clientId: newId(), accountId: alice.accountId, version: 1 })
  const bob = come(fileId)
  await until('it is as it was', () => says(bob) === '|first|')
})

test('what is not there is refused, and so is a version whose bytes are damaged', async () => {
  const fileId = aFile()
  const alice = come(fileId)
  write(alice, 'text')
  await alice.saved()
  const refused = (code: string) => (error: unknown) => error instanceof Refusal && error.failure.code === code
  await assert.rejects(node.ask('document.version.read', { fileId, version: 7 }), refused('not_found'))
  await assert.rejects(node.ask('document.version.name', { fileId, version: 7, name: 'None' }), refused('not_found'))
  await node.ask('document.version.save', { fileId, clientId: newId(), accountId: alice.accountId, name: 'x' })
  const { blobKey } = (await node.house.db
    .selectFrom('docVersion')
    .select('blobKey')
    .where('fileId', '=', fileId)
    .executeTakeFirstOrThrow()) as {
    blobKey: string
  }
  await node.house.blobs.delete(blobKey)
  await node.house.blobs.put(blobKey, Buffer.from('rotten'))
  await assert.rejects(node.ask('document.version.read', { fileId, version: 1 }), refused('unavailable'))
})

test('the daily look for what no row names finds every version named', async () => {
  const fileId = aFile()
  const alice = come(fileId)
  write(alice, 'kept')
  await alice.saved()
  await node.ask('document.version.save', { fileId, clientId: newId(), accountId: alice.accountId, name: 'x' })
  // A document that is left keeps a version of itself, and names it a moment later.
  await areOpen(1)
  await node.house.blobs.put('left-behind', Buffer.from('a node died'))
  const now = () => new Date(Date.now() + 2 * 86_400_000)
  const { removed, lost } = await sweepBlobs({ ...node.house, now })
  assert.deepEqual([removed, lost], [1, 0])
  assert.equal((await node.ask('document.version.read', { fileId, version: 1 })).version.name, 'x')
})

test('documents are begun and deleted', async () => {
  const fileId = aFile()
  const template = new Doc()
  const paragraph = new XmlElement('paragraph')
  template.getXmlFragment('default').insert(0, [paragraph])
  paragraph.insert(0, [new XmlText('template')])
  const update = Buffer.from(encodeStateAsUpdate(template)).toString('base64')
  for (let n = 0; n < 2; n++) await node.ask('document.create', { fileId, update })
  const alice = come(fileId)
  await until('alice reads', () => says(alice) === '|template|')
  write(alice, 'mine')
  await alice.saved()

  await node.ask('document.version.save', { fileId, clientId: newId(), accountId: anAccount(), name: 'x' })
  await node.ask('document.delete', { fileId })
  await until('alice is told', () => alice.heard.includes('closed 4404 not_found'))
  assert.deepEqual(await list(fileId), [])
  const late = come(fileId)
  await until('nobody begins it anew', () => late.heard.includes('closed 4404 not_found'))
  assert.equal(says(late), '')
})
