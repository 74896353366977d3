import { sql } from 'kysely'
import { within, type Reading, type Tx } from '@atrium/platform'
import type { Picture, PictureId } from '@atrium/protocol'
import type { Use } from './rules.ts'

export interface PictureTables {
  picture: {
    id: PictureId
    ownerId: string
    type: Picture['type']
    width: number
    height: number
    bytes: number
    sha256: string
    blobKey: string
    receivedAt: Date
    use: 'message' | 'profile' | 'look' | null
    accountId: string | null
    messageId: string | null
    roomId: string | null
    seq: number | null
    domainId: string | null
  }
}
type Db = Reading<PictureTables>
type Row = PictureTables['picture']
export interface Found {
  picture: Picture
  ownerId: string
  blobKey: string
  sha256: string
  use: Use
}

const columns = [
  'id',
  'ownerId',
  'type',
  'width',
  'height',
  'bytes',
  'sha256',
  'blobKey',
  'use',
  'accountId',
  'messageId',
  'roomId',
  'seq',
  'domainId',
] as const
const toFound = ({ id, type, width, height, bytes, ownerId, blobKey, sha256, ...row }: Pick<Row, (typeof columns)[number]>): Found => ({
  picture: { id, type, width, height, bytes },
  ownerId,
  blobKey,
  sha256,
  use:
    row.use === 'profile'
      ? { kind: 'profile', accountId: row.accountId! }
      : row.use === 'message'
        ? { kind: 'message', messageId: row.messageId!, roomId: row.roomId!, seq: row.seq! }
        : row.use === 'look'
          ? { kind: 'look', domainId: row.domainId! }
          : { kind: 'none' },
})
const open = (tx: Tx) => within<PictureTables>(tx)

export async function findPicture(db: Db, id: string): Promise<Found | undefined> {
  const row = await db
    .selectFrom('picture')
    .select(columns)
    .where('id', '=', id as PictureId)
    .executeTakeFirst()
  return row && toFound(row)
}

export async function listOwned(db: Db, ownerId: string): Promise<Found[]> {
  const rows = await db.selectFrom('picture').select(columns).where('ownerId', '=', ownerId).orderBy('receivedAt').orderBy('id').execute()
  return rows.map(toFound)
}

/** One content at a time: whoever stores it again and whoever lets go of it wait for each other. */
async function holdContent(tx: Tx, sha256: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${sha256}, 7))`.execute(open(tx))
}

/** Resolves to the blob to keep: the one given, or an older one with the same bytes. Undefined when the id is taken. */
export async function addPicture(
  tx: Tx,
  given: { picture: Picture; ownerId: string; sha256: string; blobKey: string; receivedAt: Date },
): Promise<string | undefined> {
  const { picture, ...row } = given
  await holdContent(tx, given.sha256)
  const same = await open(tx).selectFrom('picture').select('blobKey').where('sha256', '=', given.sha256).limit(1).executeTakeFirst()
  const blobKey = same?.blobKey ?? given.blobKey
  const added = await open(tx)
    .insertInto('picture')
    .values({ ...picture, ...row, blobKey, use: null, accountId: null, messageId: null, roomId: null, seq: null, domainId: null })
    .onConflict((taken) => taken.column('id').doNothing())
    .returning('id')
    .executeTakeFirst()
  return added && blobKey
}

/** Locks them, sorted, so that two units that want the same pictures never wait for each other crosswise. */
export async function holdPictures(tx: Tx, ids: readonly string[]): Promise<Found[]> {
  const rows = await open(tx)
    .selectFrom('picture')
    .select(columns)
    .where('id', '=', sql<PictureId>`any(${ids}::uuid[])`)
    .orderBy('id')
    .forUpdate()
    .execute()
  return rows.map(toFound)
}

/** Resolves to how many were free: of two units that share a transaction both may have found them so, and this statement decides. */
export async function usePictures(tx: Tx, ids: readonly string[], use: Exclude<Use, { kind: 'none' }>): Promise<number> {
  const set =
    use.kind === 'profile'
      ? { use: use.kind, accountId: use.accountId }
      : use.kind === 'look'
        ? { use: use.kind, domainId: use.domainId }
        : { use: use.kind, messageId: use.messageId, roomId: use.roomId, seq: use.seq }
  const { numUpdatedRows } = await open(tx)
    .updateTable('picture')
    .set(set)
    .where('id', '=', sql<PictureId>`any(${ids}::uuid[])`)
    .where('use', 'is', null)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

export const ofMessages = async (tx: Tx, messageIds: readonly string[]): Promise<Found[]> =>
  (
    await open(tx)
      .selectFrom('picture')
      .select(columns)
      .where('messageId', '=', sql<string>`any(${messageIds}::uuid[])`)
      .orderBy('id')
      .forUpdate()
      .execute()
  ).map(toFound)

export const ofProfile = async (tx: Tx, accountId: string): Promise<Found[]> =>
  (
    await open(tx)
      .selectFrom('picture')
      .select(columns)
      .where('accountId', '=', accountId)
      .where('use', '=', 'profile')
      .forUpdate()
      .execute()
  ).map(toFound)

export const ofDomain = async (tx: Tx, domainId: string): Promise<Found[]> =>
  (await open(tx).selectFrom('picture').select(columns).where('domainId', '=', domainId).orderBy('id').forUpdate().execute()).map(toFound)

/** Removes the rows; resolves to the blobs that nothing shows any more. */
export async function removePictures(tx: Tx, pictures: readonly Found[]): Promise<string[]> {
  if (pictures.length === 0) return []
  for (const sha256 of [...new Set(pictures.map((found) => found.sha256))].toSorted()) await holdContent(tx, sha256)
  const { rows } = await sql<{ blobKey: string }>`
    with gone as (delete from picture where id = any(${pictures.map(({ picture }) => picture.id)}::uuid[]) returning id, blob_key)
    select distinct blob_key from gone
    where not exists (select from picture as left_over where left_over.blob_key = gone.blob_key and left_over.id not in (select id from gone))`.execute(
    open(tx),
  )
  return rows.map(({ blobKey }) => blobKey)
}

export async function isBlobShown(db: Db, blobKey: string): Promise<boolean> {
  return (await db.selectFrom('picture').select('id').where('blobKey', '=', blobKey).limit(1).executeTakeFirst()) !== undefined
}
