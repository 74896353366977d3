import { sql } from 'kysely'
import type { AccountId, FileId, ListId, May } from '@atrium/protocol'
import { reading, type Db, type Tx } from './store.ts'

export interface FileList {
  fileId: FileId
  listId: ListId
  may: May
  by: AccountId
  at: Date
}
/** The lists that these are shared with, the first to come first. */
export async function listsOn(db: Db, fileIds: readonly string[]): Promise<FileList[]> {
  const { rows } = await sql<FileList>`
    select file_id, list_id, may, by_id as by, at from file_list where file_id = any(${fileIds}::uuid[]) order by at, list_id`.execute(
    reading(db),
  )
  return rows
}
/** All files that are shared with lists, and those whose last list went. */
export async function gatherings(db: Db): Promise<{ id: string; listIds: string[] }[]> {
  const { rows } = await sql<{ id: string; listIds: string[] }>`
    select file.id, array(select list_id from file_list where file_id = file.id) as list_ids
    from (select file_id as id from file_list union select file_id from share_by_list) as file`.execute(reading(db))
  return rows
}
export async function setFileList(tx: Tx, { fileId, listId, may, by, at }: FileList): Promise<void> {
  await sql`
    insert into file_list (file_id, list_id, may, by_id, at) values (${fileId}, ${listId}, ${may}, ${by}, ${at})
    on conflict (file_id, list_id) do update set may = excluded.may`.execute(tx)
}
export async function dropFileLists(tx: Tx, fileId: string, listIds: readonly string[]): Promise<void> {
  await sql`delete from file_list where file_id = ${fileId} and list_id = any(${listIds}::uuid[])`.execute(tx)
}
/** Its people are looked at again. */
export async function stirFile(tx: Tx, fileId: string): Promise<void> {
  await sql`insert into list_stirred (file_id) values (${fileId})`.execute(tx)
}

export interface Gathered {
  accountId: AccountId
  hasOwn: boolean
  /** What their share says now. Null: they gave it back, or somebody took it. */
  may: May | null
}
/** Who was in the file's lists when it was looked at last. */
export async function gatheredOn(db: Db, fileId: string, among?: readonly string[]): Promise<Gathered[]> {
  const these = among ? sql`and known.account_id = any(${among}::uuid[])` : sql``
  const { rows } = await sql<Gathered>`
    select known.account_id, known.has_own, share.may
    from share_by_list as known left join file_share as share using (file_id, account_id)
    where known.file_id = ${fileId} ${these} order by known.account_id`.execute(reading(db))
  return rows
}
export async function sharedAmong(db: Db, fileId: string, accountIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ accountId: string }>`
    select account_id from file_share where file_id = ${fileId} and account_id = any(${accountIds}::uuid[])`.execute(reading(db))
  return new Set(rows.map(({ accountId }) => accountId))
}
export async function addGathered(tx: Tx, fileId: string, accountIds: readonly string[], hasOwn: boolean): Promise<void> {
  if (accountIds.length === 0) return
  await sql`
    insert into share_by_list (file_id, account_id, has_own) select ${fileId}, id, ${hasOwn} from unnest(${accountIds}::uuid[]) as id
    on conflict do nothing`.execute(tx)
}
export async function dropGathered(tx: Tx, fileId: string, accountIds: readonly string[]): Promise<void> {
  await sql`delete from share_by_list where file_id = ${fileId} and account_id = any(${accountIds}::uuid[])`.execute(tx)
}
/** What a list gave is given to them themselves from now on. */
export async function keepGathered(tx: Tx, fileId: string, accountId: string): Promise<void> {
  await sql`update share_by_list set has_own = true where file_id = ${fileId} and account_id = ${accountId}`.execute(tx)
}
