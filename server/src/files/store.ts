import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Reading, Tx as UnderWay } from '@atrium/platform'
import { sortKeyOf, type AccountId, type File, type FileId, type May, type RoomId } from '@atrium/protocol'
import { nameKey, type Space, type Step } from './rules.ts'
import { wordsOf } from './words.ts'

export interface FileTables {
  file: {
    id: FileId
    kind: File['kind']
    parentId: FileId | null
    space: Space['kind']
    spaceId: string
    name: string
    nameKey: string
    sortKey: string
    words: string
    type: string
    bytes: number
    version: number
    createdAt: Date
    changedAt: Date
    changedBy: AccountId
    trashedAt: Date | null
    trashedBy: AccountId | null
  }
  fileBlob: {
    key: string
    sha256: string
    bytes: number
    uses: number
    addedAt: Date
    checkedAt: Date | null
    fault: 'lost' | 'damaged' | null
  }
  fileVersion: { fileId: FileId; version: number; blobKey: string; type: string; bytes: number; accountId: AccountId; at: Date }
  fileShare: { fileId: FileId; accountId: AccountId; may: May; byId: AccountId; at: Date; seenAt: Date | null }
  filePicture: { fileId: FileId; documentId: FileId }
  fileUpload: {
    id: string
    accountId: AccountId
    clientId: string
    folderId: FileId
    name: string
    bytes: number
    replaces: FileId | null
    sha256: string | null
    blobKey: string
    state: 'open' | 'checking' | 'done' | 'failed'
    fileId: FileId | null
    problem: string | null
    begunAt: Date
  }
  fileUsage: { accountId: AccountId; bytes: number }
  fileAdopted: { key: string; fileId: FileId; accountId: AccountId }
}
export type Db = Reading<FileTables>
export type Tx = UnderWay<FileTables>
/** Raw statements are for reading too: what runs them is the same connection. */
export const reading = (db: Db) => db as Kysely<FileTables>

/** A file as it is read: without what only finding and sorting needs. */
export type Row = Omit<FileTables['file'], 'nameKey' | 'sortKey' | 'words' | 'trashedBy'> & { isShared: boolean }
/** A file with the way down to it, as one account was given it. */
export type Stood = Row & { steps: Step[] }

export const fileColumns = sql`f.id, f.kind, f.parent_id, f.space, f.space_id, f.name, f.type, f.bytes, f.version, f.created_at,
  f.changed_at, f.changed_by, f.trashed_at, exists (select from file_share where file_share.file_id = f.id) as is_shared`

export const spaceOf = ({ space, spaceId }: Pick<Row, 'space' | 'spaceId'>): Space =>
  space === 'personal' ? { kind: space, accountId: spaceId as AccountId } : { kind: space, roomId: spaceId as RoomId }

export const toFile = (row: Row, parentId: FileId | null = row.parentId): File => ({
  id: row.id,
  kind: row.kind,
  parentId,
  space: spaceOf(row),
  name: row.name,
  type: row.type,
  bytes: row.bytes,
  version: row.version,
  createdAt: row.createdAt.toISOString(),
  changedAt: row.changedAt.toISOString(),
  changedBy: row.changedBy,
  trashedAt: row.trashedAt?.toISOString() ?? null,
  isShared: row.isShared,
})

const uuids = (ids: readonly string[]): RawBuilder<unknown> => sql`${ids}::uuid[]`
/** No file lies deeper; a circle, which there is none, would end here. */
const deepest = 100

/** These files with the ways down to them. Those that do not exist are left out. */
export async function stand(db: Db, accountId: string, ids: readonly string[]): Promise<Stood[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<Stood>`
    with recursive up as (
      select id as asked, id, parent_id, name, trashed_at, 0 as height from file where id = any(${uuids(ids)})
      union all
      select up.asked, above.id, above.parent_id, above.name, above.trashed_at, up.height + 1
      from up join file as above on above.id = up.parent_id where up.height < ${sql.lit(deepest)}
    ), way as (
      select asked, jsonb_agg(jsonb_build_object('id', up.id, 'name', up.name, 'isTrashed', up.trashed_at is not null, 'share', share.may)
        order by height desc) as steps
      from up left join file_share as share on share.file_id = up.id and share.account_id = ${accountId}
      group by asked
    )
    select ${fileColumns}, way.steps from way join file as f on f.id = way.asked`.execute(reading(db))
  return rows
}

/** The roots of these spaces, as far as they exist. */
export async function listRoots(db: Db, space: Space['kind'], spaceIds: readonly string[]): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select ${fileColumns} from file as f where f.space = ${space} and f.space_id = any(${uuids(spaceIds)}) and f.parent_id is null`.execute(
    reading(db),
  )
  return rows
}

type NewFile = Pick<Row, 'id' | 'kind' | 'parentId' | 'space' | 'spaceId' | 'name'> &
  Partial<Pick<Row, 'type' | 'bytes' | 'version'>> & { by: AccountId; at: Date }
const named = (name: string) => ({ name, nameKey: nameKey(name), sortKey: sortKeyOf(name), words: wordsOf(name) })

/** Undefined when the name is taken, or the space has a root. */
export async function addFile(tx: Tx, { by, at, name, type = '', bytes = 0, version = 0, ...file }: NewFile): Promise<Row | undefined> {
  const row = {
    ...file,
    ...named(name),
    type,
    bytes,
    version,
    createdAt: at,
    changedAt: at,
    changedBy: by,
    trashedAt: null,
    trashedBy: null,
  }
  const added = await tx
    .insertInto('file')
    .values(row)
    .onConflict((taken) => taken.doNothing())
    .returning('id')
    .executeTakeFirst()
  return added && { ...row, isShared: false }
}

/** Whoever adds to a folder, or changes a file, waits for the others who do. Gone: undefined. */
export async function holdFiles(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  const [, { rows }] = await Promise.all([
    lockSpaces(tx, ids, sql`pg_advisory_xact_lock_shared`),
    sql<{ id: string }>`select id from file where id = any(${uuids(ids)}) order by id for no key update`.execute(tx),
  ])
  return new Set(rows.map(({ id }) => id))
}

/**
 * The trees in which these files lie change their shape in one unit at a time, and not while somebody adds to them: two
 * folders can never be moved into each other, and what is deleted has nothing new in it. Spaces are held before files.
 */
export async function holdSpaces(tx: Tx, ids: readonly string[]): Promise<void> {
  const held = new Set<string>()
  for (;;) {
    // Moved to another space while we waited.
    const spaces = await lockSpaces(tx, ids, sql`pg_advisory_xact_lock`)
    if (spaces.every((id) => held.has(id))) return
    for (const id of spaces) held.add(id)
  }
}

/** One that may have no root yet. */
export async function lockSpace(tx: Tx, spaceId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${spaceId}, 8))`.execute(tx)
}

async function lockSpaces(tx: Tx, ids: readonly string[], lock: RawBuilder<unknown>): Promise<string[]> {
  const { rows } = await sql<{ spaceId: string }>`
    select space_id, ${lock}(hashtextextended(space_id::text, 8))::text as held
    from (select distinct space_id from file where id = any(${uuids(ids)}) order by space_id) as spaces`.execute(tx)
  return rows.map(({ spaceId }) => spaceId)
}

/** The keys of the names in a folder, of those that begin alike. */
export async function takenNames(tx: Tx, parentId: string, name: string): Promise<Set<string>> {
  const stem = nameKey(name)
    .slice(0, 20)
    .replaceAll(/[\\%_]/g, '\\$&')
  const { rows } = await sql<{ nameKey: string }>`
    select name_key from file where parent_id = ${parentId} and trashed_at is null and name_key like ${`${stem}%`}`.execute(tx)
  return new Set(rows.map((row) => row.nameKey))
}

export async function isNameTaken(tx: Tx, parentId: string, name: string, exceptId: string): Promise<boolean> {
  const { rows } = await sql`
    select from file where parent_id = ${parentId} and trashed_at is null and name_key = ${nameKey(name)} and id <> ${exceptId} limit 1`.execute(
    tx,
  )
  return rows.length > 0
}

export async function rename(tx: Tx, id: FileId, name: string, by: AccountId, at: Date): Promise<void> {
  await tx
    .updateTable('file')
    .set({ ...named(name), changedAt: at, changedBy: by })
    .where('id', '=', id)
    .execute()
}

/** Puts it elsewhere, out of the trash if it lies there. All that lies in it comes along into the other space. */
export async function place(tx: Tx, id: FileId, folder: Row, name: string): Promise<void> {
  await tx
    .updateTable('file')
    .set({ ...named(name), parentId: folder.id, trashedAt: null, trashedBy: null })
    .where('id', '=', id)
    .execute()
  await sql`
    with recursive below as (
      select id from file where id = ${id}
      union all select file.id from below join file on file.parent_id = below.id
    )
    update file set space = ${folder.space}, space_id = ${folder.spaceId} from below
    where file.id = below.id and (file.space, file.space_id) is distinct from (${folder.space}, ${folder.spaceId}::uuid)`.execute(tx)
}

export async function setTrashed(tx: Tx, ids: readonly string[], by: AccountId, at: Date): Promise<void> {
  await sql`update file set trashed_at = ${at}, trashed_by = ${by} where id = any(${uuids(ids)})`.execute(tx)
}

/** How deep the deepest lies below it: 0 for what has nothing in it. */
export async function heightOf(tx: Tx, id: string): Promise<number> {
  const { rows } = await sql<{ height: number }>`
    with recursive below as (
      select id, 0 as height from file where id = ${id}
      union all select file.id, below.height + 1 from below join file on file.parent_id = below.id where below.height < ${sql.lit(deepest)}
    )
    select max(height) as height from below`.execute(tx)
  return rows[0]?.height ?? 0
}

export async function findFiles(db: Db, ids: readonly string[]): Promise<Row[]> {
  const { rows } = await sql<Row>`select ${fileColumns} from file as f where f.id = any(${uuids(ids)})`.execute(reading(db))
  return rows
}
