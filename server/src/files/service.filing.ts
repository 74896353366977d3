import { buffer } from 'node:stream/consumers'
import { fail, type Actor, type Announce } from '@atrium/platform'
import type { AccountId, FileId } from '@atrium/protocol'
import { dropJob } from './service.changing.ts'
import { alone, freeName, noSuchFile, tellChanged, type FilesDeps, type Seeing, type Seen } from './service.common.ts'
import { headBytes, typeOf } from './sniff.ts'
import { addFile, findFiles, holdFiles, type Row, type Tx } from './store.ts'
import { adoptOnce, isKept, type Adopted, type Upload } from './store.uploads.ts'
import { addVersion, dropOldVersions, keepContent, setFault, takeRoom } from './store.versions.ts'

/** Lets go of bytes that became nothing. */
export const unstageJob = 'files.unstage'
/** Makes a content whole that was lost or damaged. */
export const mendJob = 'files.mend'

type Wanted = Pick<Upload, 'folderId' | 'replaces' | 'name' | 'bytes'>
interface Kept {
  key: string
  type: string
  bytes: number
}
interface Content {
  key: string
  sha256: string
  bytes: number
}

/** What came in becomes a file: the bytes of an upload, or what lies in the blobs already. */
export function filing({ db, work, jobs, blobs, now, newId, allowanceOf }: FilesDeps, { folderFor, changeable }: Seeing) {
  /** Where the bytes are to go: asked for at the beginning, and again when they are there. */
  async function target(
    tx: Tx,
    actor: Actor,
    { folderId, replaces }: Pick<Upload, 'folderId' | 'replaces'>,
  ): Promise<{ folder: Seen; replaced: Seen | undefined }> {
    const folder = await folderFor(tx, actor, folderId)
    if (!replaces) return { folder, replaced: undefined }
    await holdFiles(tx, [replaces])
    const replaced = await changeable(tx, actor, replaces, 'replaces')
    if (replaced.kind !== 'file') throw fail('conflict', 'files.notAFile', { field: 'replaces' })
    return { folder, replaced }
  }

  const begin = async (tx: Tx, { fileId, accountId, folder, name }: Adopted & { folder: Row; name: string }): Promise<Row> =>
    (await addFile(tx, {
      ...{ id: fileId, kind: 'file', parentId: folder.id, space: folder.space, spaceId: folder.spaceId, by: accountId, at: now() },
      name: await freeName(tx, folder, name, 'file'),
    }))!

  /** What a file contains from now on. */
  async function write(tx: Tx, announce: Announce, file: Row, content: Kept & { by: AccountId }): Promise<Row> {
    const { key, type, bytes, by } = content
    await addVersion(tx, { fileId: file.id, version: file.version + 1, blobKey: key, type, bytes, by, at: now() })
    const { versionsKept } = await allowanceOf(tx, by)
    for (const old of file.version >= versionsKept ? await dropOldVersions(tx, file.id, versionsKept) : [])
      await jobs.enqueue(tx, dropJob, { key: old })
    const [row] = await findFiles(tx, [file.id])
    tellChanged(announce, row!)
    return row!
  }

  /** Keeps a content as that of a file: a new one under a free name, or the next version of the one it replaces. */
  async function put(tx: Tx, announce: Announce, actor: Actor, given: Wanted, content: Content & { type: string }): Promise<Row> {
    const { folder, replaced } = await target(tx, actor, given)
    const { accountId } = actor
    // Files are held before contents, by everybody.
    const key = await keep(tx, content)
    const file = replaced ?? (await begin(tx, { fileId: newId() as FileId, accountId, folder, name: given.name }))
    return write(tx, announce, file, { ...content, key, by: accountId })
  }

  /** The content's blob: this one, or one that has the same already. Then this one goes, unless the other is at fault. */
  async function keep(tx: Tx, given: Content): Promise<string> {
    const { key, fault } = await keepContent(tx, { ...given, at: now() })
    if (key !== given.key) await jobs.enqueue(tx, fault ? mendJob : unstageJob, fault ? { key, from: given.key } : { key: given.key })
    return key
  }

  return {
    target,
    put,

    /** Bytes that became nothing. What became the content of a file meanwhile stays. */
    async unstage({ key }: { key: string }): Promise<void> {
      await blobs.staging.drop(key)
      if (!(await isKept(db, key))) await blobs.delete(key)
    },

    /** The same content came once more while the one we had was lost or damaged: now it is whole again. */
    async mend({ key, from }: { key: string; from: string }): Promise<void> {
      await blobs.put(key, await blobs.get(from))
      await work((tx) => setFault(tx, key, null, now()))
      await blobs.delete(from)
    },

    /**
     * Files in a room's folder what another service put into the blobs, such as a recording: once, however often and late it is
     * told. It is the room's, so nobody's rights are asked: they were when it was begun. Who brings it in pays, whatever they have left.
     */
    async adopt(given: { folderId: FileId; by: AccountId; name: string; key: string; bytes: number; sha256: string }): Promise<Adopted> {
      const head = given.bytes === 0 ? Buffer.alloc(0) : await buffer(await blobs.get(given.key, { start: 0, end: headBytes - 1 }))
      return work(async (tx, announce) => {
        const adopted = { fileId: newId() as FileId, accountId: given.by }
        const earlier = await adoptOnce(tx, { key: given.key, ...adopted })
        if (earlier) {
          // It was brought once more, while its content may be another's, or nobody's by now.
          await jobs.enqueue(tx, unstageJob, { key: given.key })
          return earlier
        }
        await holdFiles(tx, [given.folderId])
        const [folder] = await findFiles(tx, [given.folderId])
        if (folder?.kind !== 'folder' || folder.space !== 'room') throw noSuchFile('folderId')
        await takeRoom(tx, given.by, given.bytes, Number.MAX_SAFE_INTEGER)
        const key = await keep(tx, given)
        const file = await begin(tx, { ...adopted, folder, name: given.name })
        await write(tx, announce, file, { ...given, key, type: typeOf(head) })
        return adopted
      }, alone)
    },
  }
}
export type Filing = ReturnType<typeof filing>
