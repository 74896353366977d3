import { sql } from 'kysely'
import type { FileId } from '@atrium/protocol'
import { reading, type Db, type Tx } from './store.ts'

export async function addPictures(tx: Tx, documentId: FileId, fileIds: readonly FileId[]): Promise<void> {
  await sql`
    insert into file_picture (document_id, file_id) select ${documentId}, id from unnest(${fileIds}::uuid[]) as t (id)
    on conflict do nothing`.execute(tx)
}

/** The documents that these are pictures of. */
export async function showing(db: Db, fileIds: readonly string[]): Promise<{ fileId: string; documentId: string }[]> {
  const { rows } = await sql<{ fileId: string; documentId: string }>`
    select file_id, document_id from file_picture where file_id = any(${fileIds}::uuid[])`.execute(reading(db))
  return rows
}
