import { sql } from 'kysely'
import type { AccountId, FileId, May, Share } from '@atrium/protocol'
import { reading, type Db, type Tx } from './store.ts'

const most = 1_000

interface ShareRow {
  fileId: FileId
  accountId: AccountId
  may: May
  by: AccountId
  at: Date
}
const toShare = ({ at, ...row }: ShareRow): Share => ({ ...row, at: at.toISOString() })
const columns = sql`file_id, account_id, may, by_id as by, at`

/** What is shared with somebody, the newest first. */
export async function sharesOf(db: Db, accountId: string, which: 'all' | 'new'): Promise<(Share & { isNew: boolean })[]> {
  const unseen = which === 'new' ? sql`and seen_at is null` : sql``
  const { rows } = await sql<ShareRow & { isNew: boolean }>`
    select ${columns}, seen_at is null as is_new from file_share where account_id = ${accountId} ${unseen}
    order by at desc, file_id limit ${sql.lit(most)}`.execute(reading(db))
  return rows.map((row) => ({ ...toShare(row), isNew: row.isNew }))
}

/** Which of these were given to somebody by themselves. */
export async function givenAmong(db: Db, accountId: string, fileIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ fileId: string }>`
    select file_id from file_share where account_id = ${accountId} and file_id = any(${fileIds}::uuid[])`.execute(reading(db))
  return new Set(rows.map(({ fileId }) => fileId))
}

/** Somebody saw that these were given to them. Those of which they had not known. */
export async function seeShares(tx: Tx, accountId: string, fileIds: readonly string[], at: Date): Promise<FileId[]> {
  const { rows } = await sql<{ fileId: FileId }>`
    update file_share set seen_at = ${at} where account_id = ${accountId} and file_id = any(${fileIds}::uuid[]) and seen_at is null
    returning file_id`.execute(tx)
  return rows.map(({ fileId }) => fileId)
}

/** Of these, the ones that were given first to begin with. Those that come and go with a list are the list's. */
export async function listShares(db: Db, fileIds: readonly string[]): Promise<Share[]> {
  const { rows } = await sql<ShareRow>`
    select ${columns} from file_share as share where file_id = any(${fileIds}::uuid[]) and not exists (select from share_by_list as listed
      where listed.file_id = share.file_id and listed.account_id = share.account_id and not has_own) order by at, account_id`.execute(
    reading(db),
  )
  return rows.map(toShare)
}

export async function findShare(db: Db, fileId: string, accountId: string): Promise<Share | undefined> {
  const { rows } = await sql<ShareRow>`select ${columns} from file_share where file_id = ${fileId} and account_id = ${accountId}`.execute(
    reading(db),
  )
  return rows[0] && toShare(rows[0])
}

export async function setShare(tx: Tx, { at, by, ...share }: Omit<ShareRow, 'at'> & { at: Date }): Promise<void> {
  await tx
    .insertInto('fileShare')
    .values({ ...share, byId: by, at })
    .onConflict((given) => given.columns(['fileId', 'accountId']).doUpdateSet({ may: share.may, byId: by, at }))
    .execute()
}

export async function dropShare(tx: Tx, fileId: string, accountId: string): Promise<void> {
  await sql`delete from file_share where file_id = ${fileId} and account_id = ${accountId}`.execute(tx)
}

/** The shares of these files and of all that lies in them: who loses something when they go. */
export async function sharesBelow(tx: Tx, ids: readonly string[]): Promise<ShareRow[]> {
  const { rows } = await sql<ShareRow>`
    with recursive below as (
      select id from file where id = any(${ids}::uuid[])
      union all select file.id from below join file on file.parent_id = below.id
    )
    select ${columns} from file_share where file_id in (select id from below)`.execute(tx)
  return rows
}

export async function dropSharesWith(tx: Tx, accountId: string): Promise<void> {
  await sql`delete from file_share where account_id = ${accountId}`.execute(tx)
}
