import type { Kysely } from 'kysely'
import type { MeetingId, TargetId } from '@atrium/protocol'
import type { Db, MeetingTables, TargetRow, Tx } from './store.ts'

const reading = (db: Db) => db as Kysely<MeetingTables>
const columns = ['id', 'meetingId', 'name', 'url', 'sealedKey', 'keyEnds', 'state', 'addedBy', 'clientId', 'addedAt'] as const

export const listTargets = (db: Db, meetingId: MeetingId): Promise<TargetRow[]> =>
  reading(db).selectFrom('streamTarget').select(columns).where('meetingId', '=', meetingId).orderBy('addedAt').orderBy('id').execute()

/** Those that somebody added, wherever. */
export const targetsOf = (db: Db, accountId: string): Promise<TargetRow[]> =>
  reading(db)
    .selectFrom('streamTarget')
    .select(columns)
    .where('addedBy', '=', accountId as TargetRow['addedBy'])
    .orderBy('addedAt')
    .execute()

export const findTarget = (db: Db, meetingId: MeetingId, id: string): Promise<TargetRow | undefined> =>
  reading(db)
    .selectFrom('streamTarget')
    .select(columns)
    .where('meetingId', '=', meetingId)
    .where('id', '=', id as TargetId)
    .executeTakeFirst()

/** The one that an earlier attempt with the same `clientId` added. */
export const findAdded = (db: Db, by: string, clientId: string): Promise<TargetRow | undefined> =>
  reading(db)
    .selectFrom('streamTarget')
    .select(columns)
    .where('addedBy', '=', by as TargetRow['addedBy'])
    .where('clientId', '=', clientId)
    .executeTakeFirst()

export async function addTarget(tx: Tx, target: TargetRow): Promise<void> {
  await tx.insertInto('streamTarget').values(target).execute()
}
export async function dropTarget(tx: Tx, id: TargetId): Promise<void> {
  await tx.deleteFrom('streamTarget').where('id', '=', id).execute()
}
export async function setStream(tx: Tx, id: TargetId, state: TargetRow['state']): Promise<void> {
  await tx.updateTable('streamTarget').set({ state }).where('id', '=', id).execute()
}
export async function endStreams(tx: Tx, meetingId: MeetingId): Promise<void> {
  await tx.updateTable('streamTarget').set({ state: null }).where('meetingId', '=', meetingId).execute()
}
