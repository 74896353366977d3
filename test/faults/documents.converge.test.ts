import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import { applyUpdate, Doc, encodeStateAsUpdate } from 'yjs'
import { newId } from '@atrium/platform'
import { testCluster } from '@atrium/platform/testing/cluster'
import { until } from '@atrium/platform/testing'
import { aFile, documentNode, person, type DocumentNode, type TestPerson } from '../../collab/src/testing/index.ts'
import { block, edit, says } from './editing.ts'
import { isLong, seeds } from './form.ts'
import { seeded, type Seeded } from './seed.ts'

const steps = isLong ? 1_000 : 300

let cluster: Awaited<ReturnType<typeof testCluster>>
let node: DocumentNode
beforeAll(async () => {
  cluster = await testCluster()
  // Documents are let go within a blink, so that they are folded, loaded and served cold again and again.
  node = await documentNode(cluster.connection, { times: { idleMs: 50, leftMs: 20 } })
})
afterAll(async () => {
  await node?.close()
  await cluster?.close()
})

/** A provider that is told to connect while it still closes forgets about it. */
function comeBack({ socket }: TestPerson): false {
  if (!socket.shouldConnect) void socket.connect()
  return false
}

/** A state as a fresh copy would say it: how letters lie together depends on the order in which they came. */
function reencoded(document: Doc): Buffer {
  const copy = new Doc()
  applyUpdate(copy, encodeStateAsUpdate(document))
  return Buffer.from(encodeStateAsUpdate(copy))
}

const happenings = ['version', 'offline', 'restore', 'offline', 'online', 'everybody away', 'online'] as const
type Happening = (typeof happenings)[number]

/** Something other than an edit: the network, a version, a restore, or everybody away for a moment. */
async function event(what: Happening, people: TestPerson[], chance: Seeded): Promise<void> {
  const one = chance.one(people)
  const fileId = one.provider.configuration.name as ReturnType<typeof aFile>
  const { accountId } = one
  if (what === 'offline') one.socket.disconnect()
  else if (what === 'online') comeBack(one)
  else if (what === 'version') await node.ask('document.version.save', { fileId, clientId: newId(), accountId, name: 'kept' })
  else if (what === 'restore') {
    const { versions } = await node.ask('document.versions', { fileId })
    if (versions.length > 0)
      await node.ask('document.version.restore', { fileId, clientId: newId(), accountId, version: chance.one(versions).version })
  } else {
    await until('it is let go', async () => {
      // Again and again: one that was about to come back forgets that it should not.
      for (const { socket } of people) if (socket.status !== 'disconnected') socket.disconnect()
      return (await node.figure(/atrium_docs_open (\d+)/)) === 0
    })
    for (const each of people) comeBack(each)
  }
}

test.each(seeds)('[R-11] whatever people do, and whoever was away: all show the same, and so does a fresh load (seed %i)', async (seed) => {
  const chance = seeded(seed)
  const fileId = aFile()
  const people = Array.from({ length: chance.between(2, 9) }, () => person(node, fileId))
  const happened: Record<string, number> = {}
  const note = (what: string) => (happened[what] = (happened[what] ?? 0) + 1)
  try {
    people[0]!.page.insert(0, [block('The beginning')])
    for (let step = 1; step <= steps; step++) {
      note(edit(chance.one(people).page, chance))
      const what = happenings[(step / 15) % happenings.length]
      if (!what) continue
      await event(what, people, chance)
      note(what)
    }
    await until('all are saved', () => people.every((one) => comeBack(one) || one.isSaved()), 20_000)
    await until('all show the same', () => new Set(people.map(({ page }) => says(page))).size === 1, 10_000).catch(() => {})
    const [first, ...others] = people.map((one) => ({ page: says(one.page), state: reencoded(one.document) }))
    for (const other of others) {
      assert.equal(other.page, first!.page, `seed ${seed}: two screens differ`)
      assert.ok(other.state.equals(first!.state), `seed ${seed}: two copies differ`)
    }
    for (const one of people) one.leave()
    await until('it is let go', async () => (await node.figure(/atrium_docs_open (\d+)/)) === 0)
    const fresh = person(node, fileId)
    await until('a fresh load shows the same', () => says(fresh.page) === first!.page, 5_000).catch(() => {})
    assert.equal(says(fresh.page), first!.page, `seed ${seed}: a fresh load differs`)
    fresh.leave()
    console.log(`R-11 seed ${seed}: ${people.length} people, ${JSON.stringify(happened)}`)
  } finally {
    for (const one of people) one.leave()
  }
})
