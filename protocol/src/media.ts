import { z } from 'zod'
import { ClientId, MeetingId, ParticipantId } from './ids.ts'
import { command, query, signal } from './kernel.ts'

/*
 * What reaches mediasoup. Each shape is our own and strict, and bounded in every direction: a malformed object has killed a
 * worker before (an empty `fingerprints` array). The names are those of mediasoup 3 and ORTC.
 */

const word = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\w.+/-]+$/)
const ssrc = z
  .int()
  .min(1)
  .max(2 ** 32 - 1)
const payloadType = z.int().min(0).max(127)
const parameters = z
  .record(z.string().max(64), z.union([z.string().max(256), z.number(), z.null()]))
  .refine((record) => Object.keys(record).length <= 24, 'too_many')
const RtcpFeedback = z.strictObject({ type: word, parameter: z.string().max(64).optional() })
const kind = z.enum(['audio', 'video'])
const HeaderExtensionUri = z.string().min(1).max(160)

const Codec = z.strictObject({
  mimeType: z.string().regex(/^(audio|video)\/[\w.+-]{1,32}$/i),
  payloadType,
  clockRate: z.int().min(1).max(192_000),
  channels: z.int().min(1).max(8).optional(),
  parameters: parameters.optional(),
  rtcpFeedback: z.array(RtcpFeedback).max(16).optional(),
})
export const RtpParameters = z.strictObject({
  mid: z.string().min(1).max(32).optional(),
  msid: z.string().max(256).optional(),
  codecs: z.array(Codec).min(1).max(8),
  headerExtensions: z
    .array(
      z.strictObject({
        uri: HeaderExtensionUri,
        id: z.int().min(1).max(255),
        encrypt: z.boolean().optional(),
        parameters: parameters.optional(),
      }),
    )
    .max(32)
    .optional(),
  encodings: z
    .array(
      z.strictObject({
        ssrc: ssrc.optional(),
        rid: z
          .string()
          .min(1)
          .max(16)
          .regex(/^[A-Za-z0-9]+$/)
          .optional(),
        codecPayloadType: payloadType.optional(),
        rtx: z.strictObject({ ssrc }).optional(),
        dtx: z.boolean().optional(),
        scalabilityMode: z
          .string()
          .max(16)
          .regex(/^[LS]\d{1,2}T\d{1,2}\w*$/)
          .optional(),
        scaleResolutionDownBy: z.number().min(1).max(64).optional(),
        maxBitrate: z.int().min(0).max(100_000_000).optional(),
        maxFramerate: z.number().min(0).max(240).optional(),
        active: z.boolean().optional(),
        adaptivePtime: z.boolean().optional(),
        priority: z.enum(['very-low', 'low', 'medium', 'high']).optional(),
        networkPriority: z.enum(['very-low', 'low', 'medium', 'high']).optional(),
      }),
    )
    .min(1)
    .max(4),
  rtcp: z
    .strictObject({ cname: z.string().max(256).optional(), reducedSize: z.boolean().optional(), mux: z.boolean().optional() })
    .optional(),
})
export type RtpParameters = z.output<typeof RtpParameters>

export const RtpCapabilities = z.strictObject({
  codecs: z
    .array(
      z.strictObject({
        kind,
        mimeType: Codec.shape.mimeType,
        preferredPayloadType: payloadType.optional(),
        clockRate: Codec.shape.clockRate,
        channels: Codec.shape.channels,
        parameters: parameters.optional(),
        rtcpFeedback: z.array(RtcpFeedback).max(16).optional(),
      }),
    )
    .min(1)
    .max(64),
  headerExtensions: z
    .array(
      z.strictObject({
        kind,
        uri: HeaderExtensionUri,
        preferredId: z.int().min(1).max(255),
        preferredEncrypt: z.boolean().optional(),
        direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).optional(),
      }),
    )
    .max(64)
    .optional(),
})
export type RtpCapabilities = z.output<typeof RtpCapabilities>

export const DtlsParameters = z.strictObject({
  role: z.enum(['auto', 'client', 'server']).optional(),
  fingerprints: z
    .array(
      z.strictObject({
        algorithm: z.enum(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']),
        value: z.string().regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19,63}$/),
      }),
    )
    .min(1)
    .max(5),
})
export type DtlsParameters = z.output<typeof DtlsParameters>

/** From us to the browser: as mediasoup made it. */
const made = z.record(z.string(), z.unknown())
export const TransportOptions = z.object({
  id: z.string(),
  iceParameters: made,
  iceCandidates: z.array(made),
  dtlsParameters: made,
})
export type TransportOptions = z.output<typeof TransportOptions>

export const sources = ['microphone', 'camera', 'screen', 'screen_sound'] as const
export const Source = z.enum(sources)
export type Source = z.output<typeof Source>

export const Producer = z.object({ id: z.uuid(), participantId: ParticipantId, source: Source, kind, isPaused: z.boolean() })
export type Producer = z.output<typeof Producer>

/** All that is sent in a meeting, and a number that counts its changes: who sees a gap asks `media.look`. */
export const MediaState = z.object({ version: z.int(), participants: z.array(ParticipantId), producers: z.array(Producer) })
export type MediaState = z.output<typeof MediaState>

/**
 * Names the connection to a media node that `media.join` made: the node, and a secret of this page. Whoever calls must be
 * the account and session that joined.
 */
const Peer = z.strictObject({ node: z.string().min(1).max(100), peer: z.uuid() })
const Step = Peer.extend({ clientId: ClientId })
const natural = { guests: true, door: 'socket', repeat: 'natural' } as const

export const media = {
  /** With the ticket of `meetings.enter`: one message back with all that a page needs to send and to receive. */
  'media.join': command(
    z.strictObject({
      clientId: ClientId,
      meetingId: MeetingId,
      ticket: z.string().max(4_096),
      rtpCapabilities: RtpCapabilities.optional(),
    }),
    z.object({
      node: z.string(),
      peer: z.uuid(),
      routerRtpCapabilities: made,
      iceServers: z.array(z.object({ urls: z.array(z.string()), username: z.string().optional(), credential: z.string().optional() })),
      send: TransportOptions,
      receive: TransportOptions,
      state: MediaState,
    }),
    natural,
  ),
  /** What this browser can receive, once its device has loaded; before the first `media.consume` where `media.join` did not say it. */
  'media.capable': command(Step.extend({ rtpCapabilities: RtpCapabilities }), z.object({}), natural),
  'media.connect': command(Step.extend({ transportId: z.uuid(), dtlsParameters: DtlsParameters }), z.object({}), natural),
  'media.restart': command(Step.extend({ transportId: z.uuid() }), z.object({ iceParameters: made }), natural),
  /** The producer's id is the `clientId`: a repetition is the same producer. */
  'media.produce': command(
    Step.extend({ transportId: z.uuid(), source: Source, rtpParameters: RtpParameters, isPaused: z.boolean().default(false) }),
    z.object({ producerId: z.uuid() }),
    natural,
  ),
  'media.pause': command(Step.extend({ producerId: z.uuid(), isPaused: z.boolean() }), z.object({}), natural),
  'media.close': command(Step.extend({ producerId: z.uuid() }), z.object({}), natural),
  /** One consumer per producer and page: asked again, the same. Begins paused; `media.wants` lets it flow. */
  'media.consume': command(
    Step.extend({ producerIds: z.array(z.uuid()).min(1).max(64) }),
    z.object({
      consumers: z.array(
        z.object({ id: z.string(), producerId: z.uuid(), kind, source: Source, rtpParameters: made, isProducerPaused: z.boolean() }),
      ),
    }),
    natural,
  ),
  /** What is on screen now: which consumers flow, and how large each is shown, in pixels. Those not named are left as they are. */
  'media.wants': command(
    Step.extend({
      consumers: z
        .array(
          z.strictObject({
            id: z.uuid(),
            isPaused: z.boolean(),
            width: z.int().min(0).max(16_384).optional(),
            height: z.int().min(0).max(16_384).optional(),
          }),
        )
        .min(1)
        .max(128),
    }),
    z.object({}),
    natural,
  ),
  'media.release': command(Step.extend({ consumerIds: z.array(z.uuid()).min(1).max(128) }), z.object({}), natural),
  'media.look': query(Peer, MediaState, { guests: true, door: 'socket' }),
  /**
   * How well it goes, by the node's own figures: the worst score and, where it is not 10, the loss in each direction, in percent. Also a sign of life:
   * of a page that neither sends nor receives, the node hears only when it asks, and lets it go after 40 s of silence.
   */
  'media.quality': query(Peer, z.object({ score: z.number().min(0).max(10), sendLoss: z.number(), receiveLoss: z.number() }), {
    guests: true,
    door: 'socket',
  }),

  /**
   * What is sent changed, with all of it. Every two seconds anyway, with the number alone (`state` null), so that whoever lost
   * one notices, and asks `media.look`. The number only grows, also where the meeting goes on at another worker or node.
   */
  'media.changing': signal(
    'meeting',
    z.object({ meetingId: MeetingId, version: z.int(), state: MediaState.omit({ version: true }).nullable() }),
  ),
  /**
   * Who speaks, when it changes and every two seconds while somebody does: who has the word first, then the loudest; `loudness` 0 to 1, as
   * it was when it was said.
   */
  'media.speaking': signal(
    'meeting',
    z.object({ meetingId: MeetingId, speakers: z.array(z.object({ participantId: ParticipantId, loudness: z.number() })) }),
  ),
  /** The node or its worker died: enter again. */
  'media.lost': signal('meeting', z.object({ meetingId: MeetingId })),
}
