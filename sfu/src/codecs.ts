import type { types } from 'mediasoup'

/**
 * What a meeting is carried in. Opus for sound. VP8 alone for pictures: every browser that has WebRTC sends and shows it, in
 * several sizes at once, and whoever records or streams takes pictures apart for one codec only.
 */
export const mediaCodecs: types.RouterRtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000, parameters: { 'x-google-start-bitrate': 1_000 } },
]

/** Of what one participant sends: a camera in three sizes and a screen, with room to spare. */
export const maxIncomingBps = 8_000_000
/** What is tried first towards a participant; the estimate takes over within a second. */
export const initialOutgoingBps = 1_000_000
