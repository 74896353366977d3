import { sql, type RawBuilder } from 'kysely'
import type { AccountId, FileId, FileVersion } from '@atrium/protocol'
import { reading, type Db, type Tx } from './store.ts'

export interface Content {
  blobKey: string
  type: string
  bytes: number
}
export interface StoredContent extends Content {
  version: number
  sha256: string
  fault: 'lost' | 'damaged' | null
}

export async function listVersions(db: Db, fileId: string): Promise<FileVersion[]> {
  const { rows } = await sql<Omit<FileVersion, 'at'> & { at: Date }>`
    select version, bytes, type, account_id as by, at from file_version where file_id = ${fileId} order by version desc limit 1000`.execute(
    reading(db),
  )
  return rows.map(({ at, ...row }) => ({ ...row, at: at.toISOString() }))
}

/** The content of a version, or of the newest. */
export async function findContent(db: Db, fileId: string, version?: number): Promise<StoredContent | undefined> {
  const { rows } = await sql<StoredContent>`
    select v.version, v.blob_key, v.type, v.bytes, b.sha256, b.fault from file_version as v join file_blob as b on b.key = v.blob_key
    where v.file_id = ${fileId} ${version === undefined ? sql`` : sql`and v.version = ${version}`} order by v.version desc limit 1`.execute(
    reading(db),
  )
  return rows[0]
}

/**
 * Keeps a content once: resolves to the key of the blob that has it, the one given or an older one with the same bytes. The
 * row is held until the unit ends, so nobody lets go of it meanwhile.
 */
export async function keepContent(
  tx: Tx,
  given: { key: string; sha256: string; bytes: number; at: Date },
): Promise<{ key: string; fault: StoredContent['fault'] }> {
  const { rows } = await sql<{ key: string; fault: StoredContent['fault'] }>`
    insert into file_blob as known (key, sha256, bytes, uses, added_at) values (${given.key}, ${given.sha256}, ${given.bytes}, 1, ${given.at})
    on conflict (sha256) do update set uses = known.uses + 1 returning key, fault`.execute(tx)
  return rows[0]!
}

export async function setFault(tx: Tx, key: string, fault: StoredContent['fault'], at: Date): Promise<void> {
  await sql`update file_blob set fault = ${fault}, checked_at = ${at} where key = ${key}`.execute(tx)
}

/** Those that were not looked at since then, the longest ago first. */
export async function listUnchecked(db: Db, before: Date, limit: number): Promise<{ key: string; sha256: string; bytes: number }[]> {
  const { rows } = await sql<{ key: string; sha256: string; bytes: number }>`
    select key, sha256, bytes from file_blob where coalesce(checked_at, added_at) < ${before} order by checked_at nulls first limit ${limit}`.execute(
    reading(db),
  )
  return rows
}

/** What files are called that have this content: for the log, so that somebody can look for them in a backup. */
export async function filesWith(db: Db, key: string): Promise<string[]> {
  const { rows } = await sql<{ fileId: string }>`select distinct file_id from file_version where blob_key = ${key} limit 100`.execute(
    reading(db),
  )
  return rows.map(({ fileId }) => fileId)
}

/** One more version has this content. */
export async function useContent(tx: Tx, key: string): Promise<void> {
  await sql`update file_blob set uses = uses + 1 where key = ${key}`.execute(tx)
}

export async function addVersion(tx: Tx, given: Content & { fileId: FileId; version: number; by: AccountId; at: Date }): Promise<void> {
  const { by, ...row } = given
  await tx
    .insertInto('fileVersion')
    .values({ ...row, accountId: by })
    .execute()
  await tx
    .updateTable('file')
    .set({ version: row.version, type: row.type, bytes: row.bytes, changedAt: row.at, changedBy: by })
    .where('id', '=', row.fileId)
    .execute()
}

/** Takes away all versions of these files; resolves to the blobs that nothing has any more. What they cost is given back. */
export const dropVersions = (tx: Tx, fileIds: readonly string[]): Promise<string[]> => dropThose(tx, sql`file_id = any(${fileIds}::uuid[])`)
/** The same of all but the newest of one. */
export const dropOldVersions = (tx: Tx, fileId: string, kept: number): Promise<string[]> =>
  dropThose(
    tx,
    sql`file_id = ${fileId} and version in (select version from file_version where file_id = ${fileId} order by version desc offset ${kept})`,
  )

async function dropThose(tx: Tx, those: RawBuilder<unknown>): Promise<string[]> {
  const { rows: gone } = await sql<{ blobKey: string; accountId: string; bytes: number }>`
    delete from file_version where ${those} returning blob_key, account_id, bytes`.execute(tx)
  const uses = new Map<string, number>()
  const paid = new Map<string, number>()
  for (const { blobKey, accountId, bytes } of gone) {
    uses.set(blobKey, (uses.get(blobKey) ?? 0) + 1)
    paid.set(accountId, (paid.get(accountId) ?? 0) + bytes)
  }
  // Sorted: two units that let go of the same contents never wait for each other crosswise.
  for (const accountId of [...paid.keys()].sort()) await giveBack(tx, accountId, paid.get(accountId)!)
  const keys = [...uses.keys()].sort()
  if (keys.length === 0) return []
  await sql`select from file_blob where key = any(${keys}::text[]) order by key for update`.execute(tx)
  await sql`update file_blob set uses = file_blob.uses - gone.uses
    from unnest(${keys}::text[], ${keys.map((key) => uses.get(key))}::int[]) as gone (key, uses) where file_blob.key = gone.key`.execute(tx)
  const { rows } = await sql<{ key: string }>`delete from file_blob where key = any(${keys}::text[]) and uses = 0 returning key`.execute(tx)
  return rows.map(({ key }) => key)
}

export async function usageOf(db: Db, accountId: string): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`select bytes from file_usage where account_id = ${accountId}`.execute(reading(db))
  return rows[0]?.bytes ?? 0
}

/** FILE-9, in the statement that writes: of two uploads at once, each sees what the other has taken. Undefined: it does not fit; else what is kept now. */
export async function takeRoom(tx: Tx, accountId: string, bytes: number, quotaBytes: number): Promise<number | undefined> {
  const { rows } = await sql<{ bytes: number }>`
    insert into file_usage as used (account_id, bytes) select ${accountId}::uuid, ${bytes}::bigint where ${bytes}::bigint <= ${quotaBytes}::bigint
    on conflict (account_id) do update set bytes = used.bytes + excluded.bytes where used.bytes + excluded.bytes <= ${quotaBytes}::bigint
    returning used.bytes`.execute(tx)
  return rows[0]?.bytes
}

export async function giveBack(tx: Tx, accountId: string, bytes: number): Promise<void> {
  await sql`update file_usage set bytes = greatest(0, bytes - ${bytes}::bigint) where account_id = ${accountId}`.execute(tx)
}

/** Whoever has the folder now pays for what is in it, as far as the one before did. */
export async function handVersions(tx: Tx, folderId: string, from: string, to: string): Promise<void> {
  const { rows } = await sql<{ bytes: number }>`
    with recursive below as (
      select id from file where id = ${folderId}
      union all select file.id from below join file on file.parent_id = below.id
    ), handed as (
      update file_version set account_id = ${to} where account_id = ${from} and file_id in (select id from below) returning bytes
    )
    select coalesce(sum(bytes), 0)::bigint as bytes from handed`.execute(tx)
  const bytes = rows[0]!.bytes
  if (bytes === 0) return
  await giveBack(tx, from, bytes)
  await sql`insert into file_usage as used (account_id, bytes) values (${to}, ${bytes})
    on conflict (account_id) do update set bytes = used.bytes + excluded.bytes`.execute(tx)
}

/** What is left of it are versions in rooms, which stay: nobody pays for those any more. */
export async function forgetUsage(tx: Tx, accountId: string): Promise<void> {
  await sql`delete from file_usage where account_id = ${accountId}`.execute(tx)
}
