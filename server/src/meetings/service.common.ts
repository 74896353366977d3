import { fail, type Actor, type Bus, type Database, type Jobs, type Reading, type Tx as AnyTx } from '@atrium/platform'
import type { AccountId, FileId, Input, Internal, Meeting, MeetingId, Participant, Person, RoomId, Topic } from '@atrium/protocol'
import type { RoomsOfMeetings } from '../chat/index.ts'
import type { MediaNodes } from './nodes.ts'
import { isInside, type Occasion, type Part, type Standing } from './rules.ts'
import type { Db, MeetingRow, MeetingTables, ParticipantRow } from './store.ts'
import { findPart } from './store.participants.ts'

/** `founders`: who may stand in for whoever recorded, if they are gone. */
export type Recorded = Input<Internal, 'meetings.recorded'> & { roomId: RoomId; founders: readonly AccountId[] }

export interface MeetingDeps extends Database<MeetingTables> {
  epoch: string
  now: () => Date
  newId: () => string
  bus: Pick<Bus, 'publish'>
  jobs: Pick<Jobs, 'enqueue'>
  nodes: MediaNodes
  rooms: RoomsOfMeetings
  /** Signs what the media node lets in. */
  sign: (
    claims: {
      meetingId: MeetingId
      roomId: RoomId
      participantId: Participant['id']
      accountId: AccountId
      sessionId: Actor['sessionId']
      node: string
      may: ('audio' | 'video' | 'screen')[]
      asOf: number
    },
    lookedAt: Date,
  ) => Promise<string>
  peopleOf: (at: Reading<any> | AnyTx, accountIds: readonly string[]) => Promise<Person[]>
  organisation: () => Promise<{ name: string } | undefined>
  isAdministrator: (actor: Actor) => Promise<boolean>
  /** Whether somebody may begin a meeting. */
  mayStart: (actor: Actor) => Promise<boolean>
  /** Whether somebody may let guests in. */
  mayAdmitGuests: (actor: Actor) => Promise<boolean>
  /** Of these, those with a page open somewhere. */
  haveScreens: (accountIds: readonly string[]) => Promise<ReadonlySet<string>>
  /** From which networks these sessions began. */
  networksOf: (at: AnyTx, ids: readonly Actor['sessionId'][]) => Promise<ReadonlyMap<string, string>>
  /** Refuses an address that we may not send to. */
  mayStreamTo: (url: string) => Promise<void>
  /** The folder of a room, for what is recorded there. */
  recordingFolderOf: (roomId: RoomId) => Promise<FileId>
  /** Makes a finished recording a file of its folder, and shows it in the room if somebody can. Said again, it is the same file. */
  takeRecording: (recorded: Recorded) => Promise<FileId>
}

export const roomTopic = (roomId: string): Topic<'room'> => `room:${roomId}`
export const meetingTopic = (meetingId: string): Topic<'meeting'> => `meeting:${meetingId}`
export const hostsTopic = (meetingId: string): Topic<'hosts'> => `hosts:${meetingId}`
export const accountTopic = (accountId: string): Topic<'account'> => `account:${accountId}`

export const noSuchMeeting = () => fail('not_found', 'meetings.noSuchMeeting')
export const noSuchParticipant = () => fail('not_found', 'meetings.noSuchParticipant')
export const onlyHosts = () => fail('forbidden', 'meetings.onlyHosts')
export const notInside = () => fail('forbidden', 'meetings.notInside')

/** A meeting as somebody sees it who asks: everything the rules want to know. */
export interface Seen {
  row: MeetingRow
  title: string
  occasion: Occasion
  me: Standing
  mine: ParticipantRow | undefined
  isArchived: boolean
}

export async function seenBy(deps: Pick<MeetingDeps, 'rooms'>, at: Db, row: MeetingRow, actor: Actor): Promise<Seen> {
  const [place, mine] = [await deps.rooms.placeOf(at, row.roomId, actor.accountId), await findPart(at, row.id, actor.accountId)]
  if (!place) throw noSuchMeeting()
  const { room, seat } = place
  return {
    row,
    title: room.name,
    occasion: occasionOf(row, room.kind),
    me: {
      kind: actor.kind === 'guest' ? 'guest' : 'person',
      scope: actor.scope,
      seat: seat && !seat.isLent ? seat.role : undefined,
      part: mine && partOf(mine),
    },
    mine,
    isArchived: room.isArchived,
  }
}

export const occasionOf = ({ id, slug, guests, isLocked, sittingId }: MeetingRow, kind: Occasion['kind']): Occasion => ({
  ...{ id, slug, guests, isLocked, sittingId, kind },
})
const partOf = ({ state, isHost, sittingId, wasLetIn, denials }: ParticipantRow): Part => ({ state, isHost, sittingId, wasLetIn, denials })

/** Empty since it began: who began it is still at the door. */
const isStarting = ({ beganAt, emptySince }: MeetingRow) => emptySince !== null && emptySince.getTime() === beganAt?.getTime()

export const toMeeting = (row: MeetingRow, title: string): Meeting => ({
  id: row.id,
  roomId: row.roomId,
  slug: row.slug,
  title,
  guests: row.guests,
  isLocked: row.isLocked,
  sitting:
    row.beganAt && row.begunBy
      ? { startedAt: row.beganAt.toISOString(), startedBy: row.begunBy, inside: row.inside, isStarting: isStarting(row) }
      : null,
  recording: row.recordingBeganAt && row.recordingBy ? { startedAt: row.recordingBeganAt.toISOString(), by: row.recordingBy } : null,
  streams: row.streams,
})

export const toParticipant = (row: ParticipantRow, name: string): Participant => ({
  id: row.id,
  meetingId: row.meetingId,
  accountId: row.accountId,
  kind: row.kind,
  name,
  isHost: row.isHost && isInside(row.state),
  state: row.state,
  hasRaisedHand: row.hasRaisedHand,
  since: row.since.toISOString(),
})
