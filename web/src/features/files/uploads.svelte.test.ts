import assert from 'node:assert/strict'
import { beforeEach, expect, test, vi } from 'vitest'
import type { FileId, Reply } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { Uploads } from './uploads.svelte.ts'

/** Says what it waited for, should it never come. */
const until = (what: string, isSo: () => boolean) => vi.waitFor(() => expect(isSo(), what).toBe(true))

// The bytes go over XMLHttpRequest, and hashes over a worker: neither is here. What they are told is.
const ways: Way[] = []
class Way {
  starts = 0
  isAborted = false
  options: { onProgress(sent: number): void; onSuccess(): void; onError(): void }
  constructor(_file: unknown, options: Way['options']) {
    this.options = options
    ways.push(this)
  }
  start() {
    this.starts++
    this.isAborted = false
  }
  async abort() {
    this.isAborted = true
  }
}
vi.mock('tus-js-client', () => ({
  get Upload() {
    return Way
  },
}))
vi.mock('./hash.ts', () => ({ sha256Of: async () => 'f'.repeat(64) }))

const folderId = '0190c0de-0000-7000-8000-000000000001' as FileId
const ok = (data: unknown): Reply<unknown> => ({ ok: true, data })
const refused = (code: string, key: string): Reply<unknown> => ({ ok: false, error: { code, key } as never })
let answers: Record<string, (input: Record<string, unknown>) => Reply<unknown>>
let asked: string[]
let count = 0
const hub = () =>
  ({
    newId: () => `id-${++count}`,
    call: async (name: string, input: Record<string, unknown>) => {
      asked.push(name)
      return answers[name]!(input)
    },
  }) as unknown as HubConnection
const file = (name: string) => new File(['twelve bytes'], name)
const stored = (name: string) => ok({ state: 'done', received: 12, file: { id: name, name }, problem: null })
const standing = (state: string) => ok({ state, received: 0, file: null, problem: null })

beforeEach(() => {
  ways.length = 0
  asked = []
  answers = {
    'files.upload.begin': ({ name }) => ok({ uploadId: name, path: `/files/${String(name)}` }),
    'files.upload.state': ({ uploadId }) => stored(String(uploadId)),
    'files.upload.cancel': () => ok({}),
  }
})

test('three are on their way at once; when one is done the next one begins', async () => {
  const uploads = new Uploads(hub())
  const sendings = uploads.send(folderId, ['a', 'b', 'c', 'd', 'e'].map(file))
  await until('three are under way', () => ways.length === 3)
  assert.deepEqual(
    sendings.map(({ state }) => state),
    ['sending', 'sending', 'sending', 'waiting', 'waiting'],
  )
  ways[1]!.options.onSuccess()
  assert.equal((await sendings[1]!.done)?.name, 'b')
  await until('the fourth began', () => ways.length === 4)
})

test('paused it stops, and goes on where it was', async () => {
  const uploads = new Uploads(hub())
  const [sending] = uploads.send(folderId, [file('a')])
  await until('it is under way', () => ways[0]?.starts === 1)
  sending!.pause()
  assert.deepEqual([sending!.state, ways[0]!.isAborted], ['paused', true])
  await sending!.start()
  assert.deepEqual([sending!.state, ways.length, ways[0]!.starts], ['sending', 1, 2])
})

test('broken it says so at once, and goes on by itself as soon as the hub answers', async () => {
  const answered = Promise.withResolvers<Reply<unknown>>()
  const uploads = new Uploads(hub())
  const [sending] = uploads.send(folderId, [file('a')])
  await until('it is under way', () => ways[0]?.starts === 1)
  answers['files.upload.state'] = () => answered.promise as never
  ways[0]!.options.onError()
  assert.equal(sending!.state, 'broken')
  answered.resolve(standing('open'))
  await until('it goes on', () => ways[0]!.starts === 2)
  assert.equal(sending!.state, 'sending')
})

test('what came whole though its answer was lost is done', async () => {
  const [sending] = new Uploads(hub()).send(folderId, [file('a')])
  await until('it is under way', () => ways[0]?.starts === 1)
  ways[0]!.options.onError()
  assert.equal((await sending!.done)?.name, 'a')
  assert.equal(sending!.state, 'done')
})

test('refused it says why, and the next one begins', async () => {
  answers['files.upload.begin'] = ({ name }) =>
    name === 'a' ? refused('over_quota', 'files.spaceFull') : ok({ uploadId: name, path: `/files/${String(name)}` })
  const [first, second] = new Uploads(hub()).send(folderId, [file('a'), file('b')])
  assert.equal(await first!.done, undefined)
  assert.deepEqual([first!.state, first!.failure?.key], ['refused', 'files.spaceFull'])
  await until('the second is under way', () => second!.state === 'sending')
})

test('other bytes than were announced are refused', async () => {
  answers['files.upload.state'] = () => standing('failed')
  const [sending] = new Uploads(hub()).send(folderId, [file('a')])
  await until('it is under way', () => ways[0]?.starts === 1)
  ways[0]!.options.onSuccess()
  await sending!.done
  assert.equal(sending!.failure?.key, 'files.wrongContent')
})

test('taken back it is gone here and at the hub', async () => {
  const uploads = new Uploads(hub())
  const [sending] = uploads.send(folderId, [file('a')])
  await until('it is under way', () => ways[0]?.starts === 1)
  await uploads.cancel(sending!)
  assert.equal(await sending!.done, undefined)
  assert.deepEqual([uploads.all.length, ways[0]!.isAborted, asked.at(-1)], [0, true, 'files.upload.cancel'])
})

test('folders are made once each, and one that is there already is used', async () => {
  const made: string[] = []
  answers['files.folder.create'] = ({ name }) => {
    made.push(String(name))
    return name === 'Old' ? refused('conflict', 'files.nameTaken') : ok({ id: `made ${String(name)}` })
  }
  answers['files.list'] = () => ok({ files: [{ id: 'known', kind: 'folder', name: 'old' }] })
  const uploads = new Uploads(hub())
  const dropped = [
    { folders: ['New', 'Deep'], file: file('a') },
    { folders: ['New'], file: file('b') },
    { folders: ['Old'], file: file('c') },
    { folders: [], file: file('d') },
  ]
  assert.equal(await uploads.sendTree(folderId, dropped), undefined)
  assert.deepEqual(made, ['New', 'Deep', 'Old'])
  assert.deepEqual(uploads.all.map(({ name, folderId: to }) => `${name} ${to}`).toSorted(), [
    'a made Deep',
    'b made New',
    'c known',
    `d ${folderId}`,
  ])
})
