import type { Actor, Announce, Handlers, Span } from '@atrium/platform'
import { idIn, type AccountId, type files as contract, type FileId, type Person } from '@atrium/protocol'
import { WithContent, type ExportPart } from '../directory/index.ts'
import { isShownOnly, mayAttach } from './rules.ts'
import { changingService } from './service.changing.ts'
import { seeing, shown, type FilesDeps } from './service.common.ts'
import { downloadingService } from './service.downloading.ts'
import { filing } from './service.filing.ts'
import { handOver } from './service.handing.ts'
import { listsService } from './service.lists.ts'
import { readingService } from './service.reading.ts'
import { sharingService } from './service.sharing.ts'
import { sweepingService } from './service.sweeping.ts'
import { uploadingService } from './service.uploading.ts'
import { ownFiles } from './store.export.ts'
import { spaceOf, type Db, type Tx } from './store.ts'
import { usageOf } from './store.versions.ts'

export { holding } from './holding.ts'
export { fileTopic, type FilesDeps } from './service.common.ts'
export type { Opened } from './service.downloading.ts'
export type { FileTables } from './store.ts'
export type { Upload } from './store.uploads.ts'

export type Cabinet = ReturnType<typeof files>

const always: Span[] = [{ from: 1, to: null }]
const fileOf = (topic: string) => idIn(topic, 'file', 'folder')

export function files(deps: FilesDeps) {
  const sight = seeing(deps)
  const reading = readingService(deps, sight)
  const changing = changingService(deps, sight)
  const sharing = sharingService(deps, sight)
  const listed = listsService(deps, sight)
  const filed = filing(deps, sight)
  const uploading = uploadingService(deps, sight, filed)
  const downloading = downloadingService(deps, sight)
  const sweeping = sweepingService(deps, changing, uploading, filed)
  const { db, blobs } = deps

  const handlers: Handlers<typeof contract> = {
    'files.spaces': reading.spaces,
    'files.room': reading.room,
    'files.list': reading.list,
    'files.file': reading.file,
    'files.find': reading.find,
    'files.trash.list': reading.trashed,
    'files.versions': reading.versions,
    'files.shares': reading.shares,
    'files.shared.new': reading.newlyShared,
    'files.shared.see': sharing.see,
    'files.embed': sharing.embed,
    'files.folder.create': changing.createFolder,
    'files.document.create': changing.createDocument,
    'files.rename': changing.rename,
    'files.move': changing.move,
    'files.trash': changing.trash,
    'files.restore': changing.restore,
    'files.delete': changing.delete,
    'files.share': sharing.share,
    'files.share.list': listed.share,
    'files.unshare.list': listed.unshare,
    'files.share.lists': listed.shown,
    'files.unshare': sharing.unshare,
    'files.upload.begin': uploading.begin,
    'files.upload.state': uploading.state,
    async 'files.upload.cancel'(actor, { uploadId }) {
      await uploading.cancel(actor, uploadId)
      return {}
    },
    'files.download': downloading.download,
    'files.version.restore': downloading.restoreVersion,
  }

  const owned: ExportPart = {
    name: 'files',
    async *of(accountId) {
      for await (const { blobKey, ...file } of ownFiles(db, accountId))
        yield blobKey === null ? file : new WithContent(file, () => blobs.get(blobKey))
    },
  }

  return {
    handlers,
    uploading,
    downloading,

    /** Of the topics of files and folders, those that somebody may hear now. */
    async spansOf(actor: Actor, topics: readonly string[]): Promise<Map<string, Span[]>> {
      const ids = topics.flatMap((topic) => fileOf(topic) ?? [])
      if (ids.length === 0) return new Map()
      const seen = await sight.see(db, actor, ids)
      return new Map(
        topics.flatMap((topic) => {
          const found = seen.get(fileOf(topic) ?? '')
          return found && !found.isTrashed ? [[topic, always]] : []
        }),
      )
    },

    /** Files whose people follow lists, and how they do. */
    gatherings: listed.gatherings,
    gather: listed.gather,

    /** A file as somebody sees it, with what they may do. Refuses as if it did not exist. */
    async seen(actor: Actor, fileId: FileId) {
      const seen = await sight.standing(db, actor, fileId)
      return { file: shown(seen), may: seen.may, isShownOnly: isShownOnly(seen) }
    },

    /** What is sent of these files in a message of this room. Undefined: one of them may not be. */
    async attachable(actor: Actor, roomId: string, ids: readonly FileId[]) {
      const seen = await sight.see(db, actor, ids)
      const those = ids.flatMap((id) => seen.get(id) ?? [])
      if (those.length < ids.length || !those.every((one) => mayAttach(spaceOf(one), roomId, one))) return undefined
      return those.map(({ id, kind, name, type, bytes }) => ({ id, kind, name, type, bytes }))
    },

    /** The root of a room's files: made when it is first asked for. */
    folderOf: reading.folderOf,
    adopt: filed.adopt,

    forgetOwner: sweeping.forgetOwner,
    handOver: (tx: Tx, announce: Announce, from: Pick<Person, 'id' | 'name'>, to: AccountId): Promise<void> =>
      handOver(deps, tx, announce, from, to),
    /** What somebody keeps. */
    bytesOf: (at: Db, accountId: AccountId): Promise<number> => usageOf(at, accountId),
    sweepTrash: sweeping.sweepTrash,
    sweepUploads: uploading.sweep,
    scrub: sweeping.scrub,
    work: sweeping.work,
    exports: [owned],
  }
}
