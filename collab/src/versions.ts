import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { fail, type Blobs, type Database } from '@atrium/platform'
import {
  versionsSubject,
  type AccountId,
  type DocumentVersion,
  type FileId,
  type Input,
  type Internal,
  type Output,
} from '@atrium/protocol'
import type { OpenDocument } from './document.ts'
import type { Documents } from './documents.ts'
import {
  addVersion,
  authorsUpTo,
  nameVersion,
  setRestored,
  setVersioned,
  versionFor,
  versionOf,
  versionsBefore,
  type DocumentTables,
  type VersionRow,
} from './store.ts'

interface Needs extends Pick<Database<DocumentTables>, 'db' | 'work'> {
  documents: Pick<Documents, 'withDocument' | 'stateOf' | 'durable'>
  blobs: Blobs
  now: () => Date
  newId: () => string
}
interface Keep {
  reason: DocumentVersion['reason']
  name?: string
  clientId?: string
}
const pageSize = 50

const shown = ({ v, name, reason, at, authors, bytes }: VersionRow): DocumentVersion => ({
  version: v,
  name,
  reason,
  at: at.toISOString(),
  authors,
  bytes,
})

/** Earlier states of documents: whole, in the blobs, so that one can be read though everything after it is damaged. */
export function versions({ documents, db, work, blobs, now, newId }: Needs) {
  const underWay = new Map<FileId, Promise<unknown>>()

  /** One after the other for each document: who wrote since the last version is counted once. */
  function inTurn<T>(fileId: FileId, run: () => Promise<T>): Promise<T> {
    const mine = (underWay.get(fileId) ?? Promise.resolve()).then(run, run)
    underWay.set(fileId, mine)
    const over = () => void (underWay.get(fileId) === mine && underWay.delete(fileId))
    mine.then(over, over)
    return mine
  }

  /** Keeps what stands there now. What is already the newest version is not kept again, unless a person asks. */
  async function keep(document: OpenDocument, { reason, name = '', clientId }: Keep): Promise<VersionRow> {
    const { fileId } = document
    const { state, n } = await documents.stateOf(document)
    await documents.durable(fileId)
    const sha256 = createHash('sha256').update(state).digest('hex')
    const [newest] = await versionsBefore(db, fileId, undefined, 1)
    const isSame = newest?.sha256 === sha256
    const blobKey = isSame ? newest.blobKey : newId()
    if (!isSame) await blobs.put(blobKey, state)
    const kept = await work(async (tx, announce) => {
      const authors = await authorsUpTo(tx, fileId, n)
      if (!authors) throw fail('not_found', 'documents.noSuchDocument')
      await setVersioned(tx, fileId, n)
      if (isSame && !clientId) return newest
      const v = ((await versionsBefore(tx, fileId, undefined, 1))[0]?.v ?? 0) + 1
      const row = { fileId, v, name, authors, reason, at: now(), bytes: state.length, blobKey, sha256, clientId: clientId ?? null }
      await addVersion(tx, { ...row, restoredAt: null })
      const said = { fileId, version: shown({ ...row, restoredAt: null }) }
      announce(`file:${fileId}`, 'documents.version.saved', said, { about: versionsSubject(fileId) })
      return { ...row, restoredAt: null }
    }).catch(async (error: unknown) => {
      if (!isSame) await blobs.delete(blobKey)
      throw error
    })
    document.loaded?.versioned(n)
    return kept
  }

  /** The bytes of a version, which are what they were when it was kept, or nothing. */
  async function bytesOf({ blobKey, sha256 }: VersionRow): Promise<Buffer> {
    const bytes = await buffer(await blobs.get(blobKey))
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw fail('unavailable', 'files.contentDamaged')
    return bytes
  }

  async function found(fileId: FileId, v: number): Promise<VersionRow> {
    const row = await versionOf(db, fileId, v)
    if (!row) throw fail('not_found', 'documents.noSuchVersion')
    return row
  }

  async function restored(document: OpenDocument, past: VersionRow, kept: VersionRow, accountId: AccountId): Promise<void> {
    const { fileId } = document
    const bytes = await bytesOf(past)
    await document.thread.ask('restore', { fileId, accountId }, [bytes])
    if ((await documents.durable(fileId)) === false) throw fail('unavailable', 'unavailable')
    await work(async (tx, announce) => {
      await setRestored(tx, fileId, kept.v, now())
      announce(`file:${fileId}`, 'documents.restored', { fileId, version: past.v, by: accountId })
    })
  }

  return {
    /** By itself: somebody left, or enough was written. */
    keep: (document: OpenDocument, reason: 'left' | 'time') => inTurn(document.fileId, () => keep(document, { reason })),

    async list({ fileId, before }: Input<Internal, 'document.versions'>): Promise<Output<Internal, 'document.versions'>> {
      const rows = await versionsBefore(db, fileId, before, pageSize + 1)
      return { versions: rows.slice(0, pageSize).map(shown), hasMore: rows.length > pageSize }
    },

    async read({ fileId, version }: Input<Internal, 'document.version.read'>): Promise<Output<Internal, 'document.version.read'>> {
      const row = await found(fileId, version)
      return { version: shown(row), update: (await bytesOf(row)).toString('base64') }
    },

    save: ({ fileId, clientId, name }: Input<Internal, 'document.version.save'>): Promise<DocumentVersion> =>
      inTurn(fileId, async () => {
        const repeated = await versionFor(db, fileId, clientId)
        if (repeated) return shown(repeated)
        return shown(await documents.withDocument(fileId, (document) => keep(document, { reason: 'named', name, clientId })))
      }),

    name: ({ fileId, version, name }: Input<Internal, 'document.version.name'>): Promise<DocumentVersion> =>
      inTurn(fileId, async () => {
        const before = await found(fileId, version)
        if (before.name === name) return shown(before)
        const named = shown({ ...before, name })
        await work(async (tx, announce) => {
          await nameVersion(tx, fileId, version, name)
          announce(`file:${fileId}`, 'documents.version.saved', { fileId, version: named }, { about: versionsSubject(fileId) })
        })
        return named
      }),

    /** Brings back an earlier state as an edit, after keeping what stands there now: that version is the answer. */
    restore: ({ fileId, clientId, accountId, version }: Input<Internal, 'document.version.restore'>): Promise<DocumentVersion> =>
      inTurn(fileId, () =>
        documents.withDocument(fileId, async (document) => {
          const past = await found(fileId, version)
          const repeated = await versionFor(db, fileId, clientId)
          const kept = repeated ?? (await keep(document, { reason: 'restore', clientId }))
          if (!kept.restoredAt) await restored(document, past, kept, accountId)
          return shown(kept)
        }),
      ),
  }
}
export type Versions = ReturnType<typeof versions>
