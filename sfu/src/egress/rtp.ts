import { depacketize } from './vp8.ts'

/** A whole VP8 picture or one Opus packet. */
export interface Unit {
  rtpTime: number
  data: Buffer
}
interface Waiting extends Unit {
  isLast: boolean
  arrivedMs: number
}

const mostWaiting = 2_000
/** A jump of more than this is a sender that began anew, not a hole. */
const farthest = 3_000
/** Pictures that nobody fetches: their decoder is gone. */
const mostUnits = 1_000

/** One consumer's packets: put in order, made whole again, and told when they were captured. */
export class Track {
  readonly units: Unit[] = []
  lost = 0
  readonly kind: 'audio' | 'video'
  readonly #patienceMs: number
  readonly #wantKey: () => void
  readonly #waiting = new Map<number, Waiting>()
  #next = -1
  #newest = -1
  #parts: Buffer[] = []
  #needsKey = true
  #zero: { rtpTime: number; ms: number; isGuess: boolean } | undefined

  constructor(kind: 'audio' | 'video', patienceMs: number, wantKey: () => void) {
    this.kind = kind
    this.#patienceMs = patienceMs
    this.#wantKey = wantKey
  }

  /** mediasoup ties RTP time to the time of *capture*, on one clock for all streams of a worker: lip-sync, and sync between people. */
  reported(rtpTime: number, ms: number): void {
    this.#zero = { rtpTime, ms, isGuess: false }
  }

  /** Until the first report the least delayed packet stands in. */
  capturedMs(rtpTime: number): number {
    return this.#zero ? this.#zero.ms + ((rtpTime - this.#zero.rtpTime) | 0) / (this.kind === 'audio' ? 48 : 90) : 0
  }

  push(rtp: Buffer, nowMs: number): void {
    const payload = payloadOf(rtp)
    if (!payload) return
    const seq = this.#unwrap(rtp.readUInt16BE(2))
    if (seq < this.#next || this.#waiting.has(seq)) return
    const rtpTime = rtp.readUInt32BE(4)
    if (!this.#zero || (this.#zero.isGuess && nowMs < this.capturedMs(rtpTime))) this.#zero = { rtpTime, ms: nowMs, isGuess: true }
    this.#waiting.set(seq, { data: payload, rtpTime, isLast: rtp[1]! >= 128, arrivedMs: nowMs })
    this.drain(nowMs)
  }

  /** The media node asks senders for what was lost, so a hole may still be filled: it is waited for, but not longer than the picture can. */
  drain(nowMs: number): void {
    while (this.#waiting.size > 0) {
      const packet = this.#waiting.get(this.#next)
      if (packet) {
        this.#waiting.delete(this.#next++)
        if (this.kind === 'audio') this.#add(packet)
        else this.#picture(packet)
        continue
      }
      const first = Math.min(...this.#waiting.keys())
      if (nowMs - this.#waiting.get(first)!.arrivedMs < this.#patienceMs && this.#waiting.size < mostWaiting) return
      this.lost += first - this.#next
      this.#next = first
      this.refused()
    }
  }

  /** A picture with a hole, or one that builds on it, would smear: nothing new is shown until a key frame. */
  refused(): void {
    this.#parts = []
    this.#needsKey = true
    if (this.kind === 'video') this.#wantKey()
  }

  #picture({ data, rtpTime, isLast }: Waiting): void {
    const part = depacketize(data)
    if (part?.isFirst) this.#parts = [part.data]
    else if (part && this.#parts.length > 0) this.#parts.push(part.data)
    if (!isLast) return
    const picture = Buffer.concat(this.#parts.splice(0))
    const verdict = judged(picture)
    if (verdict === 'refused' || (this.#needsKey && verdict !== 'key')) return this.refused()
    this.#needsKey = false
    this.#add({ rtpTime, data: picture })
  }

  #add({ rtpTime, data }: Unit): void {
    this.units.push({ rtpTime, data })
    if (this.units.length > mostUnits) this.units.splice(0, this.units.length - mostUnits)
  }

  #unwrap(seq: number): number {
    if (this.#newest < 0) this.#newest = this.#next = seq + 65_536
    const full = this.#newest + (((seq - this.#newest) << 16) >> 16)
    if (Math.abs(full - this.#newest) <= farthest) {
      this.#newest = Math.max(this.#newest, full)
      return full
    }
    this.#waiting.clear()
    this.refused()
    return (this.#next = this.#newest = full)
  }
}

/** Undefined for what is no RTP, and for probes, which are padding alone. */
function payloadOf(rtp: Buffer): Buffer | undefined {
  if (rtp.length < 12 || rtp[0]! >> 6 !== 2) return undefined
  const start = 12 + (rtp[0]! & 15) * 4
  const extension = rtp[0]! & 16 && rtp.length >= start + 4 ? 4 + rtp.readUInt16BE(start + 2) * 4 : 0
  const padding = rtp[0]! & 32 ? rtp[rtp.length - 1]! : 0
  return start + extension + padding < rtp.length ? rtp.subarray(start + extension, rtp.length - padding) : undefined
}

const mostPixels = 2_560 * 1_440
/** A key frame of ten bytes may announce 16,383 × 16,383, which is 400 MB to whoever decodes it. */
function judged(picture: Buffer): 'key' | 'other' | 'refused' {
  if (picture.length === 0) return 'refused'
  if ((picture[0]! & 1) !== 0) return 'other'
  if (picture.length <= 10 || picture.readUIntBE(3, 3) !== 0x9d012a) return 'refused'
  const [width, height] = [picture.readUInt16LE(6) & 16_383, picture.readUInt16LE(8) & 16_383]
  return width > 0 && height > 0 && width * height <= mostPixels ? 'key' : 'refused'
}

/** The sender reports of an RTCP packet. */
export function* senderReports(rtcp: Buffer): Generator<{ ssrc: number; ms: number; rtpTime: number }> {
  for (let at = 0; at + 28 <= rtcp.length; at += (rtcp.readUInt16BE(at + 2) + 1) * 4)
    if (rtcp[at + 1] === 200)
      yield {
        ssrc: rtcp.readUInt32BE(at + 4),
        ms: (rtcp.readUInt32BE(at + 8) + rtcp.readUInt32BE(at + 12) / 2 ** 32) * 1_000,
        rtpTime: rtcp.readUInt32BE(at + 16),
      }
}
export const isRtcp = (packet: Buffer): boolean => packet[1]! >= 192 && packet[1]! <= 223
