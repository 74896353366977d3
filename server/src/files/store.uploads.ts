import { sql } from 'kysely'
import type { FileId } from '@atrium/protocol'
import { reading, type Db, type FileTables, type Tx } from './store.ts'

export type Upload = FileTables['fileUpload']
const columns = sql`id, account_id, client_id, folder_id, name, bytes, replaces, sha256, blob_key, state, file_id, problem, begun_at`

export async function findUpload(db: Db, id: string): Promise<Upload | undefined> {
  const { rows } = await sql<Upload>`select ${columns} from file_upload where id = ${id}`.execute(reading(db))
  return rows[0]
}

/** Locks it: what becomes of an upload is decided once. */
export async function holdUpload(tx: Tx, id: string): Promise<Upload | undefined> {
  const { rows } = await sql<Upload>`select ${columns} from file_upload where id = ${id} for update`.execute(tx)
  return rows[0]
}

export async function findBegun(db: Db, accountId: string, clientId: string): Promise<Upload | undefined> {
  const { rows } =
    await sql<Upload>`select ${columns} from file_upload where account_id = ${accountId} and client_id = ${clientId}`.execute(reading(db))
  return rows[0]
}

export type Adopted = Pick<FileTables['fileAdopted'], 'fileId' | 'accountId'>

/** Under this key nothing was filed until now: it is this. Otherwise what it was filed as, which may be deleted since. */
export async function adoptOnce(tx: Tx, adopted: FileTables['fileAdopted']): Promise<Adopted | undefined> {
  const added = await tx
    .insertInto('fileAdopted')
    .values(adopted)
    .onConflict((known) => known.doNothing())
    .returning('key')
    .executeTakeFirst()
  return added ? undefined : tx.selectFrom('fileAdopted').select(['fileId', 'accountId']).where('key', '=', adopted.key).executeTakeFirst()
}

/** False: another connection began the same upload a moment ago. */
export async function addUpload(tx: Tx, upload: Upload): Promise<boolean> {
  const added = await tx
    .insertInto('fileUpload')
    .values(upload)
    .onConflict((known) => known.doNothing())
    .returning('id')
    .executeTakeFirst()
  return added !== undefined
}

export async function setState(tx: Tx, id: string, state: Upload['state'], end: { fileId?: FileId; problem?: string } = {}): Promise<void> {
  await tx
    .updateTable('fileUpload')
    .set({ state, fileId: end.fileId ?? null, problem: end.problem ?? null })
    .where('id', '=', id)
    .execute()
}

export async function removeUpload(tx: Tx, id: string): Promise<void> {
  await sql`delete from file_upload where id = ${id}`.execute(tx)
}

/** Begun before then, or of somebody. */
export async function listUploads(db: Db, which: { before: Date } | { accountId: string }, limit: number): Promise<Upload[]> {
  const those = 'before' in which ? sql`begun_at < ${which.before}` : sql`account_id = ${which.accountId}`
  const { rows } = await sql<Upload>`select ${columns} from file_upload where ${those} order by begun_at limit ${limit}`.execute(
    reading(db),
  )
  return rows
}

/** Whether a content lies under this key. */
export async function isKept(db: Db, key: string): Promise<boolean> {
  const { rows } = await sql`select from file_blob where key = ${key}`.execute(reading(db))
  return rows.length > 0
}
