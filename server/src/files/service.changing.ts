import { fail, type Actor, type Announce } from '@atrium/platform'
import { versionsSubject, type File, type FileId, type Hub, type Input, type Output } from '@atrium/protocol'
import { mustHaveRoom } from './paying.ts'
import { isTooDeep, liesIn, mayTake, mayWrite } from './rules.ts'
import {
  accountTopic,
  alone,
  fileSubject,
  folderTopic,
  freeName,
  noSuchFile,
  readOnly,
  rootOf,
  shareSubject,
  shown,
  tellChanged,
  tellGone,
  tellRevoked,
  type FilesDeps,
  type Seeing,
  type Seen,
} from './service.common.ts'
import {
  addFile,
  findFiles,
  heightOf,
  holdFiles,
  holdSpaces,
  isNameTaken,
  place,
  rename,
  setTrashed,
  stand,
  toFile,
  type Row,
  type Tx,
} from './store.ts'
import { documentsBelow, listBelow, removeFiles } from './store.deleting.ts'
import { sharesBelow } from './store.shares.ts'
import { dropVersions } from './store.versions.ts'

/** Deletes a blob that nothing has any more. */
export const dropJob = 'files.drop'
/** Deletes documents where they live. */
export const documentsJob = 'files.documents'
/** So many go in one unit; what lies below them goes on by a job. */
export const portion = 500
export const purgeJob = 'files.purge'

const isRoot = () => fail('forbidden', 'files.isRoot')
const nameTaken = () => fail('conflict', 'files.nameTaken', { field: 'name' })

export function changingService(deps: FilesDeps, { see, changeable, folderFor }: Seeing) {
  const { work, jobs, now, newId, documents, forgetInMessages } = deps

  /** All of them, or none: what one does not see ends the whole. */
  async function all(tx: Tx, actor: Actor, ids: readonly string[]): Promise<Seen[]> {
    const seen = await see(tx, actor, ids)
    return [...new Set(ids)].map((id) => {
      const found = seen.get(id)
      if (!found) throw noSuchFile()
      if (!mayWrite(found)) throw readOnly()
      if (found.parentId === null) throw isRoot()
      return found
    })
  }

  /** Held in the order in which everybody takes them: the spaces first. */
  async function held(tx: Tx, actor: Actor, ids: readonly string[], ...others: readonly string[]): Promise<Seen[]> {
    await holdSpaces(tx, [...ids, ...others])
    await holdFiles(tx, ids)
    return all(tx, actor, ids)
  }

  /** What was shared, of this or in it, is taken from those it was shared with. */
  async function tellTaken(tx: Tx, announce: Announce, ids: readonly string[]): Promise<void> {
    for (const { fileId, accountId } of await sharesBelow(tx, ids)) {
      announce(accountTopic(accountId), 'files.share.taken', { fileId }, { replaces: shareSubject(fileId, accountId) })
      tellRevoked(announce, fileId, accountId)
    }
  }

  /** Out of the sight of whoever saw it where it lay, with the documents in it: those are open elsewhere, by their ids. */
  async function tellOutOfSight(tx: Tx, announce: Announce, ids: readonly string[]): Promise<void> {
    for (const id of new Set([...ids, ...(await documentsBelow(tx, ids))])) tellRevoked(announce, id)
  }

  async function tellGiven(tx: Tx, announce: Announce, moved: readonly Row[]): Promise<void> {
    const shares = await sharesBelow(
      tx,
      moved.map(({ id }) => id),
    )
    const files = new Map(
      (
        await findFiles(
          tx,
          shares.map(({ fileId }) => fileId),
        )
      ).map((row) => [row.id, row]),
    )
    for (const { fileId, accountId, may, by } of shares)
      announce(
        accountTopic(accountId),
        'files.share.given',
        { file: toFile(files.get(fileId)!, null), may, by },
        { replaces: shareSubject(fileId, accountId) },
      )
  }

  /** Puts a file into a folder that is held, under a name that is free there. */
  async function put(tx: Tx, announce: Announce, file: Row, folder: Row): Promise<Row> {
    const name = await freeName(tx, folder, file.name, file.kind)
    await place(tx, file.id, folder, name)
    const [row] = await findFiles(tx, [file.id])
    tellChanged(announce, row!)
    return row!
  }

  async function create(tx: Tx, announce: Announce, actor: Actor, kind: 'folder' | 'document', folder: Seen, name: string): Promise<Row> {
    if (isTooDeep(folder.path, 1)) throw fail('conflict', 'files.tooDeep')
    const { space, spaceId } = folder
    const row = { id: newId() as FileId, kind, parentId: folder.id, space, spaceId, name, by: actor.accountId, at: now() }
    const added = await addFile(tx, row)
    if (!added) throw nameTaken()
    tellChanged(announce, added)
    return added
  }

  return {
    createFolder: (actor: Actor, { folderId, name }: Input<Hub, 'files.folder.create'>): Promise<File> =>
      work(async (tx, announce) => toFile(await create(tx, announce, actor, 'folder', await folderFor(tx, actor, folderId), name)), alone),

    /** A name that is taken gets a number: who begins to write is not asked for another one first. */
    async createDocument(actor: Actor, { folderId, name }: Input<Hub, 'files.document.create'>): Promise<File> {
      const file = await work(async (tx, announce) => {
        const folder = await folderFor(tx, actor, folderId)
        await mustHaveRoom(deps, tx, actor.accountId)
        return toFile(await create(tx, announce, actor, 'document', folder, await freeName(tx, folder, name, 'document')))
      }, alone)
      // An empty document is one that nobody has written in: where its node is away at the moment, it is made by who opens it.
      await documents.create(file.id).catch(() => {})
      return file
    },

    rename: (actor: Actor, { fileId, name }: Input<Hub, 'files.rename'>): Promise<File> =>
      work(async (tx, announce) => {
        await holdFiles(tx, [fileId])
        const file = await changeable(tx, actor, fileId)
        if (file.parentId === null) throw isRoot()
        if (file.name === name) return shown(file)
        if (await isNameTaken(tx, file.parentId, name, file.id)) throw nameTaken()

        await rename(tx, file.id, name, actor.accountId, now())
        const [row] = await findFiles(tx, [file.id])
        tellChanged(announce, row!)
        return shown({ ...file, ...row! })
      }, alone),

    move: (actor: Actor, { fileIds, folderId }: Input<Hub, 'files.move'>): Promise<File[]> =>
      work(async (tx, announce) => {
        const files = await held(tx, actor, fileIds, folderId)
        const folder = await folderFor(tx, actor, folderId)
        if (files.some(({ isTrashed }) => isTrashed)) throw fail('conflict', 'files.isInTrash')
        const steps = (await stand(tx, actor.accountId, [folderId]))[0]!.steps
        const moved: Row[] = []
        const left: FileId[] = []
        for (const file of files) {
          if (file.parentId === folder.id) {
            moved.push(file)
            continue
          }
          if (liesIn(steps, file.id)) throw fail('conflict', 'files.intoItself')
          if (!mayTake(file, file.space !== folder.space || file.spaceId !== folder.spaceId)) throw readOnly()
          if (isTooDeep(steps, 1 + (await heightOf(tx, file.id)))) throw fail('conflict', 'files.tooDeep')
          tellGone(announce, file)
          moved.push(await put(tx, announce, file, folder))
          left.push(file.id)
        }
        await tellOutOfSight(tx, announce, left)
        return moved.map((row) => toFile(row))
      }, alone),

    trash: (actor: Actor, { fileIds }: Input<Hub, 'files.trash'>): Promise<File[]> =>
      work(async (tx, announce) => {
        const files = await held(tx, actor, fileIds)
        const fresh = files.filter(({ trashedAt }) => trashedAt === null)
        if (!fresh.every((file) => mayTake(file, false))) throw readOnly()
        const ids = fresh.map(({ id }) => id)
        await setTrashed(tx, ids, actor.accountId, now())
        const rows = new Map((await findFiles(tx, ids)).map((row) => [row.id, row]))
        for (const file of fresh) tellGone(announce, file)
        await tellOutOfSight(tx, announce, ids)
        await tellTaken(tx, announce, ids)
        return files.map((file) => shown({ ...file, ...rows.get(file.id) }))
      }, alone),

    restore: (actor: Actor, { fileIds }: Input<Hub, 'files.restore'>): Promise<File[]> =>
      work(async (tx, announce) => {
        const restored: Row[] = []
        const files = await held(tx, actor, fileIds)
        for (const file of files) {
          if (file.trashedAt === null) {
            restored.push(file)
            continue
          }
          // To where it was, if that is still there for whoever restores it; else to where they find it.
          const before = (await see(tx, actor, [file.parentId!])).get(file.parentId!)
          const target = before && !before.isTrashed && mayWrite(before) ? before : await rootFor(tx, actor, file)
          await holdFiles(tx, [target.id])
          restored.push(await put(tx, announce, file, target))
        }
        await tellGiven(
          tx,
          announce,
          restored.filter(({ id }) => files.find((file) => file.id === id)?.trashedAt !== null),
        )
        return restored.map((row) => toFile(row))
      }, alone),

    delete: (actor: Actor, { fileIds }: Input<Hub, 'files.delete'>): Promise<Output<Hub, 'files.delete'>> =>
      work(async (tx, announce) => {
        const seen = await see(tx, actor, fileIds)
        // What is gone already was deleted by an earlier try, or never was there for this one.
        if (![...seen.values()].some(Boolean)) throw noSuchFile()
        const there = fileIds.filter((id) => seen.has(id))
        const files = await held(tx, actor, there)
        if (files.some(({ trashedAt }) => trashedAt === null)) throw fail('conflict', 'files.notInTrash')
        await purge(tx, announce, files)
        return { fileIds: files.map(({ id }) => id) }
      }, alone),

    purge,
  }

  /** The root of the file's own space, if one may write there. */
  async function rootFor(tx: Tx, actor: Actor, file: Row): Promise<Row> {
    const root = await rootOf(tx, file, { by: actor.accountId, at: now(), newId })
    const seen = (await see(tx, actor, [root.id])).get(root.id)
    if (seen && mayWrite(seen)) return root
    throw fail('conflict', 'files.isInTrash')
  }

  /**
   * Deletes these and all that lies in them, for ever: contents, names in the journal and in messages, shares. Of a folder
   * with more than a portion in it the deepest goes first, and the rest by a job.
   */
  async function purge(tx: Tx, announce: Announce, files: readonly Pick<Row, 'id' | 'parentId'>[]): Promise<void> {
    const ids = files.map(({ id }) => id)
    await holdSpaces(tx, ids)
    const below = await listBelow(tx, ids, portion)
    if (below.isMore) await jobs.enqueue(tx, purgeJob, { ids })
    const gone = below.files
    const goneIds = gone.map(({ id }) => id)
    if (goneIds.length === 0) return
    await tellTaken(tx, announce, goneIds)
    for (const key of await dropVersions(tx, goneIds)) await jobs.enqueue(tx, dropJob, { key })
    await removeFiles(tx, goneIds)
    await forgetInMessages(tx, goneIds)
    const papers = gone.filter(({ kind }) => kind === 'document').map(({ id }) => id)
    if (papers.length > 0) await jobs.enqueue(tx, documentsJob, { ids: papers })
    const [first] = gone
    // One fact that replaces all that was ever said about them.
    if (first?.parentId)
      announce(
        folderTopic(first.parentId),
        'files.entry.gone',
        { fileId: first.id },
        { replaces: [...goneIds.map(fileSubject), ...papers.map(versionsSubject)] },
      )
    for (const id of ids) tellRevoked(announce, id)
  }
}

export type Changing = ReturnType<typeof changingService>
