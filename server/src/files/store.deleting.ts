import { sql } from 'kysely'
import type { FileId } from '@atrium/protocol'
import { lockSpace, reading, type Db, type Row, type Tx } from './store.ts'

export type Leaf = Pick<Row, 'id' | 'kind' | 'parentId'>

/** These files and what lies in them, the deepest first: whatever is removed of it leaves nothing without its folder. */
export async function listBelow(tx: Tx, ids: readonly string[], limit: number): Promise<{ files: Leaf[]; isMore: boolean }> {
  const { rows } = await sql<Leaf>`
    with recursive below as (
      select id, kind, parent_id, 0 as depth from file where id = any(${ids}::uuid[])
      union all select file.id, file.kind, file.parent_id, below.depth + 1 from below join file on file.parent_id = below.id
    )
    select id, kind, parent_id from below group by id, kind, parent_id order by max(depth) desc, id limit ${limit + 1}`.execute(tx)
  return { files: rows.slice(0, limit), isMore: rows.length > limit }
}

/** The documents among these and in them. */
export async function documentsBelow(tx: Tx, ids: readonly string[]): Promise<FileId[]> {
  const { rows } = await sql<{ id: FileId }>`
    with recursive below as (
      select id, kind from file where id = any(${ids}::uuid[])
      union all select file.id, file.kind from below join file on file.parent_id = below.id
    )
    select id from below where kind = 'document' limit 10000`.execute(tx)
  return rows.map(({ id }) => id)
}

export async function removeFiles(tx: Tx, ids: readonly string[]): Promise<void> {
  await sql`delete from file_share where file_id = any(${ids}::uuid[])`.execute(tx)
  await sql`delete from file where id = any(${ids}::uuid[])`.execute(tx)
}

/** What was trashed before then, by itself. */
export async function listTrashedBefore(db: Db, time: Date, limit: number): Promise<{ id: FileId; parentId: FileId | null }[]> {
  const { rows } = await sql<{ id: FileId; parentId: FileId | null }>`
    select id, parent_id from file where trashed_at < ${time} and parent_id is not null order by trashed_at limit ${limit}`.execute(
    reading(db),
  )
  return rows
}

/** The whole of a person's space, which nobody changes until the unit ends. */
export async function findSpace(tx: Tx, accountId: string): Promise<FileId | undefined> {
  await lockSpace(tx, accountId)
  const { rows } = await sql<{ id: FileId }>`
    select id from file where space = 'personal' and space_id = ${accountId} and parent_id is null for update`.execute(tx)
  return rows[0]?.id
}
