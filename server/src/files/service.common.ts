import {
  fail,
  type Actor,
  type Announce,
  type Blobs,
  type Database,
  type Jobs,
  type Log,
  type Reading,
  type Tickets,
  type Tx as UnderWay,
} from '@atrium/platform'
import type { AccountId, File, FileId, ListRow, Person, RoomId, Topic } from '@atrium/protocol'
import type { Holding } from './holding.ts'
import { inSpace, isVisitor, mayWrite, numbered, sightOf, type Place, type Sight } from './rules.ts'
import { showing } from './store.pictures.ts'
import {
  addFile,
  holdFiles,
  listRoots,
  spaceOf,
  stand,
  takenNames,
  toFile,
  type Db,
  type FileTables,
  type Row,
  type Stood,
  type Tx,
} from './store.ts'

export interface Allowance {
  quotaBytes: number
  /** All of the domain together: its limit, and what of it is left while the unit lasts. Null: no limit. */
  domain: { maxBytes: number; leftBytes: number } | null
  maxUploadBytes: number
  /** Of each file. */
  versionsKept: number
}

export interface FilesDeps extends Database<FileTables> {
  epoch: string
  now: () => Date
  newId: () => string
  blobs: Blobs
  jobs: Pick<Jobs, 'enqueue'>
  /** How much somebody may keep, and how. */
  allowanceOf: (at: Reading<any> | UnderWay, accountId: AccountId) => Promise<Allowance>
  /** One at a time goes on with an upload. */
  hold: Holding['hold']
  peopleOf: (db: Reading<any>, accountIds: readonly string[]) => Promise<Person[]>
  /** Of these, whose account is shut for good or not open yet: what is theirs is shown to nobody. */
  hiddenAmong: (db: Reading<any>, accountIds: readonly string[]) => Promise<ReadonlySet<string>>
  /** The rooms in which somebody has a seat: all of them, or of these. */
  placesOf: (db: Reading<any>, accountId: string, roomIds?: readonly string[]) => Promise<Map<string, NonNullable<Place>>>
  /** Of these files of rooms, those that a message shows which somebody may read there. */
  shownIn: (db: Reading<any>, accountId: string, files: readonly { id: string; roomId: string }[]) => Promise<ReadonlySet<string>>
  /** Somebody who is not here at the moment, as far as they may be here. */
  actorOf: (accountId: AccountId) => Promise<Actor | undefined>
  /** Takes the names of files out of the messages that show them, by a job that commits with this. */
  forgetInMessages: (tx: Tx, fileIds: readonly string[]) => Promise<void>
  /** Of these accounts, those to whom something may be given. */
  reachable: (accountIds: readonly string[]) => Promise<readonly string[]>
  /** Lists, for what is shared with them. */
  lists: {
    rows: (ids: readonly string[]) => Promise<ListRow[]>
    isKnown: (actor: Actor, listId: string) => Promise<boolean>
    membersOf: (listIds: readonly string[], among?: readonly string[]) => Promise<Set<AccountId>>
  }
  log: Pick<Log, 'error' | 'warn'>
  tickets: Pick<Tickets, 'sign' | 'verify'>
  /** Where the bodies of documents live. */
  documents: { create: (fileId: FileId) => Promise<void>; delete: (fileId: FileId) => Promise<void> }
}

/** Units that hold files keep to a transaction of their own: those that share one would hold them in any order. */
export const alone = { alone: true }

/** A file as somebody sees it. */
export type Seen = Row & Sight

export const folderTopic = (id: string): Topic<'folder'> => `folder:${id}`
export const fileTopic = (id: string): Topic<'file'> => `file:${id}`
export const accountTopic = (id: string): Topic<'account'> => `account:${id}`
/** What facts are about, for the day that a name is forgotten. */
export const fileSubject = (id: string) => `file:${id}`
export const shareSubject = (fileId: string, accountId: string) => `share:${fileId}:${accountId}`

export const noSuchFile = (field?: string) => fail('not_found', 'files.noSuchFile', field === undefined ? {} : { field })
export const readOnly = () => fail('forbidden', 'files.readOnly')

export function seeing({ placesOf, shownIn, hiddenAmong }: Pick<FilesDeps, 'placesOf' | 'shownIn' | 'hiddenAmong'>) {
  /** Of these files, those that somebody sees; what lies in the trash, too. What is somebody's whose door is shut for good is hidden. */
  async function see(db: Db, actor: Actor, ids: readonly string[]): Promise<Map<string, Seen>> {
    const all = await stand(db, actor.accountId, [...new Set(ids)])
    const others = all.filter(({ space, spaceId }) => space === 'personal' && spaceId !== actor.accountId).map(({ spaceId }) => spaceId)
    const hidden = others.length > 0 ? await hiddenAmong(db, [...new Set(others)]) : new Set<string>()
    const rows = hidden.size > 0 ? all.filter(({ space, spaceId }) => space !== 'personal' || !hidden.has(spaceId)) : all
    const roomIds = [...new Set(rows.filter(({ space }) => space === 'room').map(({ spaceId }) => spaceId))]
    const places: Map<string, Place> = roomIds.length > 0 ? await placesOf(db, actor.accountId, roomIds) : new Map()
    const visited = rows.filter(({ kind, spaceId }) => kind !== 'folder' && isVisitor(actor, places.get(spaceId)))
    const asked = visited.map(({ id, spaceId }) => ({ id, roomId: spaceId }))
    const shown = asked.length > 0 ? await shownIn(db, actor.accountId, asked) : new Set<string>()
    const seen = new Map<string, Seen>()
    const unseen: typeof rows = []
    for (const { steps, ...row } of rows) {
      const sight = sightOf(steps, inSpace(actor, spaceOf(row), places.get(row.spaceId)), shown.has(row.id) ? 'message' : undefined)
      if (sight) seen.set(row.id, { ...row, ...sight })
      else if (row.kind === 'file') unseen.push({ steps, ...row })
    }
    const inDocuments = unseen.length > 0 ? await shownByDocuments(db, actor, unseen) : []
    for (const one of inDocuments) seen.set(one.id, one)
    return seen
  }

  /** FILE-16: of these, the pictures of documents that somebody reads. */
  async function shownByDocuments(db: Db, actor: Actor, rows: readonly Stood[]): Promise<Seen[]> {
    const embedded = await showing(
      db,
      rows.map(({ id }) => id),
    )
    if (embedded.length === 0) return []
    const documentIds = embedded.map(({ documentId }) => documentId)
    const documents = await see(db, actor, documentIds)
    const read = new Set(embedded.filter(({ documentId }) => documents.get(documentId)?.isTrashed === false).map(({ fileId }) => fileId))
    return rows.flatMap(({ steps, ...row }) => {
      const sight = read.has(row.id) ? sightOf(steps, null, 'document') : undefined
      return sight ? [{ ...row, ...sight }] : []
    })
  }

  async function one(db: Db, actor: Actor, id: string, field?: string): Promise<Seen> {
    const seen = (await see(db, actor, [id])).get(id)
    if (!seen) throw noSuchFile(field)
    return seen
  }

  /** As if it did not exist while it lies in the trash. */
  async function standing(db: Db, actor: Actor, id: string, field?: string): Promise<Seen> {
    const seen = await one(db, actor, id, field)
    if (seen.isTrashed) throw noSuchFile(field)
    return seen
  }

  return {
    see,
    one,
    standing,
    /** To change it, in a unit of work. */
    async changeable(tx: Tx, actor: Actor, id: string, field?: string): Promise<Seen> {
      const seen = await one(tx, actor, id, field)
      if (!mayWrite(seen)) throw readOnly()
      if (seen.isTrashed) throw fail('conflict', 'files.isInTrash')
      return seen
    },
    /** A folder to put something into, held until the unit is over: it is not trashed meanwhile. */
    async folderFor(tx: Tx, actor: Actor, id: string, field = 'folderId'): Promise<Seen> {
      await holdFiles(tx, [id])
      const folder = await standing(tx, actor, id, field)
      if (folder.kind !== 'folder') throw fail('conflict', 'files.notAFolder', { field })
      if (!mayWrite(folder)) throw readOnly()
      return folder
    },
  }
}
export type Seeing = ReturnType<typeof seeing>

/** As this person sees it: what it lies in has no id when it cannot be seen. */
export const shown = (seen: Seen): File => toFile(seen, (seen.path.at(-2)?.id as FileId | undefined) ?? null)
export const pathOf = ({ path }: Sight) => path.map(({ id, name }) => ({ id: id as FileId, name }))

/** Says what a file is now, on the page of its folder and on its own: a folder has one as a folder, too. The newest replaces all earlier. */
export function tellChanged(announce: Announce, row: Row): void {
  const file = toFile(row)
  if (row.parentId) announce(folderTopic(row.parentId), 'files.entry.changed', file, { replaces: fileSubject(row.id) })
  if (row.kind === 'folder') announce(folderTopic(row.id), 'files.entry.changed', file, { replaces: fileSubject(row.id) })
  announce(fileTopic(row.id), 'files.file.changed', file, { replaces: fileSubject(row.id) })
}

export function tellGone(announce: Announce, row: Pick<Row, 'id' | 'parentId'>): void {
  if (row.parentId) announce(folderTopic(row.parentId), 'files.entry.gone', { fileId: row.id })
}

/** Whoever saw it where it lay may see it no more. Null: all of them. */
export function tellRevoked(announce: Announce, fileId: string, accountId: string | null = null): void {
  announce('revocations:all', 'directory.right.revoked', { kind: 'file', accountId, fileId })
}

/** A name that is free in the folder, which is held. */
export async function freeName(tx: Tx, folder: Pick<Row, 'id'>, name: string, kind: File['kind']): Promise<string> {
  const taken = await takenNames(tx, folder.id, name)
  return numbered(name, kind, (key) => taken.has(key))
}

/** The root of a space: found, or made. */
export async function rootOf(
  tx: Tx,
  space: { space: Row['space']; spaceId: string },
  { by, at, newId }: { by: AccountId; at: Date; newId: () => string },
): Promise<Row> {
  const [known] = await listRoots(tx, space.space, [space.spaceId])
  if (known) return known
  const made = await addFile(tx, { id: newId() as FileId, kind: 'folder', parentId: null, ...space, name: '', by, at })
  return made ?? (await listRoots(tx, space.space, [space.spaceId]))[0]!
}

export const inRoomOf = (roomId: RoomId) => ({ space: 'room', spaceId: roomId }) as const
export const ownSpace = (accountId: AccountId) => ({ space: 'personal', spaceId: accountId }) as const
