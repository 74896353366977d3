import { z } from 'zod'
import { AccountId, FileId, MeetingId, ParticipantId, PictureId, SessionId } from './ids.ts'

const issued = { id: z.uuid(), issuedAt: z.int(), expiresAt: z.int() }

/** What a ticket says, by purpose. Times are milliseconds since 1970; `node` names the node and its boot. */
export const Ticket = z.discriminatedUnion('purpose', [
  z.strictObject({
    purpose: z.literal('media'),
    ...issued,
    meetingId: MeetingId,
    participantId: ParticipantId,
    accountId: AccountId,
    sessionId: SessionId,
    node: z.string(),
    may: z.array(z.enum(['audio', 'video', 'screen'])),
  }),
  z.strictObject({
    purpose: z.literal('document'),
    ...issued,
    fileId: FileId,
    accountId: AccountId,
    sessionId: SessionId,
    node: z.string(),
    mode: z.enum(['read', 'write', 'comment']),
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
])
export type Ticket = z.output<typeof Ticket>
export type TicketPurpose = Ticket['purpose']
/** How long a ticket of each purpose is good for. */
export const ticketLivesMs = { media: 60_000, document: 300_000, upload: 86_400_000 } as const satisfies Record<TicketPurpose, number>

/** The first message on a document's connection: a ticket in the address would be in every proxy's log. */
export const DocumentGreeting = z.strictObject({ fileId: FileId, ticket: z.string().max(4_096) })
export type DocumentGreeting = z.output<typeof DocumentGreeting>
