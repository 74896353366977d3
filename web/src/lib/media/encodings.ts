import type { Source } from '@atrium/protocol'
import type { types } from 'mediasoup-client'

/** How each source is sent. Three sizes of the camera, so that a small tile costs nobody a large picture. */
export const sendings: Record<Source, Pick<types.ProducerOptions, 'encodings' | 'codecOptions'>> = {
  microphone: { codecOptions: { opusStereo: false, opusDtx: true, opusFec: true, opusNack: true, opusMaxPlaybackRate: 48_000 } },
  camera: {
    encodings: [
      { rid: 'r0', scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T1' },
      { rid: 'r1', scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T1' },
      { rid: 'r2', scaleResolutionDownBy: 1, maxBitrate: 1_700_000, scalabilityMode: 'L1T1' },
    ],
    codecOptions: { videoGoogleStartBitrate: 800 },
  },
  // Letters have to be sharp; the picture moves little.
  screen: { encodings: [{ maxBitrate: 3_000_000 }], codecOptions: { videoGoogleStartBitrate: 1_500 } },
  screen_sound: { codecOptions: { opusStereo: true, opusDtx: false, opusFec: true, opusMaxPlaybackRate: 48_000 } },
}
