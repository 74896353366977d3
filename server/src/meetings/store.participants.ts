import { sql, type Kysely } from 'kysely'
import type { MeetingId, ParticipantId } from '@atrium/protocol'
import type { Db, MeetingTables, ParticipantRow, Tx } from './store.ts'

const reading = (db: Db) => db as Kysely<MeetingTables>
const columns = [
  ...(['id', 'meetingId', 'accountId', 'kind', 'state', 'isHost', 'hasRaisedHand', 'since', 'seenAt', 'sittingId'] as const),
  ...(['wasLetIn', 'denials', 'sessionId', 'node', 'heardFrom', 'hostingFrom'] as const),
] as const
const participants = (db: Db) => reading(db).selectFrom('participant').select(columns)
const present = ['waiting', 'admitted', 'joined'] as const

/** Somebody's part in a meeting. */
export const findPart = (db: Db, meetingId: string, accountId: string): Promise<ParticipantRow | undefined> =>
  participants(db)
    .where('meetingId', '=', meetingId as MeetingId)
    .where('accountId', '=', accountId as ParticipantRow['accountId'])
    .executeTakeFirst()

export const findParticipant = (db: Db, id: string): Promise<ParticipantRow | undefined> =>
  participants(db)
    .where('id', '=', id as ParticipantId)
    .executeTakeFirst()

/** Of these, those of the meeting. */
export const participantsAmong = (db: Db, meetingId: MeetingId, ids: readonly string[]): Promise<ParticipantRow[]> =>
  participants(db)
    .where('meetingId', '=', meetingId)
    .where('id', '=', sql<ParticipantId>`any(${ids}::uuid[])`)
    .execute()

/** Who is inside or waits: in these meetings, or in all. In the order in which they came. */
export function listPresent(db: Db, meetingId?: MeetingId): Promise<ParticipantRow[]> {
  const those = participants(db).where('state', 'in', present).orderBy('since').orderBy('id')
  return (meetingId ? those.where('meetingId', '=', meetingId) : those).execute()
}

/** The guests who were denied in this sitting. */
export const listDeniedGuests = (db: Db, meetingId: MeetingId, sittingId: string): Promise<ParticipantRow[]> =>
  participants(db)
    .where('meetingId', '=', meetingId)
    .where('sittingId', '=', sittingId)
    .where('kind', '=', 'guest')
    .where('denials', '>', 0)
    .execute()

/** Wherever these accounts are inside or wait. */
export const presentParts = (db: Db, accountId: string): Promise<ParticipantRow[]> =>
  participants(db)
    .where('accountId', '=', accountId as ParticipantRow['accountId'])
    .where('state', 'in', present)
    .execute()

/** Every part that somebody ever had. */
export const allParts = (db: Db, accountId: string): Promise<ParticipantRow[]> =>
  participants(db)
    .where('accountId', '=', accountId as ParticipantRow['accountId'])
    .orderBy('since')
    .execute()

/** Somebody's parts in these meetings, whatever they are. */
export const partsIn = (db: Db, accountId: string, meetingIds: readonly string[]): Promise<ParticipantRow[]> =>
  participants(db)
    .where('accountId', '=', accountId as ParticipantRow['accountId'])
    .where('meetingId', '=', sql<MeetingId>`any(${meetingIds}::uuid[])`)
    .execute()

export async function addParticipant(tx: Tx, participant: ParticipantRow): Promise<void> {
  await tx.insertInto('participant').values(participant).execute()
}

export async function changeParticipant(tx: Tx, id: ParticipantId, change: Partial<Omit<ParticipantRow, 'id'>>): Promise<void> {
  await tx.updateTable('participant').set(change).where('id', '=', id).execute()
}

/** They were there a moment ago. */
export async function noteSeen(tx: Tx, ids: readonly ParticipantId[], at: Date): Promise<void> {
  await tx
    .updateTable('participant')
    .set({ seenAt: at })
    .where('id', '=', sql<ParticipantId>`any(${ids}::uuid[])`)
    .execute()
}
