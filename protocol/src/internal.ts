import { z } from 'zod'
import { MeetingId, ParticipantId } from './ids.ts'
import { query } from './kernel.ts'

/** Operations between our own services, over the bus. Never exposed to clients. */
export const internal = {
  'node.describe': query(
    z.strictObject({}),
    z.object({ node: z.string(), service: z.enum(['server', 'sfu', 'collab']), version: z.string(), load: z.number() }),
  ),
  /** Where the other processes of the hub reach a node over HTTP: a page's connection is passed on to it there. */
  'node.door': query(z.strictObject({}), z.object({ node: z.string(), url: z.url({ protocol: /^https?$/ }) })),
  /** The media node's judgement of a ticket: whom it lets into which meeting, and with what. Good once. */
  'media.admit': query(
    z.strictObject({ ticket: z.string().max(4_096), meetingId: MeetingId }),
    z.object({ participantId: ParticipantId, may: z.array(z.enum(['audio', 'video', 'screen'])) }),
  ),
}
export type Internal = typeof internal
