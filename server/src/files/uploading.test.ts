import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { house, type House, type Someone } from '../directory/testing/house.ts'

let hub: House
let ada: Someone
beforeAll(async () => {
  hub = await house(inject('cluster'))
  ada = await hub.founded()
})
afterAll(() => hub.close())

/** Somebody new, with an upload of which all bytes came. */
async function sent(bytes: Buffer) {
  const who = await hub.colleague(ada, 'Lou')
  const { own } = await who.call('files.spaces', {})
  const { uploadId } = await who.call('files.upload.begin', { folderId: own.id, name: 'plan.bin', bytes: bytes.length })
  const actor = (await who.actor())!
  const { uploading } = hub.hub.cabinet
  await uploading.take(await uploading.open(actor, uploadId), 0, [bytes] as never)
  return { who, actor, uploadId }
}
const usageOf = async ({ accountId }: Someone) =>
  (await sql<{ bytes: number }>`select bytes from file_usage where account_id = ${accountId}`.execute(hub.db)).rows[0]?.bytes
const stateOf = async (id: string) =>
  (await sql<{ state: string }>`select state from file_upload where id = ${id}`.execute(hub.db)).rows[0]?.state

test('an upload that is done stays so, and stays paid for, when its job looks after who sent it was locked', async () => {
  const { who, actor, uploadId } = await sent(randomBytes(5_000))
  await hub.hub.cabinet.uploading.complete(actor, uploadId)
  await ada.call('directory.person.change', { accountId: who.accountId, status: 'locked' })
  await hub.hub.cabinet.uploading.finishLater({ id: uploadId })
  assert.deepEqual([await stateOf(uploadId), await usageOf(who)], ['done', 5_000])
})

test('what somebody sent who is locked before it was finished is no file, and costs nothing', async () => {
  const { who, uploadId } = await sent(randomBytes(5_000))
  await ada.call('directory.person.change', { accountId: who.accountId, status: 'locked' })
  await hub.hub.cabinet.uploading.finishLater({ id: uploadId })
  await hub.hub.cabinet.uploading.finishLater({ id: uploadId })
  assert.deepEqual([await stateOf(uploadId), await usageOf(who)], ['failed', 0])
})
