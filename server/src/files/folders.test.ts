import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { sql } from 'kysely'
import type { Event } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import type { FileId } from '@atrium/protocol'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'
import { trashLivesMs } from './rules.ts'

let hub: House
let ada: Someone
let bob: Someone
let eve: Someone
beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
  bob = await hub.colleague(ada, 'Bob')
  eve = await hub.colleague(ada, 'Eve')
  hub.hub.cabinet.work(hub.queue)
  hub.hub.rooms.work(hub.queue)
})
afterAll(() => hub.close())

const own = async (who: Someone) => (await who.call('files.spaces', {})).own.id
const folder = async (who: Someone, folderId: FileId, name: string) => (await who.call('files.folder.create', { folderId, name })).id
const names = async (who: Someone, folderId: FileId) => (await who.call('files.list', { folderId })).files.map(({ name }) => name)
const revoked = (about: FileId) =>
  hub.heard.flatMap(({ payload }) => {
    const { kind, fileId, accountId } = payload as { kind?: string; fileId?: string; accountId?: string | null }
    return kind === 'file' && fileId === about ? [accountId] : []
  })

test('a folder is listed as people sort, in pages, and says where its topic stood', async () => {
  const top = await folder(ada, await own(ada), 'Sorted')
  for (const name of ['plan 10', 'Plan 2', 'älter', 'Zebra', 'b']) await folder(ada, top, name)
  assert.deepEqual(await names(ada, top), ['älter', 'b', 'Plan 2', 'plan 10', 'Zebra'])
  const first = await ada.call('files.list', { folderId: top, limit: 2, isDescending: true })
  assert.deepEqual([first.files.map(({ name }) => name), first.hasMore], [['Zebra', 'plan 10'], true])
  const next = await ada.call('files.list', { folderId: top, limit: 9, isDescending: true, after: first.files[1]!.id })
  assert.deepEqual([next.files.map(({ name }) => name), next.hasMore], [['Plan 2', 'b', 'älter'], false])
  assert.deepEqual(
    next.path.map(({ name }) => name),
    ['', 'Sorted'],
  )
  assert.deepEqual([next.at.topic, next.at.seq > 0, next.may], [`folder:${top}`, true, 'write'])
})

test('[FILE-7] [FILE-8] a name is used once in a folder, whatever its capitals; what is put there gets a number', async () => {
  const top = await folder(ada, await own(ada), 'Names')
  const [one, other] = [await folder(ada, top, 'One'), await folder(ada, top, 'Other')]
  assert.equal((await ada.refusal('files.folder.create', { folderId: top, name: 'ONE' })).key, 'files.nameTaken')
  assert.equal((await ada.refusal('files.rename', { fileId: other, name: 'one' })).key, 'files.nameTaken')
  assert.equal((await ada.call('files.rename', { fileId: one, name: 'ONE' })).name, 'ONE')
  await folder(ada, other, 'one')
  const [moved] = await ada.call('files.move', { fileIds: [one], folderId: other })
  assert.deepEqual([moved!.name, moved!.parentId], ['ONE (2)', other])
  for (const name of ['', '.', '..', 'a/b', 'a\\b', 'a\nb', '\u202egpj.exe', 'x'.repeat(201)])
    assert.equal((await ada.refusal('files.folder.create', { folderId: top, name })).code, 'invalid', JSON.stringify(name))
})

test('[FILE-6] a folder is not moved into itself, nor deeper than there is room', async () => {
  const top = await folder(ada, await own(ada), 'Deep')
  let [first, last] = [top, top]
  for (let depth = 0; depth < 5; depth++) {
    last = await folder(ada, last, `level ${depth}`)
    if (depth === 0) first = last
  }
  assert.equal((await ada.refusal('files.move', { fileIds: [first], folderId: last })).key, 'files.intoItself')
  assert.equal((await ada.refusal('files.move', { fileIds: [first], folderId: first })).key, 'files.intoItself')
  // Two at once, each into the other: one of them comes too late.
  const [a, b] = [await folder(ada, top, 'a'), await folder(ada, top, 'b')]
  const both = await Promise.all([
    ada.ask('files.move', { fileIds: [a], folderId: b }),
    ada.ask('files.move', { fileIds: [b], folderId: a }),
  ])
  assert.deepEqual(both.map((reply) => (reply.ok ? 'ok' : reply.error.key)).sort(), ['files.intoItself', 'ok'])
  for (let depth = 5; ; depth++) {
    const made = await ada.ask('files.folder.create', { folderId: last, name: `level ${depth}` })
    if (!made.ok) {
      assert.equal(made.error.key, 'files.tooDeep')
      break
    }
    last = made.data.id
    assert.ok(depth < 60)
  }
})

test('[FILE-3] what is shared is given with all that lies in it, and taken at once', async () => {
  const top = await folder(ada, await own(ada), 'Given')
  const inner = await folder(ada, top, 'Inner')
  assert.equal((await bob.refusal('files.list', { folderId: inner })).code, 'not_found')
  await ada.call('files.share', { fileId: top, accountId: bob.accountId, may: 'read' })
  assert.deepEqual(
    (await bob.call('files.spaces', {})).shared.map(({ file, may }) => [file.name, file.parentId, may]),
    [['Given', null, 'read']],
  )
  const seen = await bob.call('files.list', { folderId: inner })
  assert.deepEqual([seen.may, seen.path.map(({ name }) => name), seen.folder.parentId], ['read', ['Given', 'Inner'], top])
  assert.equal((await bob.refusal('files.folder.create', { folderId: inner, name: 'no' })).key, 'files.readOnly')
  assert.equal((await bob.refusal('files.share', { fileId: inner, accountId: eve.accountId, may: 'read' })).key, 'files.readOnly')
  assert.equal((await bob.refusal('files.list', { folderId: await own(ada) })).code, 'not_found')

  await ada.call('files.share', { fileId: top, accountId: bob.accountId, may: 'write' })
  await folder(bob, inner, 'by Bob')
  // Who may write may share; who was given it may also give it back.
  await bob.call('files.share', { fileId: inner, accountId: eve.accountId, may: 'read' })
  assert.deepEqual(await names(eve, inner), ['by Bob'])
  await eve.call('files.unshare', { fileId: inner, accountId: eve.accountId })
  assert.equal((await eve.refusal('files.list', { folderId: inner })).code, 'not_found')
  assert.deepEqual(revoked(inner), [eve.accountId])
  await ada.call('files.unshare', { fileId: top, accountId: bob.accountId })
  assert.equal((await bob.refusal('files.list', { folderId: inner })).code, 'not_found')
  assert.deepEqual(revoked(top), [bob.accountId])
  assert.equal((await ada.refusal('files.share', { fileId: await own(ada), accountId: bob.accountId, may: 'read' })).key, 'files.isRoot')
  assert.equal((await ada.refusal('files.share', { fileId: top, accountId: ada.accountId, may: 'read' })).key, 'files.notYourself')
})

test('what was given to somebody is news until they saw it, on whatever screen', async () => {
  const [given, other] = [await folder(ada, await own(ada), 'News'), await folder(ada, await own(ada), 'More news')]
  const news = async () => (await bob.call('files.shared.new', {})).shared.map(({ file, by, isNew }) => [file.name, by, isNew])
  for (const fileId of [given, other]) await ada.call('files.share', { fileId, accountId: bob.accountId, may: 'read' })
  assert.deepEqual((await news()).sort(), [
    ['More news', ada.accountId, true],
    ['News', ada.accountId, true],
  ])
  const heard: Event[] = []
  const stop = hub.ground.bus.subscribe(`account:${bob.accountId}`, (event) => heard.push(event))
  await bob.call('files.shared.see', { fileIds: [given] })
  await bob.call('files.shared.see', { fileIds: [given] })
  assert.equal((await ada.refusal('files.shared.see', { fileIds: [other] })).code, 'not_found', 'she gave it, nobody gave it to her')
  assert.deepEqual(
    heard.map(({ name, payload }) => [name, payload]),
    [['files.share.seen', { fileIds: [given] }]],
  )
  stop()
  assert.deepEqual(await news(), [['More news', ada.accountId, true]])
  const { shared } = await bob.call('files.spaces', {})
  assert.deepEqual(shared.map(({ file, isNew }) => [file.name, isNew]).sort(), [
    ['More news', true],
    ['News', false],
  ])

  // More of what he knows is no news; what he gave back and is given again, is.
  await ada.call('files.share', { fileId: given, accountId: bob.accountId, may: 'write' })
  assert.equal((await news()).length, 1)
  for (const fileId of [given, other]) await bob.call('files.unshare', { fileId, accountId: bob.accountId })
  assert.deepEqual(await news(), [])
  await ada.call('files.share', { fileId: given, accountId: bob.accountId, may: 'read' })
  assert.equal((await news()).length, 1)
  await bob.call('files.unshare', { fileId: given, accountId: bob.accountId })
})

test('[FILE-15] whoever has something by a share alone neither takes it away nor takes out what lies in it', async () => {
  const top = await folder(ada, await own(ada), 'Lent out')
  const [inner, other] = [await folder(ada, top, 'Drafts'), await folder(ada, top, 'Final')]
  await ada.call('files.share', { fileId: top, accountId: bob.accountId, may: 'write' })
  const bobs = await own(bob)
  for (const id of [top, inner]) assert.equal((await bob.refusal('files.move', { fileIds: [id], folderId: bobs })).key, 'files.readOnly')
  assert.equal((await bob.refusal('files.trash', { fileIds: [top] })).key, 'files.readOnly')
  assert.deepEqual(await names(ada, top), ['Drafts', 'Final'])

  // Within it, it is his to put in order; and what is his own he may put there.
  await bob.call('files.move', { fileIds: [inner], folderId: other })
  await bob.call('files.trash', { fileIds: [inner] })
  await bob.call('files.restore', { fileIds: [inner] })
  const mine = await folder(bob, bobs, 'From Bob')
  await bob.call('files.move', { fileIds: [mine], folderId: top })
  assert.deepEqual(await names(ada, top), ['Final', 'From Bob'])
  await ada.call('files.unshare', { fileId: top, accountId: bob.accountId })
})

test('[FILE-4] the trash takes a folder with all in it out of everybody’s sight, and gives it back where it was', async () => {
  const top = await folder(ada, await own(ada), 'Before')
  const [gone, inner] = [await folder(ada, top, 'Gone'), await folder(ada, top, 'x')]
  await ada.call('files.move', { fileIds: [inner], folderId: gone })
  await ada.call('files.share', { fileId: gone, accountId: bob.accountId, may: 'write' })
  const [trashed] = await ada.call('files.trash', { fileIds: [gone] })
  assert.ok(trashed!.trashedAt)
  assert.deepEqual(await names(ada, top), [])
  for (const id of [gone, inner]) assert.equal((await bob.refusal('files.file', { fileId: id })).code, 'not_found')
  assert.deepEqual((await bob.call('files.spaces', {})).shared, [])
  assert.deepEqual(revoked(gone).sort(), [bob.accountId, null].sort())
  assert.equal((await ada.refusal('files.list', { folderId: inner })).code, 'not_found')
  assert.equal((await ada.refusal('files.rename', { fileId: inner, name: 'y' })).key, 'files.isInTrash')
  assert.deepEqual(
    (await ada.call('files.trash.list', {})).files.map(({ name }) => name),
    ['Gone'],
  )
  assert.deepEqual((await bob.call('files.trash.list', {})).files, [])

  // Its name was taken meanwhile.
  await folder(ada, top, 'gone')
  const [back] = await ada.call('files.restore', { fileIds: [gone] })
  assert.deepEqual([back!.name, back!.parentId, back!.trashedAt], ['Gone (2)', top, null])
  assert.deepEqual(await names(bob, gone), ['x'])

  // What it lay in went: it is restored to the top of its space.
  await ada.call('files.trash', { fileIds: [gone] })
  await ada.call('files.trash', { fileIds: [top] })
  const [up] = await ada.call('files.restore', { fileIds: [gone] })
  assert.equal(up!.parentId, await own(ada))
  assert.equal((await ada.refusal('files.delete', { fileIds: [gone] })).key, 'files.notInTrash')
})

test('what is deleted for ever is forgotten: by name, in the journal and in what was shared', async () => {
  const top = await folder(ada, await own(ada), 'Kept')
  const secret = await folder(ada, top, 'A very secret name')
  await ada.call('files.share', { fileId: secret, accountId: bob.accountId, may: 'read' })
  await folder(ada, secret, 'An even more secret name')
  await ada.call('files.trash', { fileIds: [secret] })
  assert.deepEqual(await ada.call('files.delete', { fileIds: [secret] }), { fileIds: [secret] })
  for (const table of ['journal', 'file', 'file_share', 'job']) {
    const { rows } = await sql`select from ${sql.table(table)} as t where t::text like '%secret name%'`.execute(hub.db)
    assert.deepEqual(rows, [], table)
  }
  assert.equal((await ada.refusal('files.file', { fileId: secret })).code, 'not_found')
})

test('[FILE-10] what was trashed thirty days ago is deleted by itself', async () => {
  const old = await folder(ada, await own(ada), 'Old')
  await ada.call('files.trash', { fileIds: [old] })
  await hub.hub.cabinet.sweepTrash()
  assert.ok((await ada.call('files.trash.list', {})).files.some(({ id }) => id === old))
  await sql`update file set trashed_at = trashed_at - ${trashLivesMs + 1_000} * interval '1 ms' where id = ${old}`.execute(hub.db)
  await hub.hub.cabinet.sweepTrash()
  assert.equal((await ada.refusal('files.file', { fileId: old })).code, 'not_found')
})

test('files are found by any part of their names, where one may see them', async () => {
  const top = await folder(ada, await own(ada), 'Finding')
  const hidden = await folder(ada, top, 'Übersicht 2026 Entwurf')
  await ada.call('files.share', { fileId: hidden, accountId: bob.accountId, may: 'read' })
  const found = async (who: Someone, text: string) => (await who.call('files.find', { text })).files.map(({ name }) => name)
  assert.deepEqual(await found(ada, 'ubers entwurf'), ['Übersicht 2026 Entwurf'])
  assert.deepEqual(await found(bob, '2026'), ['Übersicht 2026 Entwurf'])
  assert.deepEqual(await found(eve, '2026'), [])
  assert.deepEqual(await found(ada, '100%_'), [])
  await ada.call('files.trash', { fileIds: [top] })
  assert.deepEqual(await found(ada, 'entwurf'), [])
  assert.deepEqual(await found(bob, 'entwurf'), [])
})

test('topics of files are heard by who sees them now', async () => {
  const top = await folder(ada, await own(ada), 'Heard')
  const asked = [`folder:${top}`, `file:${top}`, `folder:${top.toUpperCase()}`, 'folder:x']
  const heardBy = async (who: Someone) => [...(await hub.hub.cabinet.spansOf((await who.actor())!, asked)).keys()]
  assert.deepEqual(await heardBy(ada), asked.slice(0, 2))
  assert.deepEqual(await heardBy(bob), [])
  await ada.call('files.share', { fileId: top, accountId: bob.accountId, may: 'read' })
  assert.deepEqual(await heardBy(bob), asked.slice(0, 2))
  await ada.call('files.trash', { fileIds: [top] })
  assert.deepEqual([await heardBy(bob), await heardBy(ada)], [[], []])
})

test('who closes an account takes their own space along, and what others shared with them', async () => {
  const leaver = await hub.colleague(ada, 'Leaver')
  const mine = await folder(leaver, await own(leaver), 'All I had')
  await leaver.call('files.share', { fileId: mine, accountId: bob.accountId, may: 'read' })
  await leaver.call('directory.account.delete', { password, messages: 'keep' })
  assert.equal((await bob.refusal('files.file', { fileId: mine })).code, 'not_found')
  await until('nothing of it is left', async () => {
    const { rows } = await sql`select from file as t where space_id = ${leaver.accountId}`.execute(hub.db)
    return rows.length === 0
  })
})
