import { fail, type Actor } from '@atrium/platform'
import type { AccountId, File, FileId, Given, Hub, Input, Output, Person, RoomId } from '@atrium/protocol'
import { shownTo } from '../directory/index.ts'
import { isShownOnly, isVisitor } from './rules.ts'
import {
  folderTopic,
  inRoomOf,
  noSuchFile,
  ownSpace,
  pathOf,
  rootOf,
  shown,
  type FilesDeps,
  type Seeing,
  type Seen,
} from './service.common.ts'
import { findNamed, listFolder, listSharedWith, listTrash } from './store.lists.ts'
import { listRoots, toFile, type Db } from './store.ts'
import { listShares, sharesOf } from './store.shares.ts'
import { listVersions, usageOf } from './store.versions.ts'

/** Whom a folder was made by that nobody asked for. */
const nobody = '00000000-0000-0000-0000-000000000000' as AccountId
/** How many are looked at in turn for those that may be seen. */
const lookedAt = 200

export function readingService(
  { db, work, snapshot, epoch, now, newId, peopleOf, placesOf, allowanceOf }: FilesDeps,
  { see, one, standing }: Seeing,
) {
  const peopleIn = (from: Db, files: readonly Pick<File, 'changedBy'>[], others: readonly string[] = []): Promise<Person[]> =>
    peopleOf(from, [...new Set([...others, ...files.map(({ changedBy }) => changedBy)])])
  /** The rooms whose folders somebody sees. */
  const roomsOf = async (actor: Actor): Promise<string[]> =>
    [...(await placesOf(db, actor.accountId))].flatMap(([roomId, place]) => (isVisitor(actor, place) ? [] : [roomId]))
  const makeRoot = (space: Parameters<typeof rootOf>[1], by: AccountId) => work((tx) => rootOf(tx, space, { by, at: now(), newId }))
  /** What is shared with somebody, the newest first: as far as it is still there. */
  async function givenTo(actor: Actor, which: 'all' | 'new' = 'all'): Promise<Given[]> {
    const given = await sharesOf(db, actor.accountId, which)
    const ids = given.map(({ fileId }) => fileId)
    const seen = await see(db, actor, ids)
    return given.flatMap(({ fileId, may, by, at, isNew }) => {
      const file = seen.get(fileId)
      return file && !file.isTrashed ? [{ file: shown(file), may, by, at, isNew }] : []
    })
  }
  const inOrder = (ids: readonly string[], seen: ReadonlyMap<string, Seen>): Seen[] => ids.flatMap((id) => seen.get(id) ?? [])

  return {
    async spaces({ accountId, ...actor }: Actor): Promise<Output<Hub, 'files.spaces'>> {
      const me = { accountId, ...actor }
      const roomIds = await roomsOf(me)
      const [[root], rooms, shared] = await Promise.all([
        listRoots(db, 'personal', [accountId]),
        listRoots(db, 'room', roomIds),
        givenTo(me),
      ])
      const own = root ?? (await makeRoot(ownSpace(accountId), accountId))
      return {
        own: toFile(own),
        rooms: rooms.map((row) => toFile(row)),
        shared,
        people: await peopleIn(
          db,
          [own, ...rooms, ...shared.map(({ file }) => file)],
          shared.map(({ by }) => by),
        ),
        usage: { bytes: await usageOf(db, accountId), maxBytes: (await allowanceOf(db, accountId)).quotaBytes },
      }
    },

    async room(actor: Actor, { roomId }: Input<Hub, 'files.room'>): Promise<File> {
      const place = (await placesOf(db, actor.accountId, [roomId])).get(roomId)
      if (!place || isVisitor(actor, place)) throw fail('not_found', 'chat.noSuchRoom')
      const [known] = await listRoots(db, 'room', [roomId])
      return toFile(known ?? (await makeRoot(inRoomOf(roomId), actor.accountId)))
    },

    async folderOf(roomId: RoomId): Promise<FileId> {
      const [known] = await listRoots(db, 'room', [roomId])
      return (known ?? (await makeRoot(inRoomOf(roomId), nobody))).id
    },

    list: (actor: Actor, { folderId, ...page }: Input<Hub, 'files.list'>): Promise<Output<Hub, 'files.list'>> =>
      snapshot(async (then, at) => {
        const folder = await standing(then, actor, folderId, 'folderId')
        if (folder.kind !== 'folder') throw fail('conflict', 'files.notAFolder', { field: 'folderId' })
        const found = await listFolder(then, folderId, page)
        if (!found) throw noSuchFile('after')
        const files = found.slice(0, page.limit).map((row) => toFile(row))
        return {
          files,
          people: await peopleIn(then, [...files, folder]),
          hasMore: found.length > page.limit,
          folder: shown(folder),
          may: folder.may,
          path: pathOf(folder),
          epoch,
          at: await at(folderTopic(folderId)),
        }
      }),

    async file(actor: Actor, { fileId }: Input<Hub, 'files.file'>): Promise<Output<Hub, 'files.file'>> {
      const seen = await one(db, actor, fileId)
      return { file: shown(seen), may: seen.may, path: pathOf(seen), people: shownTo(actor, await peopleIn(db, [seen])) }
    },

    async find(actor: Actor, { text, limit }: Input<Hub, 'files.find'>): Promise<Output<Hub, 'files.find'>> {
      if (text === '') return { files: [], people: [], hasMore: false }
      const reach = { accountId: actor.accountId, roomIds: await roomsOf(actor) }
      const found: Seen[] = []
      for (let offset = 0; found.length <= limit; offset += lookedAt) {
        const ids = await findNamed(db, reach, text, offset, lookedAt)
        found.push(...inOrder(ids, await see(db, actor, ids)).filter(({ isTrashed }) => !isTrashed))
        if (ids.length < lookedAt) break
      }
      const files = found.slice(0, limit).map(shown)
      return { files, people: await peopleIn(db, files), hasMore: found.length > limit }
    },

    async trashed(actor: Actor, { after, limit }: Input<Hub, 'files.trash.list'>): Promise<Output<Hub, 'files.trash.list'>> {
      if (after !== undefined) await one(db, actor, after, 'after')
      const reach = { accountId: actor.accountId, roomIds: await roomsOf(actor) }
      const given = (await listSharedWith(db, actor.accountId)).map(({ id }) => id)
      const rows = await listTrash(db, reach, given, after, limit + 1)
      const ids = rows.map(({ id }) => id)
      const files = inOrder(ids.slice(0, limit), await see(db, actor, ids)).map(shown)
      return { files, people: await peopleIn(db, files), hasMore: rows.length > limit }
    },

    async versions(actor: Actor, { fileId }: Input<Hub, 'files.versions'>): Promise<Output<Hub, 'files.versions'>> {
      if (isShownOnly(await standing(db, actor, fileId))) throw noSuchFile()
      const versions = await listVersions(db, fileId)
      return { versions, people: await peopleOf(db, [...new Set(versions.map(({ by }) => by))]) }
    },

    async newlyShared(actor: Actor): Promise<Output<Hub, 'files.shared.new'>> {
      const shared = await givenTo(actor, 'new')
      const givers = shared.map(({ by }) => by)
      return { shared, people: await peopleOf(db, [...new Set(givers)]) }
    },

    async shares(actor: Actor, { fileId }: Input<Hub, 'files.shares'>): Promise<Output<Hub, 'files.shares'>> {
      const seen = await standing(db, actor, fileId)
      if (isShownOnly(seen)) throw noSuchFile()
      const shares = await listShares(
        db,
        seen.path.map(({ id }) => id),
      )
      return { shares, people: await peopleOf(db, [...new Set(shares.flatMap(({ accountId, by }) => [accountId, by]))]) }
    },
  }
}
