import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { sql } from 'kysely'
import { afterAll, beforeAll, inject, test } from 'vitest'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import { Doc } from 'yjs'
import { until } from '@atrium/platform/testing'
import type { FileId } from '@atrium/protocol'
import { patched, uploaded } from '../../server/src/files/testing/sending.ts'
import { hub, type TestHub } from '../../server/src/testing/hub.ts'
import type { Person } from '../../server/src/testing/person.ts'

let here: TestHub
beforeAll(async () => {
  here = await hub(inject('cluster'), { modules: { collab: () => import('@atrium/collab') } })
})
afterAll(() => here.close())

/** In every name, word and byte that is hers, so that nothing of it can hide. */
const mark = 'carol'

/** Writes in a document, and is sure that it is kept. */
async function write(who: Person, fileId: FileId, words: string): Promise<void> {
  class WithCookie extends WebSocket {
    constructor(url: string) {
      super(url, { headers: { cookie: who.cookie, origin: who.origin } })
    }
  }
  const doc = new Doc()
  const address = `${who.origin.replace('http', 'ws')}/yws`
  const provider = new WebsocketProvider(address, fileId, doc, { WebSocketPolyfill: WithCookie as never, disableBc: true })
  await until('the document is open', () => provider.synced)
  doc.getText('default').insert(0, words)
  const kept = () => here.db.selectFrom('docUpdate').select('n').where('fileId', '=', fileId).execute()
  await until('it is kept', async () => (await kept()).length > 0)
  provider.destroy()
}

/** The tables in which something is written with the mark: as text, or in bytes. */
async function tablesThatSay(words: string): Promise<string[]> {
  const tables = await sql<{ name: string }>`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`.execute(
    here.db,
  )
  const found: string[] = []
  const hex = Buffer.from(words).toString('hex')
  for (const { name } of tables.rows) {
    const { rows } = await sql<{ row: string }>`
      select t::text as row from ${sql.table(name)} as t where t::text ilike ${`%${words}%`} or t::text like ${`%${hex}%`}`.execute(here.db)
    for (const { row } of rows) found.push(`${name}: ${row.slice(0, 300)}`)
  }
  return found
}
async function blobsThatSay(words: string): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of here.house.blobs.list()) {
    // One that was let go of meanwhile says nothing any more.
    const bytes = await here.house.blobs
      .get(key)
      .then(buffer)
      .catch(() => Buffer.alloc(0))
    if (bytes.includes(words)) found.push(key)
  }
  return found
}

test('of somebody who takes all they said along, no name, word or byte is left anywhere; what is the room’s stays the room’s', async () => {
  const { alice, bob, carol } = here
  // What is hers alone.
  const own = (await carol.call('files.spaces', {})).own.id
  const folder = await carol.call('files.folder.create', { folderId: own, name: `${mark} papers` })
  const diary = await uploaded(carol, folder.id, `${mark}.txt`, Buffer.from(`${mark} wrote this`))
  await uploaded(carol, folder.id, 'x', Buffer.from(`${mark} wrote this, too`), { replaces: diary.id })
  await carol.call('files.share', { fileId: diary.id, accountId: bob.accountId, may: 'read' })
  const paper = await carol.call('files.document.create', { folderId: folder.id, name: `${mark} thinks` })
  await write(carol, paper.id, `${mark} writes`)
  await carol.call('documents.version.save', { fileId: paper.id, name: `${mark} version` })
  const half = await carol.call('files.upload.begin', { folderId: own, name: `${mark} half`, bytes: 1_000 })
  await patched(carol, half.path, 0, Buffer.from(`${mark} began`))
  await carol.call('directory.profile.change', { name: `${mark} Quill`, title: `${mark}, boats` })

  // What she did among others.
  const { room } = await alice.call('chat.room.create', { name: 'Boats', memberIds: [bob.accountId, carol.accountId] })
  const place = await alice.call('files.room', { roomId: room.id })
  const plan = await uploaded(carol, place.id, 'plan.txt', Buffer.from('for all'))
  const minutes = await alice.call('files.document.create', { folderId: place.id, name: 'Minutes' })
  await write(carol, minutes.id, 'for all to read')
  await carol.call('documents.version.save', { fileId: minutes.id, name: 'Agreed' })
  await carol.call('chat.send', { roomId: room.id, body: `${mark} says`, files: [plan.id] })
  await bob.call('files.share', { fileId: plan.id, accountId: carol.accountId, may: 'read' })
  const { room: direct } = await carol.call('chat.direct', { accountId: bob.accountId })
  await carol.call('chat.send', { roomId: direct.id, body: `${mark} whispers` })
  const { id: meetingId } = await carol.call('meetings.start', { roomId: room.id })
  await carol.call('meetings.knock', { meetingId })
  const target = { meetingId, name: `${mark} channel`, url: 'rtmp://8.8.8.8/live', key: `${mark}-stream-key` }
  await carol.call('meetings.target.add', target)
  assert.ok((await tablesThatSay(mark)).length > 20, 'the story leaves traces')
  assert.ok((await blobsThatSay(mark)).length > 2)
  const copy = await (await carol.http('/export')).text()
  for (const said of [`${mark} papers`, `${mark}.txt`, `${mark} thinks`, `${mark} says`, `${mark} whispers`, 'plan.txt', `${mark} channel`])
    assert.ok(copy.includes(said), `a copy of her data leaves out: ${said}`)
  assert.ok(!copy.includes(target.key), 'a key is not given out, not even to whoever brought it')

  const id = carol.accountId
  await carol.call('directory.account.delete', { password: carol.password, messages: 'delete' })
  await until('what was put off is done', async () => (await blobsThatSay(mark)).length === 0, 15_000)
  await until('no job is about it', async () => !(await tablesThatSay(mark)).some((row) => row.startsWith('job:')), 15_000)
  assert.deepEqual(await tablesThatSay(mark), [])
  assert.deepEqual(
    (await tablesThatSay(id)).filter((row) => /^(file_share|file_usage|file_upload|session|device)\b/.test(row)),
    [],
  )

  // The room has what was brought into it, by somebody who has no name any more.
  const listed = await bob.call('files.list', { folderId: place.id })
  assert.deepEqual(listed.files.map(({ name }) => name), ['Minutes', 'plan.txt']) // prettier-ignore
  const nobody = { id, name: '', status: 'deleted' }
  for (const { people } of [
    listed,
    await bob.call('files.versions', { fileId: plan.id }),
    await bob.call('documents.versions', { fileId: minutes.id }),
  ]) {
    const { name, status } = people.find((one) => one.id === id) ?? assert.fail('who it was is not said at all')
    assert.deepEqual({ id, name, status }, nobody)
  }
  assert.deepEqual((await bob.call('files.spaces', {})).shared, [])
})
