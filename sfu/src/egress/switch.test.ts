import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { jsonLog, newId, Refusal } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import { usualProgram, withMediaNode, type MediaNode } from '../testing/node.ts'
import { installing, placeOf } from './install.ts'

let cacheDir: string
let hub: MediaNode
beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'atrium-cache-'))
})
afterAll(() => rm(cacheDir, { recursive: true, force: true }))
withMediaNode(
  { env: { XDG_CACHE_HOME: join(tmpdir(), `atrium-none-${newId()}`), MEDIASOUP_WORKER_BIN: usualProgram() } },
  (node) => (hub = node),
)

test('until an administrator switches it on, a node says that recording is off, and refuses it with that sentence', async () => {
  assert.equal((await hub.ask('media.readiness', {})).recording, 'off')
  const meetingId = newId()
  await hub.enter(meetingId as Parameters<MediaNode['enter']>[0])
  const record = { sittingId: newId(), folderId: newId(), accountId: newId(), name: 'Garden' }
  const asked = hub.ask('media.egress', { meetingId, record, streams: [], names: {} })
  await assert.rejects(asked, (error: unknown) => error instanceof Refusal && error.failure.key === 'meetings.recordingOff')
  await hub.ask('media.egress', { meetingId, record: null, streams: [], names: {} })
})

test('an installation that is broken off leaves nothing, and can be begun again', async () => {
  const tool = installing({ cacheDir, log: jsonLog('silent') })
  assert.equal(tool.state(), 'off')
  tool.prepare()
  tool.prepare()
  assert.equal(tool.state(), 'preparing')
  await until('it is being installed, once', async () => (await readdir(cacheDir)).length === 1)
  tool.stop()
  await until('it is off again', () => tool.state() === 'off')
  await until('nothing is left', async () => (await readdir(cacheDir)).length === 0)
  assert.equal(tool.folder(), undefined)
  assert.match(placeOf(cacheDir), /node-av-\d+\.\d+\.\d+-[0-9a-f]{12}$/)
})
