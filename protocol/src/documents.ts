import { z } from 'zod'
import { Person } from './directory.ts'
import { File, May } from './files.ts'
import { AccountId, ClientId, FileId } from './ids.ts'
import { command, fact, perAccount, query } from './kernel.ts'
import { Position } from './sync.ts'
import { line, optionalLine } from './text.ts'

export const DocumentVersion = z.object({
  version: z.int(),
  /** Given by a person; empty where the hub kept it by itself. */
  name: z.string(),
  reason: z.enum(['named', 'time', 'left', 'restore']),
  at: z.iso.datetime(),
  /** Who wrote since the version before. */
  authors: z.array(AccountId),
  bytes: z.int(),
})
export type DocumentVersion = z.output<typeof DocumentVersion>
/** What facts about the versions of a document are about: what those are called is forgotten with it. */
export const versionsSubject = (fileId: string) => `versions:${fileId}`

const Version = z
  .int()
  .min(1)
  .max(2 ** 31 - 2)

export const documents = {
  /** Where the document lives, and a ticket to join it there. Asked again for each new connection, and before the ticket ends. */
  'documents.open': query(
    z.strictObject({ fileId: FileId }),
    z.object({ file: File, may: May, path: z.string(), ticket: z.string(), epoch: z.uuid(), at: Position }),
    { guests: true, limit: perAccount(300, '1 min') },
  ),
  /** Newest first. */
  'documents.versions': query(
    z.strictObject({ fileId: FileId, before: Version.optional() }),
    z.object({ versions: z.array(DocumentVersion), people: z.array(Person), hasMore: z.boolean() }),
    { guests: true },
  ),
  /** The whole state as one Yjs update (version 1), base64: for a preview. */
  'documents.version.read': query(
    z.strictObject({ fileId: FileId, version: Version }),
    z.object({ version: DocumentVersion, update: z.string() }),
    {
      guests: true,
      limit: perAccount(120, '1 min'),
    },
  ),
  'documents.version.save': command(z.strictObject({ clientId: ClientId, fileId: FileId, name: line(200) }), DocumentVersion, {
    limit: perAccount(30, '1 min'),
    repeat: 'natural',
  }),
  /** What an earlier version is called, from now on. Nothing: as the hub kept it. */
  'documents.version.name': command(
    z.strictObject({ clientId: ClientId, fileId: FileId, version: Version, name: optionalLine(200) }),
    DocumentVersion,
    { limit: perAccount(60, '1 min'), repeat: 'natural' },
  ),
  /** As an edit, after keeping what is there now as a version. */
  'documents.version.restore': command(z.strictObject({ clientId: ClientId, fileId: FileId, version: Version }), DocumentVersion, {
    limit: perAccount(30, '1 min'),
    repeat: 'natural',
  }),
  /** A version is new, or called something else. */
  'documents.version.saved': fact('file', z.object({ fileId: FileId, version: DocumentVersion })),
  'documents.restored': fact('file', z.object({ fileId: FileId, version: z.int(), by: AccountId })),
}
