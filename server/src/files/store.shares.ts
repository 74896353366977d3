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
export async function sharesOf(db: Db, accountId: string): Promise<Share[]> {
  const { rows } = await sql<ShareRow>`
    select ${columns} from file_share where account_id = ${accountId} order by at desc, file_id limit ${sql.lit(most)}`.execute(reading(db))
  return rows.map(toShare)
}

export async function listShares(db: Db, fileId: string): Promise<Share[]> {
  const { rows } = await sql<ShareRow>`select ${columns} from file_share where file_id = ${fileId} order by at, account_id`.execute(
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
