import type { types } from 'mediasoup'
import type { Source } from '@atrium/protocol'

interface Size {
  width: number
  height: number
}

/** How large the pictures of each source are in full, nearly: what was captured is known to the sender only. */
const full: Record<'camera' | 'screen', Size> = { camera: { width: 1280, height: 720 }, screen: { width: 1920, height: 1080 } }
/** A picture may be shown this much larger than it is before the next size is taken. */
const stretch = 1.25
/** Up to this height, every second picture is enough. */
const thumbnailPx = 120

type Encoding = Pick<types.RtpEncodingParameters, 'scalabilityMode'> & { scaleResolutionDownBy?: number }

/**
 * The least of what a sender offers that looks right at this size; undefined where there is nothing to choose. Encodings are
 * in the order in which they were offered, smallest first, as browsers and mediasoup have them.
 */
export function layersFor(encodings: readonly Encoding[], source: Source, shown: Size): types.ConsumerLayers | undefined {
  if (encodings.length < 2 || (source !== 'camera' && source !== 'screen')) return undefined
  const fits = encodings.findIndex(({ scaleResolutionDownBy }, n) => {
    const by = scaleResolutionDownBy ?? 2 ** (encodings.length - 1 - n)
    return (full[source].width / by) * stretch >= shown.width && (full[source].height / by) * stretch >= shown.height
  })
  const spatialLayer = fits < 0 ? encodings.length - 1 : fits
  const temporalLayers = Number(/^[LS]\d+T(\d+)/.exec(encodings[spatialLayer]!.scalabilityMode ?? '')?.[1] ?? 1)
  const spared = shown.height <= thumbnailPx && temporalLayers > 1 ? 1 : 0
  return { spatialLayer, temporalLayer: temporalLayers - 1 - spared }
}

/**
 * Who is served first when the line is narrow, 1 to 255. What is shown on a screen before faces, large faces before small
 * ones. Sound is not among them: it always flows, and pictures share what it leaves.
 */
export function priorityOf(source: Source, shown: Size | undefined): number {
  if (source === 'screen') return 255
  const area = shown ? (shown.width * shown.height) / (full.camera.width * full.camera.height) : 0.25
  return Math.max(1, Math.min(200, Math.round(200 * Math.sqrt(area))))
}

/** In percent, from the figures of both transports, as mediasoup counts them: `received` by us is what the participant sends. */
export function lossOf(send: types.BaseTransportStats | undefined, receive: types.BaseTransportStats | undefined) {
  const percent = (fraction: number | undefined) => Math.round(Math.min(1, Math.max(0, fraction ?? 0)) * 1_000) / 10
  return { sendLoss: percent(send?.rtpPacketLossReceived), receiveLoss: percent(receive?.rtpPacketLossSent) }
}
