import assert from 'node:assert/strict'
import { afterAll, beforeAll, inject, test } from 'vitest'
import type { Actor } from '@atrium/platform'
import type { FileId } from '@atrium/protocol'
import { house, type House, type Someone } from '../meetings/testing/house.ts'

let hub: House
beforeAll(async () => {
  hub = await house(inject('cluster'))
})
afterAll(() => hub.close())

/** Somebody with a link, and somebody of the house without a seat, both let in; and what lies in the room's folder. */
async function visited() {
  const { ada, carol } = hub
  const { meeting, roomId, meetingId } = await hub.garden(hub.bob)
  await hub.knock(ada, meeting)
  const folder = await ada.call('files.room', { roomId })
  const paper = async (name: string) => (await ada.call('files.document.create', { folderId: folder.id, name })).id
  const [before, shown, hidden] = [await paper('Before'), await paper('Shown'), await paper('Hidden')]
  await ada.call('chat.send', { roomId, body: '', files: [before] })
  const gwen = await hub.guest(meeting)
  const waiting = [await hub.knock(gwen, meeting), await hub.knock(carol, meeting)]
  await ada.call('meetings.admit', { meetingId, participantIds: waiting.map(({ id }) => id) })
  return { ada, gwen, carol, meeting, roomId, meetingId, folder, before, shown, hidden, waiting }
}
const seenBy = async (who: Someone, ...ids: FileId[]) => {
  const replies = []
  for (const fileId of ids) replies.push(await who.ask('files.file', { fileId }))
  return replies.map((reply) => (reply.ok ? reply.data.may : reply.error.code))
}
/** A file with a content, past the door. */
async function drawn(who: Someone, folderId: FileId, name: string): Promise<FileId> {
  const { uploading } = hub.hub.cabinet
  const bytes = Buffer.from(`the picture ${name}`)
  const { uploadId } = await who.call('files.upload.begin', { folderId, name, bytes: bytes.length })
  const actor = (await who.actor()) as Actor
  await uploading.take(await uploading.open(actor, uploadId), 0, [bytes] as never)
  await uploading.complete(actor, uploadId)
  return (await who.call('files.upload.state', { uploadId })).file!.id
}
const heardBy = async (who: Someone, ...ids: FileId[]) =>
  (
    await hub.hub.cabinet.spansOf(
      (await who.actor()) as Actor,
      ids.map((id) => `file:${id}`),
    )
  ).size

test('[FILE-14] who visits a room for a meeting reads what messages show them, and nothing else of its folder', async () => {
  const { ada, gwen, carol, roomId, meetingId, folder, before, shown, hidden, waiting } = await visited()
  for (const who of [gwen, carol]) {
    assert.equal((await who.refusal('files.room', { roomId })).code, 'not_found')
    assert.equal((await who.refusal('files.list', { folderId: folder.id })).code, 'not_found')
    assert.deepEqual(await seenBy(who, folder.id, before, shown, hidden), ['not_found', 'not_found', 'not_found', 'not_found'])
    assert.equal((await who.refusal('chat.send', { roomId, body: '', files: [hidden] })).code, 'not_found', 'nor is it shown by saying so')
  }
  assert.deepEqual((await carol.call('files.spaces', {})).rooms, [])
  assert.deepEqual((await carol.call('files.find', { text: 'hidden' })).files, [])

  const { id: messageId } = await ada.call('chat.send', { roomId, body: '', files: [shown] })
  for (const who of [gwen, carol]) {
    assert.deepEqual(await seenBy(who, before, shown, hidden), ['not_found', 'read', 'not_found'])
    assert.equal(await heardBy(who, before, shown, hidden), 1)
    assert.equal((await who.refusal('documents.versions', { fileId: shown })).code, 'not_found', 'as it is now')
  }
  const seen = await gwen.call('files.file', { fileId: shown })
  assert.deepEqual([seen.path.map(({ name }) => name), seen.file.parentId], [['Shown'], null])
  assert.equal((await carol.refusal('files.rename', { fileId: shown, name: 'Mine' })).code, 'forbidden')

  const revoked = hub.hear('revocations:all')
  await ada.call('chat.delete', { messageId })
  assert.deepEqual(await seenBy(gwen, shown), ['not_found'])
  assert.deepEqual(
    revoked.map(({ payload }) => payload),
    [{ kind: 'file', accountId: null, fileId: shown }],
    'and who has it open is asked again',
  )

  await ada.call('chat.send', { roomId, body: '', files: [hidden] })
  assert.deepEqual(await seenBy(gwen, hidden), ['read'])
  await ada.call('meetings.remove', { meetingId, participantId: waiting[0]!.id })
  assert.deepEqual([...(await seenBy(gwen, hidden)), await heardBy(gwen, hidden)], ['not_found', 0])
})

test('[FILE-14] what a message showed is seen where it lay then, and nowhere else', async () => {
  const { ada, gwen, roomId, folder, shown } = await visited()
  await ada.call('chat.send', { roomId, body: '', files: [shown] })
  const { own } = await ada.call('files.spaces', {})
  await ada.call('files.move', { fileIds: [shown], folderId: own.id })
  assert.deepEqual(await seenBy(gwen, shown), ['not_found'])
  await ada.call('files.move', { fileIds: [shown], folderId: folder.id })
  assert.deepEqual(await seenBy(gwen, shown), ['read'])
  await ada.call('files.trash', { fileIds: [shown] })
  assert.deepEqual(await seenBy(gwen, shown), ['not_found'])
})

test('[FILE-16] a picture in a document is read by whoever may read the document, as long as they may', async () => {
  const { ada, gwen, carol, roomId, folder, shown, hidden } = await visited()
  const picture = await drawn(ada, folder.id, 'Plan.png')
  const { id: messageId } = await ada.call('chat.send', { roomId, body: '', files: [shown] })
  assert.deepEqual(await seenBy(gwen, shown, picture), ['read', 'not_found'])

  await ada.call('files.embed', { documentId: shown, fileIds: [picture] })
  for (const who of [gwen, carol]) {
    assert.deepEqual(await seenBy(who, shown, picture), ['read', 'read'])
    await who.call('files.download', { fileId: picture, disposition: 'inline' })
    const refused = await who.refusal('chat.send', { roomId, body: '', files: [picture] })
    assert.equal(refused.code, 'not_found', 'it is theirs to look at, not to show')
  }
  assert.equal((await carol.refusal('files.versions', { fileId: picture })).code, 'not_found', 'as it is now')

  // Who has the document by a share sees what is in it, and nothing beside it.
  const dan = await hub.colleague(ada, 'Dan')
  await ada.call('files.share', { fileId: shown, accountId: dan.accountId, may: 'read' })
  assert.deepEqual(await seenBy(dan, shown, picture, hidden), ['read', 'read', 'not_found'])

  await ada.call('chat.delete', { messageId })
  await ada.call('files.unshare', { fileId: shown, accountId: dan.accountId })
  for (const who of [gwen, dan]) assert.deepEqual(await seenBy(who, shown, picture), ['not_found', 'not_found'])
})

test('[FILE-16] whoever puts a picture into a document may write both, and what is in the trash is in no document', async () => {
  const { ada, carol, folder, shown } = await visited()
  const picture = await drawn(ada, folder.id, 'Roof.png')
  const dan = await hub.colleague(ada, 'Dan')
  const put = { documentId: shown, fileIds: [picture] }
  assert.equal((await dan.refusal('files.embed', put)).code, 'not_found')
  await ada.call('files.share', { fileId: shown, accountId: dan.accountId, may: 'write' })
  assert.equal((await dan.refusal('files.embed', put)).code, 'not_found', 'of a picture that he may not see, he only knows the number')
  await ada.call('files.share', { fileId: picture, accountId: dan.accountId, may: 'read' })
  assert.equal((await dan.refusal('files.embed', put)).key, 'files.readOnly')
  assert.equal((await ada.refusal('files.embed', { documentId: picture, fileIds: [shown] })).key, 'files.readOnly')

  await ada.call('files.unshare', { fileId: picture, accountId: dan.accountId })
  await ada.call('files.embed', put)
  assert.deepEqual(await seenBy(dan, picture), ['read'])
  assert.deepEqual(await seenBy(carol, picture), ['not_found'])
  await ada.call('files.trash', { fileIds: [picture] })
  assert.deepEqual(await seenBy(dan, picture), ['not_found'])
})

test('[DIR-9] a guest is told of no address by a file either', async () => {
  const { ada, gwen, roomId, shown } = await visited()
  await ada.call('chat.send', { roomId, body: '', files: [shown] })
  const { people } = await gwen.call('files.file', { fileId: shown })
  assert.deepEqual(
    people.map(({ id, address, isAdministrator }) => [id, address, isAdministrator]),
    [[ada.accountId, null, false]],
  )
  assert.ok((await ada.call('files.file', { fileId: shown })).people[0]!.address)
})
