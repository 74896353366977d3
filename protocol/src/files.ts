import { z } from 'zod'
import { Person } from './directory.ts'
import { AccountId, ClientId, FileId, ListId, RoomId } from './ids.ts'
import { command, fact, perAccount, query } from './kernel.ts'
import { ListRow } from './lists.ts'
import { Position } from './sync.ts'
import { optionalLine } from './text.ts'

/** What a file or folder may be called: no path, no control characters, nothing that another system would read as its own. */
export const FileName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine(
    (text) => text.isWellFormed() && !/[/\\\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(text) && text !== '.' && text !== '..',
    'not_a_file_name',
  )
export const maxUploadBytes = 64 * 1024 * 1024 * 1024

/**
 * A file, a folder, or a document: a file whose body is co-edited. `parentId` is null for the root of a space, and for what
 * is shared with somebody who may not see the folder it lies in.
 */
export const File = z.object({
  id: FileId,
  kind: z.enum(['folder', 'file', 'document']),
  parentId: FileId.nullable(),
  space: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('personal'), accountId: AccountId }),
    z.object({ kind: z.literal('room'), roomId: RoomId }),
  ]),
  name: z.string(),
  /** Media type, as found in the bytes; empty for folders. */
  type: z.string(),
  bytes: z.number(),
  /** Counts the contents a file has had; 0 for folders and documents. */
  version: z.int(),
  createdAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
  changedBy: AccountId,
  trashedAt: z.iso.datetime().nullable(),
  isShared: z.boolean(),
})
export type File = z.output<typeof File>
export const May = z.enum(['read', 'write'])
export type May = z.output<typeof May>

/** A file in a message: enough to draw it. What became of it since is asked with `files.file`. */
export const Attached = z.object({ id: FileId, kind: File.shape.kind, name: z.string(), type: z.string(), bytes: z.number() })
export type Attached = z.output<typeof Attached>

export const Share = z.object({ fileId: FileId, accountId: AccountId, may: May, by: AccountId, at: z.iso.datetime() })
export type Share = z.output<typeof Share>
/** `fileId`: the file, or a folder it lies in. */
export const ListShare = z.object({ fileId: FileId, list: ListRow, may: May, by: AccountId, at: z.iso.datetime() })
export type ListShare = z.output<typeof ListShare>
/** Something that was given to me. `isNew`: I have not seen yet that it was. */
export const Given = z.object({ file: File, may: May, by: AccountId, at: z.iso.datetime(), isNew: z.boolean() })
export type Given = z.output<typeof Given>
export const FileVersion = z.object({ version: z.int(), bytes: z.number(), type: z.string(), by: AccountId, at: z.iso.datetime() })
export type FileVersion = z.output<typeof FileVersion>

const Version = z
  .int()
  .min(1)
  .max(2 ** 31 - 2)
const one = { clientId: ClientId, fileId: FileId }
const Several = z.strictObject({ clientId: ClientId, fileIds: z.array(FileId).min(1).max(500) })
const Listing = z.object({
  files: z.array(File),
  people: z.array(Person),
  hasMore: z.boolean(),
})

export const files = {
  /** My own space, those of my rooms that have files, and what others share with me. */
  'files.spaces': query(
    z.strictObject({}),
    z.object({
      own: File,
      rooms: z.array(File),
      shared: z.array(Given),
      people: z.array(Person),
      usage: z.object({ bytes: z.number(), maxBytes: z.number() }),
    }),
  ),
  /** The root of a room's files: made when it is first asked for. */
  'files.room': query(z.strictObject({ roomId: RoomId }), File, { guests: true }),
  /** Folders first, then by name as people sort; `after` is the last id of the page before. */
  'files.list': query(
    z.strictObject({
      folderId: FileId,
      after: FileId.optional(),
      limit: z.int().min(1).max(500).default(200),
      sort: z.enum(['name', 'changed', 'size']).default('name'),
      isDescending: z.boolean().default(false),
    }),
    Listing.extend({ folder: File, may: May, path: z.array(z.object({ id: FileId, name: z.string() })), epoch: z.uuid(), at: Position }),
    { guests: true },
  ),
  'files.file': query(
    z.strictObject({ fileId: FileId }),
    z.object({ file: File, may: May, path: z.array(z.object({ id: FileId, name: z.string() })), people: z.array(Person) }),
    { guests: true },
  ),
  /** By words of the name, in all I may see. */
  'files.find': query(z.strictObject({ text: optionalLine(200), limit: z.int().min(1).max(100).default(20) }), Listing),
  'files.trash.list': query(z.strictObject({ after: FileId.optional(), limit: z.int().min(1).max(500).default(200) }), Listing),

  'files.folder.create': command(z.strictObject({ clientId: ClientId, folderId: FileId, name: FileName }), File, {
    limit: perAccount(600, '1 min'),
  }),
  'files.document.create': command(z.strictObject({ clientId: ClientId, folderId: FileId, name: FileName }), File, {
    limit: perAccount(60, '1 min'),
  }),
  'files.rename': command(z.strictObject({ ...one, name: FileName }), File, { repeat: 'natural' }),
  'files.move': command(Several.extend({ folderId: FileId }), z.array(File), { repeat: 'natural' }),
  'files.trash': command(Several, z.array(File), { repeat: 'natural' }),
  'files.restore': command(Several, z.array(File), { repeat: 'natural' }),
  /** For ever. Only what lies in the trash. */
  'files.delete': command(Several, z.object({ fileIds: z.array(FileId) })),

  /**
   * Asks for a place to put bytes: upload them by tus 1.0 to `path`, with the session's cookie. Complete, they are the file
   * of this name in the folder (or its next version, with `replaces`); a name that is taken gets a number. `sha256` is checked
   * at the end where it is given. `files.upload.state` says what became of it.
   */
  'files.upload.begin': command(
    z.strictObject({
      clientId: ClientId,
      folderId: FileId,
      name: FileName,
      bytes: z.int().min(0).max(maxUploadBytes),
      type: z.string().max(200).default(''),
      replaces: FileId.optional(),
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional(),
    }),
    z.object({ uploadId: z.uuid(), path: z.string() }),
    { limit: perAccount(1_200, '1 min'), repeat: 'natural' },
  ),
  'files.upload.state': query(
    z.strictObject({ uploadId: z.uuid() }),
    z.object({
      state: z.enum(['open', 'checking', 'done', 'failed']),
      received: z.number(),
      file: File.nullable(),
      problem: z.string().nullable(),
    }),
  ),
  'files.upload.cancel': command(z.strictObject({ clientId: ClientId, uploadId: z.uuid() }), z.object({}), { repeat: 'natural' }),
  /** A path to download from, for this session and as long as one may read it, twelve hours at most; ranges are answered. `inline` for what is safe to show. */
  'files.download': query(
    z.strictObject({
      fileId: FileId,
      version: Version.optional(),
      disposition: z.enum(['attachment', 'inline']).default('attachment'),
    }),
    z.object({ path: z.string(), expiresAt: z.iso.datetime() }),
    { guests: true },
  ),
  'files.versions': query(z.strictObject({ fileId: FileId }), z.object({ versions: z.array(FileVersion), people: z.array(Person) })),
  /** Makes an earlier content the newest one. */
  'files.version.restore': command(z.strictObject({ ...one, version: Version }), File),

  /** Given to a person: what lies in a folder goes with it. Who may write may share. */
  'files.share': command(z.strictObject({ ...one, accountId: AccountId, may: May }), Share, { repeat: 'natural' }),
  'files.unshare': command(z.strictObject({ ...one, accountId: AccountId }), z.object({}), { repeat: 'natural' }),
  /** Given to everybody who is in a list, for as long as they are; who had a share before keeps that one. */
  'files.share.list': command(z.strictObject({ ...one, listId: ListId, may: May }), z.array(ListShare), { repeat: 'natural' }),
  'files.unshare.list': command(z.strictObject({ ...one, listId: ListId }), z.array(ListShare), { repeat: 'natural' }),
  'files.share.lists': query(z.strictObject({ fileId: FileId }), z.array(ListShare)),
  /** Of the file, and of what it lies in, as far as one sees it; not those that come and go with a list, which `files.share.lists` names. */
  'files.shares': query(z.strictObject({ fileId: FileId }), z.object({ shares: z.array(Share), people: z.array(Person) })),

  /** What was given to me and I have not seen yet, the newest first; and that I have. */
  'files.shared.new': query(z.strictObject({}), z.object({ shared: z.array(Given), people: z.array(Person) })),
  'files.shared.see': command(Several, z.object({}), { repeat: 'natural' }),
  /** Pictures of a document: whoever may read it reads them, too. */
  'files.embed': command(
    z.strictObject({ clientId: ClientId, documentId: FileId, fileIds: z.array(FileId).min(1).max(50) }),
    z.object({}),
    {
      repeat: 'natural',
    },
  ),

  /** On the folder's page: something in it is new or other than it was; it went (trashed, moved away, deleted). */
  'files.entry.changed': fact('folder', File),
  'files.entry.gone': fact('folder', z.object({ fileId: FileId })),
  /** On the file's own page. */
  'files.file.changed': fact('file', File),
  'files.share.given': fact('account', z.object({ file: File, may: May, by: AccountId })),
  'files.share.taken': fact('account', z.object({ fileId: FileId })),
  /** What one keeps has reached this much of what one may: 80, 90, or all of it, and then nothing can be added. */
  'files.usage.reached': fact('account', z.object({ bytes: z.number(), maxBytes: z.number(), percent: z.int() })),
  'files.share.seen': fact('account', z.object({ fileIds: z.array(FileId) })),
}
