import { z } from 'zod'
import { DocumentVersion } from './documents.ts'
import { AccountId, FileId, MeetingId, ParticipantId, SessionId, TargetId } from './ids.ts'
import { query } from './kernel.ts'
import { media, MediaState } from './media.ts'
import { MediaReadiness } from './meetings.ts'

/** Who asked the gateway, of what it passes on. A media node believes the gateway, and compares with the ticket it was shown. */
const asked = { accountId: AccountId, sessionId: SessionId }
const passedOn = <I extends z.ZodType, O extends z.ZodType>(operation: { input: I; output: O }) =>
  query(z.strictObject({ ...asked, input: operation.input }), operation.output)

const document = { fileId: FileId }
const why = z.enum(['left', 'removed', 'timed_out', 'ended'])

/** Operations between our own services, over the bus. Never exposed to clients. */
export const internal = {
  'node.describe': query(
    z.strictObject({}),
    z.object({ node: z.string(), service: z.enum(['server', 'sfu', 'collab']), version: z.string(), load: z.number() }),
  ),
  /** Where the other processes of the hub reach a node over HTTP: a page's connection is passed on to it there. */
  'node.door': query(z.strictObject({}), z.object({ node: z.string(), url: z.url({ protocol: /^https?$/ }) })),

  /** At a media node: whether it can hold meetings, and record. */
  'media.readiness': query(
    z.strictObject({}),
    z.object({ media: MediaReadiness, recording: z.enum(['ready', 'preparing', 'off', 'away']), problems: z.array(z.string()) }),
  ),
  'media.recording.prepare': query(z.strictObject({}), z.object({})),
  'media.join': passedOn(media['media.join']),
  'media.capable': passedOn(media['media.capable']),
  'media.connect': passedOn(media['media.connect']),
  'media.restart': passedOn(media['media.restart']),
  'media.produce': passedOn(media['media.produce']),
  'media.pause': passedOn(media['media.pause']),
  'media.close': passedOn(media['media.close']),
  'media.consume': passedOn(media['media.consume']),
  'media.wants': passedOn(media['media.wants']),
  'media.release': passedOn(media['media.release']),
  'media.look': passedOn(media['media.look']),
  'media.quality': passedOn(media['media.quality']),
  /** A participant is to hear and see nothing more, at once. */
  'media.expel': query(z.strictObject({ meetingId: MeetingId, participantIds: z.array(ParticipantId) }), z.object({})),
  'media.mute': query(z.strictObject({ meetingId: MeetingId, participantIds: z.array(ParticipantId) }), z.object({})),
  'media.end': query(z.strictObject({ meetingId: MeetingId }), z.object({})),
  'media.state': query(z.strictObject({ meetingId: MeetingId }), MediaState.nullable()),
  /** Begins or ends recording or streaming a meeting. `names`: what stands below each picture. */
  'media.egress': query(
    z.strictObject({
      meetingId: MeetingId,
      record: z.strictObject({ sittingId: z.uuid(), folderId: FileId, accountId: AccountId, name: z.string() }).nullable(),
      streams: z.array(z.strictObject({ targetId: TargetId, url: z.string(), key: z.string() })),
      names: z.record(z.string(), z.string()),
    }),
    z.object({}),
  ),

  /** At any server: what a media node saw of its participants. */
  'meetings.peer.joined': query(z.strictObject({ meetingId: MeetingId, participantId: ParticipantId, node: z.string() }), z.object({})),
  'meetings.peer.gone': query(z.strictObject({ meetingId: MeetingId, participantId: ParticipantId, node: z.string(), why }), z.object({})),
  /** A recording is finished: its bytes lie in the blobs under `key`. */
  'meetings.recorded': query(
    z.strictObject({
      meetingId: MeetingId,
      folderId: FileId,
      accountId: AccountId,
      name: z.string(),
      key: z.string(),
      bytes: z.int(),
      sha256: z.string(),
      type: z.string(),
    }),
    z.object({ fileId: FileId }),
  ),
  'meetings.stream.state': query(
    z.strictObject({ meetingId: MeetingId, targetId: TargetId, state: z.enum(['connecting', 'live', 'interrupted', 'ended']) }),
    z.object({}),
  ),

  /** At the document node that has the document. The server has looked at who may. */
  /** `update`: what it says at first, as one Yjs update (version 1), base64. */
  'document.create': query(z.strictObject({ ...document, update: z.string().optional() }), z.object({})),
  'document.delete': query(z.strictObject(document), z.object({})),
  'document.versions': query(
    z.strictObject({ ...document, before: z.int().optional() }),
    z.object({ versions: z.array(DocumentVersion), hasMore: z.boolean() }),
  ),
  'document.version.read': query(
    z.strictObject({ ...document, version: z.int() }),
    z.object({ version: DocumentVersion, update: z.string() }),
  ),
  'document.version.save': query(
    z.strictObject({ ...document, clientId: z.uuid(), accountId: AccountId, name: z.string() }),
    DocumentVersion,
  ),
  'document.version.name': query(z.strictObject({ ...document, version: z.int(), name: z.string() }), DocumentVersion),
  'document.version.restore': query(
    z.strictObject({ ...document, clientId: z.uuid(), accountId: AccountId, version: z.int() }),
    DocumentVersion,
  ),
}
export type Internal = typeof internal
