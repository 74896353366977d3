import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { since, type Event } from '@atrium/platform'
import { converges, randomOf } from '@atrium/platform/testing'
import type { File, FileId } from '@atrium/protocol'
import { applyFolder, type FolderPage } from '@atrium/protocol/files.apply'
import { house, type House, type Someone } from '../directory/testing/house.ts'

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
})
afterAll(() => hub.close())

/** Two folders of a room, in which Ada and Bob keep their files. */
async function folders(): Promise<[FileId, FileId]> {
  const { room } = await ada.call('chat.room.create', { name: 'Boats', memberIds: [bob.accountId] })
  const root = await ada.call('files.room', { roomId: room.id })
  const make = async (name: string) => (await ada.call('files.folder.create', { folderId: root.id, name })).id
  return [await make('Here'), await make('There')]
}

const order = { sort: 'name', isDescending: false } as const
async function load(folderId: FileId, limit: number): Promise<{ state: FolderPage; at: number }> {
  const { folder, files, hasMore, at } = await ada.call('files.list', { folderId, limit, ...order })
  return { state: { folder, files, hasMore, ...order }, at: at.seq }
}
const apply = (page: FolderPage, { name, payload }: Event): FolderPage =>
  name in applyFolder ? applyFolder[name as keyof typeof applyFolder](page, payload as never) : page
const told = (folderId: FileId): Event[] => {
  const heard: Event[] = []
  hub.ground.bus.subscribe(`folder:${folderId}`, (event) => heard.push(event))
  return heard
}
async function missed(folderId: FileId, after: number): Promise<Event[]> {
  const topic = `folder:${folderId}`
  const [delta] = await since(
    hub.db,
    { epoch: hub.ground.epoch, positions: [{ topic, seq: after }] },
    new Map([[topic, [{ from: 1, to: null }]]]),
  )
  return delta?.kind === 'delta' ? delta.facts.map(({ name, payload, at }) => ({ name, payload, ...at })) : assert.fail(delta?.kind)
}

/** Every page of the folder shows in the end what a fresh one does; one that shows a stretch of it, the beginning of that. */
async function pagesConverge(folderId: FileId, action: () => Promise<unknown>): Promise<FolderPage> {
  const heard = told(folderId)
  const short = await load(folderId, 5)
  const whole = await converges<FolderPage>({
    load: () => load(folderId, 500),
    apply,
    missed: (after) => missed(folderId, after),
    heard: () => heard,
    action,
  })
  const followed = heard.filter(({ seq }) => seq !== null && seq > short.at).reduce(apply, short.state)
  assert.deepEqual(followed.files, whole.files.slice(0, followed.files.length), 'a stretch has a hole')
  if (!followed.hasMore) assert.equal(followed.files.length, whole.files.length)
  return whole
}

async function uploaded(who: Someone, folderId: FileId, name: string, replaces?: FileId): Promise<File | null> {
  const begun = await who.ask('files.upload.begin', { folderId, name, bytes: 64, ...(replaces && { replaces }) })
  if (!begun.ok) return null
  const { uploading } = hub.hub.cabinet
  const actor = (await who.actor())!
  const { uploadId } = begun.data
  // Where it was to go may be gone meanwhile.
  const isDone = await uploading.open(actor, uploadId).then(
    (upload) => uploading.take(upload, 0, [randomBytes(64)] as never).then(() => uploading.complete(actor, uploadId)),
    () => undefined,
  ).then(() => true, () => false) // prettier-ignore
  return isDone ? (await who.call('files.upload.state', { uploadId })).file : null
}

test('what everybody does in a folder is on every page of it: who was there, who came late, who was away', async () => {
  const [here, there] = await folders()
  const made: FileId[] = []
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f 2', 'f 10'])
    made.push((await ada.call('files.document.create', { folderId: here, name })).id)
  const [a, b, c, d, e] = made as [FileId, FileId, FileId, FileId, FileId]

  const page = await pagesConverge(here, () =>
    Promise.all([
      bob.call('files.rename', { fileId: a, name: 'Zebra' }).then(() => bob.call('files.rename', { fileId: a, name: 'apple' })),
      bob.call('files.move', { fileIds: [b], folderId: there }),
      ada.call('files.move', { fileIds: [c], folderId: there }).then(() => ada.call('files.move', { fileIds: [c], folderId: here })),
      ada.call('files.trash', { fileIds: [d] }).then(() => bob.call('files.delete', { fileIds: [d] })),
      bob.call('files.trash', { fileIds: [e] }).then(() => bob.call('files.restore', { fileIds: [e] })),
      ada.call('files.folder.create', { folderId: here, name: 'Zoo' }),
      ada.call('files.share', { fileId: made[5]!, accountId: eve.accountId, may: 'read' }),
      bob.call('files.rename', { fileId: here, name: 'Harbour' }),
      uploaded(bob, here, 'film.bin').then((file) => uploaded(ada, here, 'again', file!.id)),
    ]),
  )
  assert.deepEqual(
    page.files.map(({ name }) => name),
    ['Zoo', 'apple', 'c', 'e', 'f 2', 'f 10', 'film.bin'],
  )
  assert.deepEqual(
    [page.folder.name, page.files.at(-1)!.version, page.files.find(({ name }) => name === 'f 2')!.isShared],
    ['Harbour', 2, true],
  )
})

for (const seed of [1, 2, 3])
  test(`random stories of a folder converge (seed ${seed})`, async () => {
    const random = randomOf(seed)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
    const [here, there] = await folders()
    const known: FileId[] = []
    const words = ['Ärger', 'apple', 'Boot 2', 'boot 10', 'Öl', 'oil', 'zebra', '😀', '～']
    const name = () => `${pick(words)} ${Math.floor(random() * 20)}`
    const deeds: ((by: Someone) => Promise<unknown>)[] = [
      async (by) => {
        const made = await by.ask(pick(['files.document.create', 'files.folder.create'] as const), {
          folderId: pick([here, here, there]),
          name: name(),
        })
        if (made.ok) known.push(made.data.id)
      },
      (by) => by.ask('files.rename', { fileId: pick(known), name: name() }),
      (by) => by.ask('files.move', { fileIds: [pick(known), pick(known)], folderId: pick([here, there, pick(known)]) }),
      (by) => by.ask('files.trash', { fileIds: [pick(known)] }),
      (by) => by.ask('files.restore', { fileIds: [pick(known)] }),
      (by) => by.ask('files.delete', { fileIds: [pick(known)] }),
      (by) => by.ask('files.share', { fileId: pick(known), accountId: eve.accountId, may: pick(['read', 'write'] as const) }),
      (by) => by.ask('files.unshare', { fileId: pick(known), accountId: eve.accountId }),
      async (by) => {
        const file = await uploaded(by, here, name())
        if (file) known.push(file.id)
      },
      (by) => by.ask('files.rename', { fileId: here, name: `Here ${Math.floor(random() * 9)}` }),
    ]
    for (let n = 0; n < 8; n++) await deeds[0]!(ada)
    await pagesConverge(here, () => Promise.all(Array.from({ length: 60 }, () => pick(deeds)(pick([ada, bob])))))
  })
