import { av, decoder, made, stereo, type CodecContext, type Frame, type Packet } from './av.ts'
import { rate, type Mix } from './mix.ts'
import type { Track } from './rtp.ts'

/** The most that one packet of Opus holds: 120 ms. */
const mostSamples = 5_760
const apart = 0.06 * rate
const mostStretch = 2

/** One voice: each packet is laid where the sender's clock says, not where the last one ended. */
export class Voice {
  readonly track: Track
  readonly #decoder: CodecContext
  readonly #packet: Packet
  readonly #frame: Frame
  readonly #stretched = new Float32Array(mostSamples + mostStretch)
  #next = -1

  constructor(track: Track) {
    this.track = track
    this.#decoder = decoder(av.AV_CODEC_ID_OPUS, { sampleRate: rate, channelLayout: stereo })
    this.#packet = made(av.Packet)
    this.#frame = made(av.Frame)
  }

  mixInto(mix: Mix, sampleAt: (ms: number) => number): void {
    for (const unit of this.track.units.splice(0)) {
      this.#packet.unref()
      this.#packet.data = unit.data
      if (this.#decoder.sendPacketSync(this.#packet) < 0) continue
      while (this.#decoder.receiveFrameSync(this.#frame) >= 0) this.#place(mix, Math.round(sampleAt(this.track.capturedMs(unit.rtpTime))))
    }
  }

  /**
   * Clocks differ by up to 0.02 %, and reports wobble: that is followed by making a packet at most 2 of 960 samples longer or
   * shorter, which nobody hears. After a pause, or a jump of 60 ms, it begins afresh.
   */
  #place(mix: Mix, due: number): void {
    const length = this.#frame.nbSamples
    if (length <= 0 || length > mostSamples) return
    const isAfresh = Math.abs(due - this.#next) > apart
    const more = isAfresh ? 0 : Math.max(-mostStretch, Math.min(mostStretch, Math.round((due - this.#next) / 100)))
    const [left, right = left] = this.#frame.data!.map((plane) => new Float32Array(plane.buffer, plane.byteOffset, length))
    for (let i = 0; i < length + more; i++) {
      const at = Math.min((i * length) / (length + more), length - 1)
      const a = Math.floor(at)
      const b = Math.min(a + 1, length - 1)
      this.#stretched[i] = ((left![a]! + right![a]!) * (1 - at + a) + (left![b]! + right![b]!) * (at - a)) / 2
    }
    const at = isAfresh ? due : this.#next
    mix.add(at, this.#stretched, length + more)
    this.#next = at + length + more
  }

  close(): void {
    this.#frame.free()
    this.#packet.free()
    this.#decoder.freeContext()
  }
}
