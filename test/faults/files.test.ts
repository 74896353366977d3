import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { Upload } from 'tus-js-client'
import { freePort } from '@atrium/infra/servers'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import type { FileId } from '@atrium/protocol'
import { bytesOf, fileOf, patched, uploaded } from '../../server/src/files/testing/sending.ts'
import { person, type Person } from '../../server/src/testing/person.ts'
import { hubProcess, setupPath, type HubProcess } from '../harness/hub-process.ts'
import { missingFor, topologies, topology, type Topology } from '../harness/topology.ts'
import { seeded } from './seed.ts'

const seeds = (process.env['ATRIUM_FAULT_SEEDS'] ?? '11,22,33').split(',').map(Number)
const isLong = Number(process.env['ATRIUM_FAULT_MS'] ?? 0) > 3_000
const mib = 2 ** 20
const sizes = [1, 5 * mib - 1, 5 * mib, 5 * mib + 1, ...(isLong ? [200 * mib] : [])]
/** Most of a file's life on the wire, and some of what comes after. */
const withinMs = 400

async function keeper(url: string, path: string): Promise<Person> {
  const me = person({ origin: url, name: 'Keeper', address: 'keeper@lighthouse.example', password: 'the lamp is lit at dusk' })
  const founding = { organisation: 'Lighthouse', domain: 'lighthouse.example', name: me.name, address: me.address, password: me.password }
  await me.enter('setup.finish', { ...founding, token: path.split('/').at(-1)! })
  return me
}

/** Asks until it is answered, as a client does. */
const answered = <T>(what: string, ask: () => Promise<T>): Promise<NonNullable<T>> =>
  until(what, () => ask().catch(() => undefined), 60_000)

/** Sends it as a browser does, and begins anew wherever it stood when the line broke for long. */
async function send(who: Person, path: string, bytes: Buffer): Promise<void> {
  for (let tries = 0; ; tries++)
    try {
      await new Promise<void>((resolve, reject) => {
        new Upload(bytes, {
          uploadUrl: new URL(path, who.origin).href,
          headers: { cookie: who.cookie, origin: who.origin },
          chunkSize: 2 * mib,
          retryDelays: [20, 100, 300, 1_000, 1_000],
          onSuccess: () => resolve(),
          onError: reject,
        }).start()
      })
      return
    } catch (error) {
      if (tries > 20) throw error
      await sleep(200)
    }
}

describe.each(topologies)('%s', (name) => {
  const lacking = missingFor(name)
  if (lacking) return notRun(`R-13 ${name}`, lacking)
  let running: Topology
  let me: Person
  let own: FileId
  beforeAll(async () => {
    running = await topology(name)
    me = await keeper(running.url, await running.setupPath())
    own = (await me.call('files.spaces', {})).own.id
  })
  afterAll(() => running?.stop())

  test.each(seeds)('[R-13] an upload survives the death of the hub at any moment, whole and once (seed %i)', async (seed) => {
    const chance = seeded(seed)
    let kept = (await me.call('files.spaces', {})).usage.bytes
    let kills = 0
    for (const size of sizes) {
      const bytes = randomBytes(size)
      const file = `${seed} ${size}`
      const clientId = randomUUID()
      const killing = (async () => {
        await sleep(chance.between(0, withinMs))
        const victim = chance.one(running.servers)
        const before = victim.pid
        await victim.restart('SIGKILL')
        assert.notEqual(victim.pid, before, 'nobody was killed')
        kills++
      })()
      const begun = await answered('it is begun', () => me.call('files.upload.begin', { clientId, folderId: own, name: file, bytes: size }))
      // Nobody sees half a file.
      const peeking = answered('somebody looks', () => me.call('files.list', { folderId: own, limit: 500 }))
      for (const found of (await peeking).files) assert.ok(found.name !== file || found.bytes === size)
      await send(me, begun.path, bytes)
      await killing
      const done = await until('it is a file', () => fileOf(me, begun.uploadId).catch(() => undefined), 60_000)
      assert.deepEqual([done.name, done.bytes, done.version], [file, size, 1])
      assert.ok((await bytesOf(me, done.id)).equals(bytes), `seed ${seed}: ${size} bytes are not those that were sent`)
      const { files } = await me.call('files.list', { folderId: own, limit: 500 })
      assert.equal(files.filter((one) => one.name.startsWith(file)).length, 1, 'it is there once')
      kept += size
    }
    // Begun, partly sent, killed, and given up: nothing is counted of it.
    const given = await me.call('files.upload.begin', { folderId: own, name: 'given up', bytes: 3 * mib })
    await patched(me, given.path, 0, randomBytes(mib))
    await chance.one(running.servers).restart('SIGKILL')
    await answered('it is given up', () => me.call('files.upload.cancel', { uploadId: given.uploadId }))
    assert.equal((await me.call('files.spaces', {})).usage.bytes, kept)
    console.log(`R-13 ${name} seed ${seed}: ${kills + 1} kills`)
  })
})

describe('a small disk', () => {
  if (process.getuid?.() !== 0) return notRun('R-14', 'root, to mount a small disk')
  let folder: string
  let blobs: string
  let hub: HubProcess
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atrium-small-'))
    blobs = join(folder, 'blobs')
    await mkdir(blobs)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', blobs])
    hub = await hubProcess({ name: 'hub', port: await freePort(), main: 'server/src/main.ts', args: ['--data', folder] })
  })
  afterAll(async () => {
    await hub?.kill()
    execFileSync('umount', ['-l', blobs])
    await rm(folder, { recursive: true, force: true })
  })

  test('[R-14] a full disk refuses what is written, reads work, and it goes on when there is room, without a restart', async () => {
    const me = await keeper(hub.url, await setupPath([hub]))
    const { own } = await me.call('files.spaces', {})
    const early = randomBytes(2 * mib)
    const kept = await uploaded(me, own.id, 'early', early)
    const filler = join(blobs, 'filler')
    await writeFile(filler, Buffer.alloc(16 * mib))

    const bytes = randomBytes(10 * mib)
    const begun = await me.call('files.upload.begin', { folderId: own.id, name: 'late', bytes: bytes.length })
    const refused = await patched(me, begun.path, 0, bytes)
    assert.equal(refused.status, 503, 'the fault did not bite')
    assert.ok((await bytesOf(me, kept.id)).equals(early))
    const { room } = await me.call('chat.room.create', { name: 'While it is full', memberIds: [] })
    await me.call('chat.send', { roomId: room.id, body: 'we go on talking' })

    await rm(filler)
    const freedAt = performance.now()
    await send(me, begun.path, bytes)
    assert.ok((await bytesOf(me, (await fileOf(me, begun.uploadId)).id)).equals(bytes))
    assert.ok(performance.now() - freedAt < 5_000 * 5)
    assert.ok((await bytesOf(me, kept.id)).equals(early))
  })
})
