import { av, encoder, made, mono, must, type CodecContext, type Frame, type Packet } from './av.ts'
import { height, width } from './layout.ts'
import { rate, type Mix } from './mix.ts'

export const picturesPerSecond = 25
const bitsPerSecond = 1_500_000
const soundBitsPerSecond = 96_000

/** One encoding for all who get it: H.264 and AAC, which every player and every streaming service takes. */
export class Encoding {
  readonly video: CodecContext
  readonly audio: CodecContext
  readonly #packet: Packet
  readonly #sound: Frame
  readonly #samples: Float32Array
  readonly #give: (packet: Packet, stream: number) => void

  constructor(give: (packet: Packet, stream: number) => void) {
    this.#give = give
    const limits = { bitRate: BigInt(bitsPerSecond), rcMaxRate: BigInt(bitsPerSecond), rcBufferSize: bitsPerSecond }
    const shape = { width, height, pixelFormat: av.AV_PIX_FMT_YUV420P, maxBFrames: 0, gopSize: picturesPerSecond * 2 }
    const pace = { framerate: new av.Rational(picturesPerSecond, 1), ...limits }
    const second = new av.Rational(1, picturesPerSecond)
    this.video = encoder('libx264', { ...shape, ...pace }, second, { preset: 'veryfast', threads: '2' })
    const sound = { sampleRate: rate, channelLayout: mono }
    const wish = { ...sound, sampleFormat: av.AV_SAMPLE_FMT_FLTP, bitRate: BigInt(soundBitsPerSecond) }
    this.audio = encoder('aac', wish, new av.Rational(1, rate))

    this.#packet = made(av.Packet)
    this.#sound = made(av.Frame)
    this.#samples = new Float32Array(this.audio.frameSize)
    Object.assign(this.#sound, { ...sound, format: av.AV_SAMPLE_FMT_FLTP, nbSamples: this.#samples.length })
    must(this.#sound.getBuffer(), 'sound')
  }

  get encoders(): readonly CodecContext[] {
    return [this.video, this.audio]
  }

  async picture(frame: Frame, tick: number): Promise<void> {
    frame.pts = BigInt(tick)
    await this.#encode(this.video, 0, frame)
  }

  /** All sound until then. */
  async sound(mix: Mix, until: number): Promise<void> {
    while (mix.position + this.#samples.length <= until) {
      this.#sound.pts = BigInt(mix.position)
      mix.read(this.#samples)
      Buffer.from(this.#samples.buffer).copy(this.#sound.data![0]!)
      await this.#encode(this.audio, 1, this.#sound)
    }
  }

  async flush(): Promise<void> {
    await this.#encode(this.video, 0, null)
    await this.#encode(this.audio, 1, null)
  }

  async #encode(context: CodecContext, stream: number, frame: Frame | null): Promise<void> {
    const code = await context.sendFrame(frame)
    if (frame) must(code, 'encode')
    while ((await context.receivePacket(this.#packet)) >= 0) {
      this.#give(this.#packet, stream)
      this.#packet.unref()
    }
  }
}
