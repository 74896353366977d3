import { type Blobs, type Database, type Log } from '@atrium/platform'
import type { FileId, Input, Internal } from '@atrium/protocol'
import type { Documents } from './documents.ts'
import { begin, beginWith, forget, type DocumentTables, type Tables } from './store.ts'

interface Needs {
  db: Tables
  work: Database<DocumentTables>['work']
  documents: Pick<Documents, 'anyThread' | 'remove'>
  blobs: Blobs
  log: Log
  now: () => Date
}

/** Documents as files: begun and deleted. The server has looked at who may; each may be asked for again. */
export function errands({ db, work, documents, blobs, log, now }: Needs) {
  async function beginFrom(fileId: FileId, parts: Uint8Array[]): Promise<void> {
    const { parts: merged } = await documents.anyThread(fileId).ask('merge', {}, parts)
    const [state, stateVector] = merged as [Uint8Array, Uint8Array]
    await beginWith(db, fileId, Buffer.from(state), Buffer.from(stateVector))
  }

  return {
    async 'document.create'({ fileId, update }: Input<Internal, 'document.create'>) {
      if (update === undefined) await begin(db, fileId)
      else await beginFrom(fileId, [Buffer.from(update, 'base64')])
      return {}
    },

    async 'document.delete'({ fileId }: Input<Internal, 'document.delete'>) {
      const keys = await work((tx) => forget(tx, fileId, now()))
      documents.remove(fileId)
      // A blob that stays behind is found by who looks for blobs without a row.
      for (const key of keys) await blobs.delete(key).catch((error: unknown) => log.warn({ operation: 'document.delete', error }))
      return {}
    },
  }
}
