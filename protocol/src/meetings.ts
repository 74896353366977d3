import { z } from 'zod'
import { Person } from './directory.ts'
import { AccountId, ClientId, MeetingId, ParticipantId, RoomId, TargetId } from './ids.ts'
import { command, fact, perAccount, perSource, query, signal } from './kernel.ts'
import { Position } from './sync.ts'
import { line, name } from './text.ts'

/** 60 random bits, in the letters that nobody mistakes for others: `k4fd-29qm-w7tz`. What a link leads to. */
export const Slug = z
  .string()
  .toLowerCase()
  .regex(/^[a-hjkmnp-z2-9]{4}-[a-hjkmnp-z2-9]{4}-[a-hjkmnp-z2-9]{4}$/)
export type Slug = z.output<typeof Slug>

/** A meeting belongs to one room, for as long as the room is there. A `sitting` is one occurrence of it. */
export const Meeting = z.object({
  id: MeetingId,
  roomId: RoomId,
  slug: Slug,
  /** As its room is called; a direct room's meeting has none, and is called after the people. */
  title: z.string(),
  /** Guests: may they knock at all? A locked meeting lets nobody in any more, not even members, until it is opened. */
  guests: z.enum(['wait', 'none']),
  isLocked: z.boolean(),
  /** `isStarting`: somebody began it, and nobody has been inside yet. When the last one left, it goes on for a minute. */
  sitting: z.object({ startedAt: z.iso.datetime(), startedBy: AccountId, inside: z.int(), isStarting: z.boolean() }).nullable(),
  recording: z.object({ startedAt: z.iso.datetime(), by: AccountId }).nullable(),
  /** Where it is being streamed to, by the names of the targets. */
  streams: z.array(z.object({ targetId: TargetId, name: z.string(), state: z.enum(['connecting', 'live', 'interrupted']) })),
})
export type Meeting = z.output<typeof Meeting>

/** What a list of rooms shows of a meeting with somebody inside. */
export const Running = z.object({ roomId: RoomId, slug: Slug, startedAt: z.iso.datetime(), startedBy: AccountId, inside: z.int() })
export type Running = z.output<typeof Running>
/** Null: nobody is inside. */
export const runningOf = ({ roomId, slug, sitting }: Meeting): Running | null =>
  sitting && sitting.inside > 0
    ? { roomId, slug, startedAt: sitting.startedAt, startedBy: sitting.startedBy, inside: sitting.inside }
    : null

/**
 * `waiting → admitted → joined → left | denied | removed | timed_out`; who `left` or `timed_out` may come in again, who was
 * `denied` may knock again. The table of allowed moves is in server/src/meetings/rules.ts.
 */
export const participantStates = ['waiting', 'admitted', 'joined', 'left', 'denied', 'removed', 'timed_out'] as const
export const Participant = z.object({
  id: ParticipantId,
  meetingId: MeetingId,
  accountId: AccountId,
  kind: z.enum(['person', 'guest']),
  /** Of a guest what they said; of a person as in the directory. */
  name: z.string(),
  isHost: z.boolean(),
  state: z.enum(participantStates),
  hasRaisedHand: z.boolean(),
  since: z.iso.datetime(),
})
export type Participant = z.output<typeof Participant>

/** Somebody calls, on all devices of the one called, until one answers or the time is over. */
export const Ring = z.object({
  id: z.uuid(),
  meetingId: MeetingId,
  roomId: RoomId,
  by: Person,
  until: z.iso.datetime(),
})
export type Ring = z.output<typeof Ring>

/** A place to stream to. Its key is stored encrypted and never shown again: `keyEnds` are its last two letters. */
export const Target = z.object({ id: TargetId, name: z.string(), url: z.string(), keyEnds: z.string() })
export type Target = z.output<typeof Target>

/** What somebody inside sees: everybody who is there or comes back in a moment. Hosts also get those who wait. */
export const MeetingView = z.object({
  meeting: Meeting,
  me: Participant,
  participants: z.array(Participant),
  waiting: z.array(Participant),
  people: z.array(Person),
  /** Whether I may read and write in its room. A direct room is for two: who else is let into its meeting has no part in that chat. */
  hasChat: z.boolean(),
  /** Whether that room is mine beyond the meeting, with the files that lie there. */
  isMember: z.boolean(),
  epoch: z.uuid(),
  at: z.array(Position),
})
export type MeetingView = z.output<typeof MeetingView>

/** Whether meetings can be held now. `preparing`: the media worker is being built. */
export const MediaReadiness = z.discriminatedUnion('state', [
  z.object({ state: z.literal('ready') }),
  z.object({ state: z.literal('preparing'), elapsedMs: z.int(), expectedMs: z.int() }),
  /** `command`: what an administrator runs on the machine. */
  z.object({ state: z.literal('missing'), command: z.string() }),
  z.object({ state: z.literal('away') }),
])
export type MediaReadiness = z.output<typeof MediaReadiness>

const Ref = z.strictObject({ clientId: ClientId, meetingId: MeetingId })
const Participants = z.array(ParticipantId).min(1).max(200)

export const meetings = {
  'meetings.readiness': query(
    z.strictObject({}),
    z.object({
      media: MediaReadiness,
      /** Recording and streaming need more than meetings do. `off`: an administrator switches it on. */
      recording: z.enum(['ready', 'preparing', 'off', 'away']),
      /** What the hub found wrong with the addresses it announces to browsers, one sentence each; for administrators. */
      problems: z.array(z.string()),
    }),
    { guests: true },
  ),
  /** Installs what recording and streaming need. For administrators. */
  'meetings.recording.prepare': command(z.strictObject({ clientId: ClientId }), z.object({}), { repeat: 'natural' }),

  /** Meetings of my rooms, running ones first. */
  'meetings.list': query(z.strictObject({}), z.object({ meetings: z.array(Meeting), people: z.array(Person) })),
  /** In which of my rooms people meet now. News of it comes with `chat.stirring`. */
  'meetings.running': query(z.strictObject({}), z.array(Running)),
  /** The meeting of a room, if it has one. */
  'meetings.of': query(z.strictObject({ roomId: RoomId }), z.object({ meeting: Meeting.nullable() })),
  /** What the page behind a link shows before anybody came in: never who is inside. */
  'meetings.peek': query(
    z.strictObject({ slug: Slug }),
    z.object({
      meetingId: MeetingId,
      title: z.string(),
      organisation: z.string(),
      /** What knocking would do for the one who asks: straight in, wait for a host, or nothing. `sign_in`: guests are not let in. */
      entry: z.enum(['open', 'wait', 'locked', 'sign_in']),
      /** Whether anybody is inside. */
      isRunning: z.boolean(),
      isRecorded: z.boolean(),
    }),
    { open: true, guests: true, limit: perSource(120, '1 min') },
  ),

  /** The room's meeting, made if need be, with a sitting begun if none is. In a direct room it rings the other one. */
  'meetings.start': command(z.strictObject({ clientId: ClientId, roomId: RoomId }), Meeting, {
    limit: perAccount(30, '1 min'),
    repeat: 'natural',
  }),
  /** A meeting with a link and a room of its own. */
  'meetings.create': command(z.strictObject({ clientId: ClientId, title: name }), Meeting, { limit: perAccount(30, '1 min') }),
  'meetings.change': command(
    Ref.extend({ guests: Meeting.shape.guests.optional(), isLocked: z.boolean().optional(), title: name.optional() }),
    Meeting,
    { repeat: 'natural' },
  ),

  /** A guest: a name, and a session that is good for this meeting alone. */
  'auth.guest': command(
    z.strictObject({ clientId: ClientId, slug: Slug, name }),
    z.object({ accountId: AccountId, meetingId: MeetingId }),
    { open: true, guests: true, door: 'http', limit: perSource(20, '1 min'), repeat: 'natural' },
  ),
  /**
   * Asks to come in. Members of the room are admitted at once, and the sitting begins with the first of them; all others wait.
   * Who is no member shows the link (`slug`), but for a guest, whose session came by it. Who knocks to a recorded meeting
   * agrees to it.
   */
  'meetings.knock': command(Ref.extend({ slug: Slug.optional(), agreesToRecording: z.boolean().default(false) }), Participant, {
    guests: true,
    limit: perAccount(30, '1 min'),
    repeat: 'natural',
  }),
  /** Where I stand in this meeting; null: never knocked. Who is no member and never knocked is told of no meeting. */
  'meetings.mine': query(z.strictObject({ meetingId: MeetingId }), z.object({ participant: Participant.nullable() }), { guests: true }),
  'meetings.admit': command(Ref.extend({ participantIds: Participants }), z.array(Participant), { repeat: 'natural' }),
  'meetings.deny': command(Ref.extend({ participantIds: Participants }), z.array(Participant), { repeat: 'natural' }),

  /** For who is admitted: a ticket for the media node, good once within a minute, and who else is there. Again after the network was gone. */
  'meetings.enter': command(
    z.strictObject({ clientId: ClientId, participantId: ParticipantId, agreesToRecording: z.boolean().default(false) }),
    z.object({ ticket: z.string(), view: MeetingView }),
    { guests: true, limit: perAccount(60, '1 min'), repeat: 'natural' },
  ),
  'meetings.view': query(z.strictObject({ meetingId: MeetingId }), MeetingView, { guests: true }),
  'meetings.leave': command(z.strictObject({ clientId: ClientId, participantId: ParticipantId }), Participant, {
    guests: true,
    repeat: 'natural',
  }),
  'meetings.hand': command(z.strictObject({ clientId: ClientId, participantId: ParticipantId, isRaised: z.boolean() }), Participant, {
    guests: true,
    repeat: 'natural',
  }),
  /** Hosts: out, and not back in without being let in. */
  'meetings.remove': command(Ref.extend({ participantId: ParticipantId }), Participant, { repeat: 'natural' }),
  /** Hosts: silences somebody's microphone. They may speak again when they choose to. */
  'meetings.mute': command(Ref.extend({ participantIds: Participants }), z.object({}), { repeat: 'natural' }),
  'meetings.host': command(Ref.extend({ participantId: ParticipantId, isHost: z.boolean() }), Participant, { repeat: 'natural' }),
  /** Hosts: ends the sitting for all. */
  'meetings.end': command(Ref, Meeting, { repeat: 'natural' }),

  /** Answered once: on whichever device first. Who `declines` tells the caller so. */
  'meetings.ring.answer': command(
    z.strictObject({ clientId: ClientId, ringId: z.uuid(), answer: z.enum(['accept', 'decline']) }),
    z.object({ meetingId: MeetingId, isMine: z.boolean() }),
    { repeat: 'natural' },
  ),
  /** What rings for me now: asked by a page that has just opened. */
  'meetings.rings': query(z.strictObject({}), z.array(Ring)),

  'meetings.record': command(Ref.extend({ isOn: z.boolean() }), Meeting, { limit: perAccount(20, '1 min'), repeat: 'natural' }),
  'meetings.targets': query(z.strictObject({ meetingId: MeetingId }), z.array(Target)),
  'meetings.target.add': command(
    Ref.extend({ name, url: z.url({ protocol: /^rtmps?$/ }).max(1_000), key: line(500) }),
    Target,
    // No receipt: it would keep the key.
    { limit: perAccount(20, '1 min'), repeat: 'natural' },
  ),
  'meetings.target.remove': command(Ref.extend({ targetId: TargetId }), z.object({ targetId: TargetId }), { repeat: 'natural' }),
  'meetings.stream': command(Ref.extend({ targetId: TargetId, isOn: z.boolean() }), Meeting, {
    limit: perAccount(20, '1 min'),
    repeat: 'natural',
  }),

  /** In the room: the slim bar. A whole meeting each time, and the newest replaces all earlier. */
  'meetings.meeting.changed': fact('room', Meeting),
  /** Inside: the meeting again (guests do not hear the room before they are in), and everybody, one at a time. */
  'meetings.changed': fact('meeting', Meeting),
  'meetings.participant.changed': fact('meeting', Participant),
  /** Only to hosts: knocks, and how they ended. */
  'meetings.knock.changed': fact('hosts', Participant),
  /** To the one it is about, on every screen: admitted, denied, removed. */
  'meetings.mine.changed': fact('account', Participant),
  /** To the one called, and to the caller, whose page shows that it rings. */
  'meetings.ring.began': fact('account', Ring),
  'meetings.ring.ended': fact(
    'account',
    z.object({ id: z.uuid(), meetingId: MeetingId, how: z.enum(['accepted', 'declined', 'missed', 'cancelled']) }),
  ),
  /** A host asks this participant's page to close its microphone; the media node has done so already. */
  'meetings.muting': signal('meeting', z.object({ participantIds: z.array(ParticipantId), by: AccountId })),
}
