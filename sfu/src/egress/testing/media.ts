import { av, encoder, made, must, stereo, type CodecContext, type Frame } from '../av.ts'

/** What somebody sends in tests: pictures that carry their number, and a tone of their own at the beginning of each second. */
export interface Media {
  pictures: Buffer[]
  sounds: Buffer[]
}
export const picturesPerSecond = 25
/** It begins anew after so long; a picture's number is counted within it. */
export const loopSeconds = 10
export const toneMs = 120
const bits = 8
const rate = 48_000
const packetSamples = 960

export async function media(options: { width: number; height: number; hertz: number; kbps: number }): Promise<Media> {
  return { pictures: await pictures(options), sounds: await sounds(options.hertz) }
}

async function pictures({ width, height, kbps }: { width: number; height: number; kbps: number }): Promise<Buffer[]> {
  const shape = {
    width,
    height,
    pixelFormat: av.AV_PIX_FMT_YUV420P,
    bitRate: BigInt(kbps * 1_000),
    framerate: new av.Rational(picturesPerSecond, 1),
  }
  const manner = { deadline: 'realtime', 'cpu-used': '8', 'lag-in-frames': '0', 'auto-alt-ref': '0' }
  // A key frame in every second: we answer nobody who asks for one.
  const context = encoder('libvpx', { ...shape, gopSize: picturesPerSecond }, new av.Rational(1, picturesPerSecond), manner)
  const frame = made(av.Frame)
  Object.assign(frame, { width, height, format: av.AV_PIX_FMT_YUV420P })
  must(frame.getBuffer(), 'picture')
  const all: Buffer[] = []
  for (let n = 0; n < picturesPerSecond * loopSeconds; n++) {
    must(frame.makeWritable(), 'picture')
    draw(frame, n)
    frame.pts = BigInt(n)
    all.push(...(await encoded(context, frame)))
  }
  all.push(...(await encoded(context, null)))
  frame.free()
  context.freeContext()
  return all
}

/** The number as black and white bars, and something that moves. */
function draw(frame: Frame, n: number): void {
  const { width, height } = frame
  const [luma, ...chroma] = frame.data!
  const [stride] = frame.linesize
  for (const plane of chroma.slice(0, 2)) plane.fill(128)
  for (let y = 0; y < height; y++) {
    const isBars = y > height * 0.3 && y < height * 0.7
    for (let x = 0; x < width; x++) {
      const bit = (n >> Math.floor((x * bits) / width)) & 1
      luma![y * stride! + x] = isBars ? (bit ? 235 : 16) : 80 + ((x + y + n * 4) & 63)
    }
  }
}

/** The number that stands in a part of a picture. */
export function numberAt(frame: Frame, { x, y, w, h }: { x: number; y: number; w: number; h: number }): number {
  const [luma, stride] = [frame.data![0]!, frame.linesize[0]!]
  let n = 0
  for (let bit = 0; bit < bits; bit++) if (luma[(y + (h >> 1)) * stride + x + Math.floor((w * (bit + 0.5)) / bits)]! > 128) n |= 1 << bit
  return n
}

async function sounds(hertz: number): Promise<Buffer[]> {
  const shape = { sampleRate: rate, channelLayout: stereo, sampleFormat: av.AV_SAMPLE_FMT_FLT, bitRate: 32_000n }
  const context = encoder('libopus', shape, new av.Rational(1, rate), { frame_duration: '20' })
  const frame = made(av.Frame)
  Object.assign(frame, { nbSamples: packetSamples, format: av.AV_SAMPLE_FMT_FLT, sampleRate: rate, channelLayout: stereo })
  must(frame.getBuffer(), 'sound')
  const all: Buffer[] = []
  for (let at = 0; at < rate * loopSeconds; at += packetSamples) {
    must(frame.makeWritable(), 'sound')
    const samples = new Float32Array(packetSamples * 2)
    for (let i = 0; i < packetSamples; i++) {
      const isOn = ((at + i) % rate) * 1_000 < toneMs * rate
      samples[i * 2] = samples[i * 2 + 1] = isOn ? 0.5 * Math.sin((2 * Math.PI * hertz * (at + i)) / rate) : 0
    }
    Buffer.from(samples.buffer).copy(frame.data![0]!)
    frame.pts = BigInt(at)
    all.push(...(await encoded(context, frame)))
  }
  frame.free()
  context.freeContext()
  return all
}

async function encoded(context: CodecContext, frame: Frame | null): Promise<Buffer[]> {
  const packet = made(av.Packet)
  const all: Buffer[] = []
  must(await context.sendFrame(frame), 'encode')
  while ((await context.receivePacket(packet)) >= 0) {
    all.push(Buffer.from(packet.data!))
    packet.unref()
  }
  packet.free()
  return all
}
