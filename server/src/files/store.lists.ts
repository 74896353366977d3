import { sql, type RawBuilder } from 'kysely'
import type { FileId, Hub, Input } from '@atrium/protocol'
import { patternsOf } from './words.ts'
import { fileColumns, reading, type Db, type Row } from './store.ts'

type Asked = Omit<Input<Hub, 'files.list'>, 'folderId'>

/** What a page is sorted by, for a row called `of`. */
const sortedBy: Record<Asked['sort'], (of: string) => RawBuilder<unknown>> = {
  name: (of) => sql`${sql.ref(`${of}.sortKey`)}`,
  changed: (of) => sql`${sql.ref(`${of}.changedAt`)}`,
  size: (of) => sql`${sql.ref(`${of}.bytes`)}`,
}

/**
 * What lies in a folder, folders first. `after` must be one of its files: undefined when it is not. One more than asked for
 * is read, to know whether there are more.
 */
export async function listFolder(db: Db, folderId: string, { after, limit, sort, isDescending }: Asked): Promise<Row[] | undefined> {
  if (after !== undefined && !(await isIn(db, folderId, after))) return undefined
  const by = sortedBy[sort]
  const [direction, beyond] = isDescending ? [sql`desc`, sql`<`] : [sql`asc`, sql`>`]
  const isFolder = (of: string) => sql`(${sql.ref(`${of}.kind`)} <> 'folder')`
  const later =
    after === undefined
      ? sql``
      : sql`and exists (select from file as last where last.id = ${after} and (
          ${isFolder('f')} > ${isFolder('last')} or ${isFolder('f')} = ${isFolder('last')} and (${by('f')}, f.id) ${beyond} (${by('last')}, last.id)))`
  const { rows } = await sql<Row>`
    select ${fileColumns} from file as f where f.parent_id = ${folderId} and f.trashed_at is null ${later}
    order by ${isFolder('f')}, ${by('f')} ${direction}, f.id ${direction} limit ${limit + 1}`.execute(reading(db))
  return rows
}

async function isIn(db: Db, folderId: string, id: string): Promise<boolean> {
  const { rows } = await sql`select from file where id = ${id} and parent_id = ${folderId}`.execute(reading(db))
  return rows.length > 0
}

export interface Reach {
  accountId: string
  roomIds: readonly string[]
}

/** What was put in the trash by itself, newest first: of one's own space, these rooms', and what lies in what was given. */
export async function listTrash(
  db: Db,
  { accountId, roomIds }: Reach,
  given: readonly string[],
  after: FileId | undefined,
  limit: number,
): Promise<Row[]> {
  const later =
    after === undefined
      ? sql``
      : sql`and exists (select from file as last where last.id = ${after} and (f.trashed_at, f.id) < (last.trashed_at, last.id))`
  const { rows } = await sql<Row>`
    with recursive given as (
      select id from file where id = any(${given}::uuid[])
      union select file.id from given join file on file.parent_id = given.id
    )
    select ${fileColumns} from file as f
    where f.trashed_at is not null and (f.space = 'personal' and f.space_id = ${accountId}
      or f.space = 'room' and f.space_id = any(${roomIds}::uuid[]) or f.id in (select id from given)) ${later}
    order by f.trashed_at desc, f.id desc limit ${limit}`.execute(reading(db))
  return rows
}

/** What is shared with somebody, newest first. */
export async function listSharedWith(db: Db, accountId: string): Promise<{ id: FileId }[]> {
  const { rows } = await sql<{ id: FileId }>`
    select file_id as id from file_share where account_id = ${accountId} and may = 'write' limit 1000`.execute(reading(db))
  return rows
}

/**
 * Files by words of their names: in one's own space, in these rooms', and in what was shared. Those that were changed last
 * come first; whether each may be seen is asked afterwards.
 */
export async function findNamed(db: Db, { accountId, roomIds }: Reach, text: string, offset: number, limit: number): Promise<FileId[]> {
  const patterns = patternsOf(text)
  const { rows } = await sql<{ id: FileId }>`
    with recursive given as (
      select file_id as id from file_share where account_id = ${accountId}
      union select file.id from given join file on file.parent_id = given.id
    )
    select f.id from file as f
    where f.parent_id is not null and f.trashed_at is null and f.words like all(${patterns}::text[])
      and (f.space = 'personal' and f.space_id = ${accountId} or f.space = 'room' and f.space_id = any(${roomIds}::uuid[]) or f.id in (select id from given))
    order by f.changed_at desc, f.id limit ${limit} offset ${offset}`.execute(reading(db))
  return rows.map(({ id }) => id)
}
