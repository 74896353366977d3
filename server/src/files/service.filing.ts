import { buffer } from 'node:stream/consumers'
import { fail, type Actor, type Announce } from '@atrium/platform'
import type { File, FileId } from '@atrium/protocol'
import { freeName, tellChanged, type FilesDeps, type Seeing, type Seen } from './service.common.ts'
import { headBytes, typeOf } from './sniff.ts'
import { addFile, findFiles, holdFiles, toFile, type Row, type Tx } from './store.ts'
import { addUpload, findByBlob, isKept, setState, type Upload } from './store.uploads.ts'
import { addVersion, keepContent, setFault, takeRoom } from './store.versions.ts'

/** Lets go of bytes that became nothing. */
export const unstageJob = 'files.unstage'
/** Makes a content whole that was lost or damaged. */
export const mendJob = 'files.mend'

type Wanted = Pick<Upload, 'folderId' | 'replaces' | 'name' | 'bytes'>

/** What came in becomes a file: the bytes of an upload, or what lies in the blobs already. */
export function filing({ db, work, jobs, blobs, now, newId }: FilesDeps, { folderFor, changeable }: Seeing) {
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

  /** Makes a content that is kept that of a file: a new one under a free name, or the next version of the one it replaces. */
  async function put(tx: Tx, announce: Announce, actor: Actor, given: Wanted, content: { key: string; type: string }): Promise<Row> {
    const { folder, replaced } = await target(tx, actor, given)
    const [at, by] = [now(), actor.accountId]
    const { space, spaceId } = folder
    const file =
      replaced ??
      (await addFile(tx, {
        ...{ id: newId() as FileId, kind: 'file', parentId: folder.id, space, spaceId, by, at },
        name: await freeName(tx, folder, given.name, 'file'),
      }))!
    const version = { fileId: file.id, version: file.version + 1, blobKey: content.key, type: content.type, bytes: given.bytes, by, at }
    await addVersion(tx, version)
    const [row] = await findFiles(tx, [file.id])
    tellChanged(announce, row!)
    return row!
  }

  /** The content's blob: this one, or one that has the same already. Then this one goes, unless the other is at fault. */
  async function keep(tx: Tx, given: { key: string; sha256: string; bytes: number }): Promise<string> {
    const { key, fault } = await keepContent(tx, { ...given, at: now() })
    if (key !== given.key) await jobs.enqueue(tx, fault ? mendJob : unstageJob, fault ? { key, from: given.key } : { key: given.key })
    return key
  }

  return {
    target,
    put,
    keep,

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

    /** Files what lies in the blobs already, such as a recording: once, however often it is said. It is paid for by whom it is for, whatever they have left. */
    async adopt(actor: Actor, given: { folderId: FileId; name: string; key: string; bytes: number; sha256: string }): Promise<File> {
      const head = given.bytes === 0 ? Buffer.alloc(0) : await buffer(await blobs.get(given.key, { start: 0, end: headBytes - 1 }))
      return work(async (tx, announce) => {
        const upload: Upload = {
          ...{ id: newId(), accountId: actor.accountId, clientId: newId(), folderId: given.folderId, name: given.name, bytes: given.bytes },
          ...{ replaces: null, sha256: given.sha256, blobKey: given.key, state: 'checking', fileId: null, problem: null, begunAt: now() },
        }
        if (!(await addUpload(tx, upload))) return toFile((await findFiles(tx, [(await findByBlob(tx, given.key))!]))[0]!)
        await takeRoom(tx, actor.accountId, given.bytes, Number.MAX_SAFE_INTEGER)
        const key = await keep(tx, given)
        const file = await put(tx, announce, actor, upload, { key, type: typeOf(head) })
        await setState(tx, upload.id, 'done', { fileId: file.id })
        return toFile(file)
      })
    },
  }
}
export type Filing = ReturnType<typeof filing>
