import { afterAll, beforeAll, inject, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { aFile, documentNode, type DocumentNode } from './testing/index.ts'
import { visitors } from './testing/visitors.ts'

let node: DocumentNode
const come = visitors(() => node)
beforeAll(async () => {
  node = await documentNode(inject('cluster'), { times: { idleMs: 200, leftMs: 100 } })
})
afterAll(() => node.close())

test('two people write in one document, and it is there when they come back', async () => {
  const fileId = aFile()
  const [alice, bob] = [come(fileId), come(fileId)]
  await alice.saved()
  alice.text.insert(0, 'hello')
  await until('bob reads', () => bob.text.toString() === 'hello')
  bob.text.insert(5, ' world')
  await until('alice reads', () => alice.text.toString() === 'hello world')
  await Promise.all([alice.saved(), bob.saved()])
  alice.leave()
  bob.leave()
  await until('the document is let go', async () => (await node.figure(/atrium_docs_open (\d+)/)) === 0)

  const carol = come(fileId)
  await until('carol reads', () => carol.text.toString() === 'hello world')
})
