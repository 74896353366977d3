import { sql, type Kysely } from 'kysely'
import type { AccountId, MeetingId } from '@atrium/protocol'
import type { Db, MeetingTables, Tx } from './store.ts'

const reading = (db: Db) => db as Kysely<MeetingTables>
export type RingRow = MeetingTables['ring']
export type HowRingEnds = NonNullable<RingRow['how']>
const columns = ['id', 'meetingId', 'roomId', 'callerId', 'accountId', 'until', 'how', 'answeredWith'] as const

/** False when it rings there already. */
export async function addRing(tx: Tx, ring: RingRow): Promise<boolean> {
  const { rows } = await sql`
    insert into ring (id, meeting_id, room_id, caller_id, account_id, until)
    values (${ring.id}, ${ring.meetingId}, ${ring.roomId}, ${ring.callerId}, ${ring.accountId}, ${ring.until})
    on conflict (meeting_id, account_id) where how is null do nothing returning id`.execute(tx)
  return rows.length > 0
}

/** The statement decides: of two devices that answer at once, one finds it answered. */
export async function endRing(tx: Tx, id: string, how: HowRingEnds, answeredWith: string | null): Promise<RingRow | undefined> {
  return tx
    .updateTable('ring')
    .set({ how, answeredWith })
    .where('id', '=', id)
    .where('how', 'is', null)
    .returning(columns)
    .executeTakeFirst()
}

export const findRing = (db: Db, id: string): Promise<RingRow | undefined> =>
  reading(db).selectFrom('ring').select(columns).where('id', '=', id).executeTakeFirst()

/** What rings in a meeting: for somebody, or for anybody. */
export function ringsIn(db: Db, meetingId: MeetingId, accountId?: AccountId): Promise<RingRow[]> {
  const those = reading(db).selectFrom('ring').select(columns).where('meetingId', '=', meetingId).where('how', 'is', null)
  return (accountId ? those.where('accountId', '=', accountId) : those).execute()
}

export const ringsFor = (db: Db, accountId: AccountId, now: Date): Promise<RingRow[]> =>
  reading(db)
    .selectFrom('ring')
    .select(columns)
    .where('accountId', '=', accountId)
    .where('how', 'is', null)
    .where('until', '>', now)
    .orderBy('until')
    .execute()
