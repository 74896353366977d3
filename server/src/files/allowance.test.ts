import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, inject, test } from 'vitest'
import type { Domain, FileId, Limits, ValuesChange } from '@atrium/protocol'
import { house, password, type House, type Someone } from '../directory/testing/house.ts'
import { levelOf } from './rules.ts'

let hub: House
let ada: Someone
beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
})
afterAll(() => hub.close())

async function aDomain(limits: Partial<Limits> = {}): Promise<Domain> {
  const domain = await ada.call('domains.create', { name: `d-${randomUUID().slice(0, 6)}.example` })
  return ada.call('domains.limits', { domainId: domain.id, limits })
}
async function somebodyIn(domainId: Domain['id'], values: ValuesChange = {}) {
  const { account, invitation } = await ada.call('accounts.create', { domainId, userName: `n-${randomUUID().slice(0, 6)}`, given: 'Lou' })
  await ada.call('accounts.values', { accountId: account.id, values })
  const browser = hub.somebody()
  await browser.call('auth.invitation.accept', { token: hub.tokenOf(invitation!), password })
  browser.accountId = account.id
  const { own } = await browser.call('files.spaces', {})
  return Object.assign(browser, { home: own.id })
}
type Lou = Awaited<ReturnType<typeof somebodyIn>>
const begin = (who: Lou, bytes: number) => ({ folderId: who.home, name: `${randomUUID()}.bin`, bytes })
async function put(who: Lou, bytes: number, replaces?: FileId): Promise<FileId> {
  const { uploadId } = await who.call('files.upload.begin', { ...begin(who, bytes), ...(replaces && { replaces }) })
  const { uploading } = hub.hub.cabinet
  const actor = (await who.actor())!
  await uploading.take(await uploading.open(actor, uploadId), 0, [randomBytes(bytes)] as never)
  await uploading.complete(actor, uploadId)
  return (await who.call('files.upload.state', { uploadId })).file!.id
}
const reached = async ({ accountId }: Lou) =>
  (
    await sql<{ percent: number }>`select (payload->>'percent')::int as percent from journal
      where topic = ${`account:${accountId}`} and name = 'files.usage.reached' and payload is not null`.execute(hub.db)
  ).rows.map(({ percent }) => percent)

test('[FILE-9] [FILE-18] one’s own quota holds, is told at 80, 90 and 100 of a hundred, and what is over it is read and not lost', async () => {
  assert.deepEqual(
    [79, 80, 90, 99, 100].map((bytes) => levelOf(bytes, 100)),
    [0, 80, 90, 90, 100],
  )
  const lou = await somebodyIn((await aDomain()).id, { 'files.quota': 1_000 })
  const file = await put(lou, 850)
  assert.deepEqual(await reached(lou), [80])
  const full = await lou.refusal('files.upload.begin', begin(lou, 200))
  assert.deepEqual([full.code, full.params], ['over_quota', { maxBytes: 1_000 }])
  await put(lou, 150)
  assert.deepEqual(await reached(lou), [100])

  await ada.call('accounts.values', { accountId: lou.accountId, values: { 'files.quota': 500 } })
  assert.equal((await lou.call('files.file', { fileId: file })).file.bytes, 850)
  assert.equal((await lou.refusal('files.document.create', { folderId: lou.home, name: 'More' })).key, 'accounts.readOnlyOverQuota')
  await lou.call('files.trash', { fileIds: [file] })
  await lou.call('files.delete', { fileIds: [file] })
  assert.deepEqual((await lou.call('files.spaces', {})).usage, { bytes: 150, maxBytes: 500 })
})

test('[FILE-9] all people of a domain together keep no more than it may, also when they begin at once', async () => {
  const domain = await aDomain({ bytes: 1_000 })
  const people = [await somebodyIn(domain.id), await somebodyIn(domain.id), await somebodyIn(domain.id)]
  const all = await Promise.all(people.flatMap((who) => [400, 400].map((bytes) => who.ask('files.upload.begin', begin(who, bytes)))))
  assert.equal(all.filter((reply) => reply.ok).length, 2)
  const refused = all.find((reply) => !reply.ok)
  assert.deepEqual(!refused!.ok && refused!.error.params, { maxBytes: 1_000 })
  assert.equal((await ada.call('domains.get', { domainId: domain.id })).bytes, 800)

  // Who brings too much along does not move in.
  const rich = await somebodyIn((await aDomain()).id)
  await put(rich, 300)
  const stays = await ada.refusal('accounts.move', { accountId: rich.accountId, toDomainId: domain.id })
  assert.deepEqual([stays.code, stays.params], ['over_quota', { max: 1_000 }])
})

test('how large a file may be, and how many of its versions are kept, are values', async () => {
  const lou = await somebodyIn((await aDomain()).id, { 'files.maxUpload': 100, 'files.versionsKept': 2 })
  assert.equal((await lou.refusal('files.upload.begin', begin(lou, 101))).code, 'too_large')
  const file = await put(lou, 50)
  for (const bytes of [60, 70, 80]) await put(lou, bytes, file)
  const versions = await lou.call('files.versions', { fileId: file })
  assert.deepEqual(
    versions.versions.map(({ bytes }) => bytes),
    [80, 70],
  )
  assert.equal((await lou.call('files.spaces', {})).usage.bytes, 150)
})

test('[DIR-15] of many who move at once into a domain with one place left, one does', async () => {
  const domain = await aDomain({ accounts: 1 })
  const from = await aDomain()
  const people = await Promise.all(
    Array.from({ length: 6 }, () => ada.call('accounts.create', { domainId: from.id, userName: `m-${randomUUID().slice(0, 8)}` })),
  )
  const moves = await Promise.all(people.map(({ account }) => ada.ask('accounts.move', { accountId: account.id, toDomainId: domain.id })))
  assert.equal(moves.filter((reply) => reply.ok).length, 1)
  assert.ok(moves.every((reply) => reply.ok || reply.error.key === 'accounts.domainFull'))
})
