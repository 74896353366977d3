import { sql, type Generated, type Kysely } from 'kysely'
import type { AccountId, DocumentVersion, FileId } from '@atrium/protocol'
import { statement, type Reading, type Tx } from '@atrium/platform'

export interface DocumentTables {
  document: {
    fileId: FileId
    snapshot: Buffer | null
    stateVector: Buffer | null
    generation: Generated<number>
    authors: Generated<AccountId[]>
    versionedN: Generated<number>
    deletedAt: Date | null
  }
  docUpdate: { fileId: FileId; n: Generated<number>; bytes: Buffer; accountId: AccountId; at: Generated<Date> }
  docVersion: {
    fileId: FileId
    v: number
    name: string
    authors: AccountId[]
    reason: DocumentVersion['reason']
    at: Date
    bytes: number
    blobKey: string
    sha256: string
    clientId: string | null
    restoredAt: Date | null
  }
}
/** Whole: appending announces nothing, and one statement is its own transaction. */
export type Tables = Kysely<DocumentTables>

export interface Stored {
  snapshot: Buffer | null
  stateVector: Buffer | null
  /** What came after the snapshot, in order. */
  tail: { n: number; bytes: Buffer }[]
  generation: number
  /** Who wrote since the last version, as far as it is folded into the snapshot. */
  authors: AccountId[]
  versionedN: number
}

/** What is stored of a document; it is begun if it was not. Nothing for one that was deleted. */
export async function stored(db: Tables, fileId: FileId): Promise<Stored | undefined> {
  // The tail first: what is folded between the two reads is then in both, and in none otherwise.
  const tail = await db.selectFrom('docUpdate').select(['n', 'bytes']).where('fileId', '=', fileId).orderBy('n').execute()
  const row = await db
    .selectFrom('document')
    .select(['snapshot', 'stateVector', 'generation', 'authors', 'versionedN', 'deletedAt'])
    .where('fileId', '=', fileId)
    .executeTakeFirst()
  if (row) return row.deletedAt ? undefined : { ...row, tail }
  await begin(db, fileId)
  return { snapshot: null, stateVector: null, generation: 0, authors: [], versionedN: 0, tail }
}

export async function begin(db: Tables, fileId: FileId): Promise<void> {
  await db
    .insertInto('document')
    .values({ fileId })
    .onConflict((clash) => clash.doNothing())
    .execute()
}

/** The first state of a document, unless it has one. */
export async function beginWith(db: Tables, fileId: FileId, snapshot: Buffer, stateVector: Buffer): Promise<void> {
  await db
    .insertInto('document')
    .values({ fileId, snapshot, stateVector })
    .onConflict((clash) =>
      clash
        .column('fileId')
        .doUpdateSet({ snapshot, stateVector, generation: 1 })
        .where('document.generation', '=', 0)
        .where('document.snapshot', 'is', null)
        .where('document.deletedAt', 'is', null),
    )
    .execute()
}

export interface Change {
  fileId: FileId
  accountId: AccountId
  bytes: Uint8Array
}

interface Written {
  fileId: FileId
  n: number
}
const insertChanges = statement<{ all: Buffer; fileIds: FileId[]; accountIds: AccountId[]; starts: number[]; lengths: number[] }, Written>(
  ({ all, fileIds, accountIds, starts, lengths }) => sql`
    insert into doc_update (file_id, account_id, bytes)
    select f, a, substring(${all}::bytea from o for l)
    from unnest(${fileIds}::uuid[], ${accountIds}::uuid[], ${starts}::int[], ${lengths}::int[]) with ordinality as u(f, a, o, l, i)
    where exists (select from document where file_id = f and deleted_at is null)
    order by i
    returning file_id, n`,
)
/**
 * Writes changes of many documents in one statement: all bytes are one parameter, cut apart by the database. Those of a
 * document that was deleted meanwhile are dropped.
 */
export async function append(db: Tables, changes: readonly Change[]): Promise<Written[]> {
  const starts: number[] = []
  const lengths: number[] = []
  let end = 0
  for (const { bytes } of changes) {
    starts.push(end + 1)
    lengths.push(bytes.length)
    end += bytes.length
  }
  const all = Buffer.concat(
    changes.map(({ bytes }) => bytes),
    end,
  )
  const [fileIds, accountIds] = [changes.map(({ fileId }) => fileId), changes.map(({ accountId }) => accountId)]
  return insertChanges(db, { all, fileIds, accountIds, starts, lengths })
}

export interface Fold {
  fileId: FileId
  snapshot: Uint8Array
  stateVector: Uint8Array
  /** The rows that are in the snapshot. No others are deleted: another node may have written some. */
  rows: number[]
  /** The fold that the snapshot contains. */
  generation: number
}

/** Replaces a log by its snapshot, all or nothing. False: another node did so since we looked, and its snapshot stands. */
export async function fold(db: Tables, { fileId, snapshot, stateVector, rows, generation }: Fold): Promise<boolean> {
  const { rows: done } = await sql`
    with gone as (
      delete from doc_update where file_id = ${fileId} and n = any(${rows}::bigint[])
        and exists (select from document where file_id = ${fileId} and generation = ${generation} for update)
      returning n, account_id)
    update document set snapshot = ${Buffer.from(snapshot)}, state_vector = ${Buffer.from(stateVector)}, generation = generation + 1,
      authors = array(select unnest(authors) union select account_id from gone where n > versioned_n)
    where file_id = ${fileId} and generation = ${generation} and deleted_at is null
    returning file_id`.execute(db)
  return done.length === 1
}

/** Rows of a document beyond those that are known. */
export const rowsBeside = (db: Tables, fileId: FileId, known: number[]) =>
  db
    .selectFrom('docUpdate')
    .select(['n', 'bytes'])
    .where('fileId', '=', fileId)
    .where('n', '<>', sql<number>`all(${known}::bigint[])`)
    .orderBy('n')
    .execute()

export type VersionRow = Omit<DocumentTables['docVersion'], 'restoredAt'> & { restoredAt: Date | null }
const versionColumns = ['fileId', 'v', 'name', 'authors', 'reason', 'at', 'bytes', 'blobKey', 'sha256', 'clientId', 'restoredAt'] as const
const versions = (db: Reading<DocumentTables>, fileId: FileId) =>
  db.selectFrom('docVersion').select(versionColumns).where('fileId', '=', fileId)

export const versionsBefore = (db: Reading<DocumentTables>, fileId: FileId, before: number | undefined, most: number) =>
  versions(db, fileId)
    .$if(before !== undefined, (query) => query.where('v', '<', before!))
    .orderBy('v', 'desc')
    .limit(most)
    .execute()

export const versionOf = (db: Reading<DocumentTables>, fileId: FileId, v: number) =>
  versions(db, fileId).where('v', '=', v).executeTakeFirst()
export const versionFor = (db: Reading<DocumentTables>, fileId: FileId, clientId: string) =>
  versions(db, fileId).where('clientId', '=', clientId).executeTakeFirst()

/** Locks the document until the unit ends, and says who wrote up to a row. */
export async function authorsUpTo(tx: Tx<DocumentTables>, fileId: FileId, n: number): Promise<AccountId[] | undefined> {
  const row = await tx
    .selectFrom('document')
    .select(['authors', 'versionedN'])
    .where('fileId', '=', fileId)
    .where('deletedAt', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  if (!row) return undefined
  const late = await tx
    .selectFrom('docUpdate')
    .select('accountId')
    .distinct()
    .where('fileId', '=', fileId)
    .where('n', '>', row.versionedN)
    .where('n', '<=', n)
    .execute()
  return [...new Set([...row.authors, ...late.map(({ accountId }) => accountId)])]
}

export const addVersion = (tx: Tx<DocumentTables>, row: VersionRow) => tx.insertInto('docVersion').values(row).execute()

/** From here on, what was written belongs to the next version. */
export const setVersioned = (tx: Tx<DocumentTables>, fileId: FileId, n: number) =>
  tx
    .updateTable('document')
    .set({ authors: [], versionedN: sql<number>`greatest(versioned_n, ${n})` })
    .where('fileId', '=', fileId)
    .execute()

export const nameVersion = (tx: Tx<DocumentTables>, fileId: FileId, v: number, name: string) =>
  tx.updateTable('docVersion').set({ name }).where('fileId', '=', fileId).where('v', '=', v).execute()

export const setRestored = (tx: Tx<DocumentTables>, fileId: FileId, v: number, at: Date) =>
  tx.updateTable('docVersion').set({ restoredAt: at }).where('fileId', '=', fileId).where('v', '=', v).execute()

/** Forgets a document; what remains says that it was. Answers with the keys of its versions' bytes. */
export async function forget(tx: Tx<DocumentTables>, fileId: FileId, at: Date): Promise<string[]> {
  await tx
    .insertInto('document')
    .values({ fileId, deletedAt: at })
    .onConflict((clash) => clash.column('fileId').doUpdateSet({ snapshot: null, stateVector: null, authors: [], deletedAt: at }))
    .execute()
  await tx.deleteFrom('docUpdate').where('fileId', '=', fileId).execute()
  const gone = await tx.deleteFrom('docVersion').where('fileId', '=', fileId).returning('blobKey').execute()
  return [...new Set(gone.map(({ blobKey }) => blobKey))]
}
