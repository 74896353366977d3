import { z } from 'zod'
import { AccountId, FileId, MeetingId, ParticipantId, PictureId, RoomId, SessionId } from './ids.ts'

const issued = { id: z.uuid(), issuedAt: z.int(), expiresAt: z.int() }
/** Which losses of rights were known when what the ticket gives was looked at: all up to this number of `revocations:all`. */
const asOf = z.int()

/** What a ticket says, by purpose. Times are milliseconds since 1970; `node` names the node and its boot. */
export const Ticket = z.discriminatedUnion('purpose', [
  z.strictObject({
    purpose: z.literal('media'),
    ...issued,
    asOf,
    meetingId: MeetingId,
    /** Whose seat it depends on: a seat that is lost ends the ticket's use. */
    roomId: RoomId,
    participantId: ParticipantId,
    accountId: AccountId,
    sessionId: SessionId,
    node: z.string(),
    may: z.array(z.enum(['audio', 'video', 'screen'])),
  }),
  z.strictObject({
    purpose: z.literal('document'),
    ...issued,
    asOf,
    fileId: FileId,
    accountId: AccountId,
    sessionId: SessionId,
    node: z.string(),
    mode: z.enum(['read', 'write']),
  }),
  z.strictObject({
    purpose: z.literal('upload'),
    ...issued,
    pictureId: PictureId,
    accountId: AccountId,
    sessionId: SessionId,
    bytes: z.int(),
    type: z.string(),
  }),
  z.strictObject({
    purpose: z.literal('download'),
    ...issued,
    fileId: FileId,
    version: z.int(),
    accountId: AccountId,
    sessionId: SessionId,
    disposition: z.enum(['attachment', 'inline']),
  }),
])
export type Ticket = z.output<typeof Ticket>
export type TicketPurpose = Ticket['purpose']
/** How long a ticket of each purpose is good for. Of a download as long as somebody looks at one film: each part of it is asked for again. */
export const ticketLivesMs = { media: 60_000, document: 300_000, upload: 86_400_000, download: 43_200_000 } as const satisfies Record<
  TicketPurpose,
  number
>

/** The first message on a document's connection: a ticket in the address would be in every proxy's log. */
export const DocumentGreeting = z.strictObject({
  fileId: FileId,
  ticket: z.string().max(4_096),
  /** Which wire follows: Hocuspocus' or that of a standard `y-websocket` client, whom the gateway passes on from `/yws/<file>`. */
  speaks: z.enum(['hocuspocus', 'y-websocket']).default('hocuspocus'),
})
export type DocumentGreeting = z.output<typeof DocumentGreeting>
