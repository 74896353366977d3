import { sql, type Kysely } from 'kysely'
import type { Reading, Tx as UnderWay } from '@atrium/platform'
import type { AccountId, Meeting, MeetingId, ParticipantId, RoomId, SessionId, TargetId } from '@atrium/protocol'
import type { State } from './rules.ts'

export interface MeetingTables {
  meeting: {
    id: MeetingId
    roomId: RoomId
    slug: string
    guests: Meeting['guests']
    isLocked: boolean
    createdBy: AccountId
    createdAt: Date
  }
  sitting: {
    id: string
    meetingId: MeetingId
    beganAt: Date
    begunBy: AccountId
    emptySince: Date | null
    endedAt: Date | null
    recordingBeganAt: Date | null
    recordingBy: AccountId | null
  }
  participant: ParticipantRow
  ring: {
    id: string
    meetingId: MeetingId
    roomId: RoomId
    callerId: AccountId
    accountId: AccountId
    until: Date
    how: 'accepted' | 'declined' | 'missed' | 'cancelled' | null
    /** Which command answered: a repetition of that one is told the same. */
    answeredWith: string | null
  }
  streamTarget: TargetRow
}
export interface ParticipantRow {
  id: ParticipantId
  meetingId: MeetingId
  accountId: AccountId
  kind: 'person' | 'guest'
  state: State
  isHost: boolean
  hasRaisedHand: boolean
  /** Of the state. */
  since: Date
  /** When a page of theirs, or the media node, was last seen to have them. */
  seenAt: Date
  sittingId: string | null
  wasLetIn: boolean
  denials: number
  /** By which they last knocked or entered. */
  sessionId: SessionId
  /** The media node that has them. */
  node: string | null
  /** The first number of the meeting's topic, and of its hosts', that is theirs to hear. */
  heardFrom: number | null
  hostingFrom: number | null
}
export interface TargetRow {
  id: TargetId
  meetingId: MeetingId
  name: string
  url: string
  sealedKey: Buffer
  keyEnds: string
  state: Meeting['streams'][number]['state'] | null
  addedBy: AccountId
  clientId: string
  addedAt: Date
}
export type Db = Reading<MeetingTables>
export type Tx = UnderWay<MeetingTables>
const reading = (db: Db) => db as Kysely<MeetingTables>

/** A meeting with the sitting that goes on, if one does. */
export interface MeetingRow {
  id: MeetingId
  roomId: RoomId
  slug: string
  guests: Meeting['guests']
  isLocked: boolean
  sittingId: string | null
  beganAt: Date | null
  begunBy: AccountId | null
  emptySince: Date | null
  recordingBeganAt: Date | null
  recordingBy: AccountId | null
  inside: number
  streams: Meeting['streams']
}

const inside = sql.lit(`{admitted,joined}`)
const meetingColumns = sql`meeting.id, meeting.room_id, meeting.slug, meeting.guests, meeting.is_locked, sitting.id as sitting_id, sitting.began_at,
  sitting.begun_by, sitting.empty_since, sitting.recording_began_at, sitting.recording_by,
  (select count(*)::int from participant where meeting_id = meeting.id and state = any(${inside}::text[])) as inside,
  coalesce((select jsonb_agg(jsonb_build_object('targetId', target.id, 'name', target.name, 'state', target.state) order by target.added_at, target.id)
    from stream_target as target where target.meeting_id = meeting.id and target.state is not null), '[]') as streams`
const meetings = sql`select ${meetingColumns} from meeting left join sitting on sitting.meeting_id = meeting.id and sitting.ended_at is null`

export async function findMeeting(db: Db, id: string): Promise<MeetingRow | undefined> {
  const { rows } = await sql<MeetingRow>`${meetings} where meeting.id = ${id}`.execute(reading(db))
  return rows[0]
}
/** Who began its last sitting, and who made it. */
export async function foundersOf(db: Db, id: string): Promise<AccountId[]> {
  const { rows } = await sql<{ by: AccountId }>`
    (select begun_by as by from sitting where meeting_id = ${id} order by began_at desc limit 1)
    union all select created_by from meeting where id = ${id}`.execute(reading(db))
  return rows.map(({ by }) => by)
}
export async function findBySlug(db: Db, slug: string): Promise<MeetingRow | undefined> {
  const { rows } = await sql<MeetingRow>`${meetings} where meeting.slug = ${slug}`.execute(reading(db))
  return rows[0]
}
/** Those of these rooms that have one, or in which one goes on. Running ones first, then the youngest. */
export async function meetingsOf(db: Db, roomIds: readonly string[], { areRunning = false } = {}): Promise<MeetingRow[]> {
  const { rows } = await sql<MeetingRow>`
    ${meetings} where meeting.room_id = any(${roomIds}::uuid[]) ${areRunning ? sql`and sitting.id is not null` : sql``}
    order by sitting.began_at desc nulls last, meeting.created_at desc`.execute(reading(db))
  return rows
}

/** One unit at a time changes a meeting: nobody else comes, goes or is let in until it is over. */
export async function holdMeeting(tx: Tx, id: string): Promise<MeetingRow | undefined> {
  const { rows } = await sql`select from meeting where id = ${id} for no key update`.execute(tx)
  return rows.length > 0 ? findMeeting(tx, id) : undefined
}

/** The meeting of a room: the one that is there, or this. Of two who make it at once the second waits for the first. */
export async function findOrAddMeeting(
  tx: Tx,
  meeting: { id: string; roomId: string; slug: string; by: string; at: Date },
): Promise<MeetingId> {
  await sql`
    insert into meeting (id, room_id, slug, guests, is_locked, created_by, created_at)
    values (${meeting.id}, ${meeting.roomId}, ${meeting.slug}, 'wait', false, ${meeting.by}, ${meeting.at})
    on conflict (room_id) do nothing`.execute(tx)
  const { id } = await tx
    .selectFrom('meeting')
    .select('id')
    .where('roomId', '=', meeting.roomId as RoomId)
    .executeTakeFirstOrThrow()
  return id
}

export async function changeMeeting(tx: Tx, id: MeetingId, change: { guests?: Meeting['guests']; isLocked?: boolean }): Promise<void> {
  if (Object.keys(change).length > 0) await tx.updateTable('meeting').set(change).where('id', '=', id).execute()
}

export async function addSitting(tx: Tx, sitting: { id: string; meetingId: MeetingId; at: Date; by: AccountId }): Promise<void> {
  const { id, meetingId, at, by } = sitting
  const none = { endedAt: null, recordingBeganAt: null, recordingBy: null }
  await tx
    .insertInto('sitting')
    .values({ id, meetingId, beganAt: at, begunBy: by, emptySince: at, ...none })
    .execute()
}

export async function closeSitting(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.updateTable('sitting').set({ endedAt: at }).where('id', '=', id).execute()
}

export async function setRecording(tx: Tx, sittingId: string, recording: { at: Date; by: AccountId } | null): Promise<void> {
  await tx
    .updateTable('sitting')
    .set({ recordingBeganAt: recording?.at ?? null, recordingBy: recording?.by ?? null })
    .where('id', '=', sittingId)
    .execute()
}

/** Since when nobody is inside; null while somebody is. */
export async function noteEmptiness(tx: Tx, meetingId: MeetingId, at: Date): Promise<void> {
  await sql`
    update sitting set empty_since = case
      when exists (select from participant where meeting_id = ${meetingId} and state = any(${inside}::text[])) then null
      else coalesce(empty_since, ${at}) end
    where meeting_id = ${meetingId} and ended_at is null`.execute(tx)
}

/** Meetings whose sitting has been empty since before then. */
export async function emptySince(db: Db, then: Date): Promise<MeetingId[]> {
  const rows = await reading(db)
    .selectFrom('sitting')
    .select('meetingId')
    .where('endedAt', 'is', null)
    .where('emptySince', '<', then)
    .execute()
  return rows.map(({ meetingId }) => meetingId)
}
