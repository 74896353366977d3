import { av, made, must, type CodecContext, type Frame } from '../av.ts'
import { numberAt, picturesPerSecond, toneMs } from './media.ts'
import type { Rect } from '../layout.ts'

/** What a file shows and lets hear, decoded to its end. */
export interface Watched {
  seconds: number
  width: number
  height: number
  /** At which time each picture is, and what each of the asked places shows there. */
  pictures: { at: number; numbers: number[]; lumas: number[]; prints: string[] }[]
  /** One channel of 48,000 samples a second, from the beginning. */
  sound: Float32Array
}

const rate = 48_000
/** Of a decoder's moving pictures and sounds, by FFmpeg's numbers. */
const kinds = { video: 0, audio: 1 }

export async function watch(file: string, places: readonly Rect[]): Promise<Watched> {
  const input = new av.FormatContext()
  must(await input.openInput(file), 'open')
  must(await input.findStreamInfo(), 'streams')
  const decoders = input.streams.map(({ codecpar }) => {
    const codec = av.Codec.findDecoder(codecpar.codecId)
    const context = new av.CodecContext()
    context.allocContext3(codec)
    must(codecpar.toContext(context), 'parameters')
    must(context.open2Sync(codec), 'decoder')
    return context
  })
  const watched: Watched = { seconds: 0, width: 0, height: 0, pictures: [], sound: new Float32Array(0) }
  const heard: { at: number; samples: Float32Array }[] = []
  const take = (frame: Frame, kind: number, seconds: number) => {
    if (kind === kinds.audio) {
      const plane = frame.data![0]!
      heard.push({ at: seconds, samples: new Float32Array(plane.buffer, plane.byteOffset, frame.nbSamples).slice() })
      return
    }
    Object.assign(watched, { width: frame.width, height: frame.height })
    const numbers = places.map((place) => numberAt(frame, place))
    const lumas = places.map(({ x, y, w, h }) => frame.data![0]![(y + (h >> 2)) * frame.linesize[0]! + x + (w >> 1)]!)
    watched.pictures.push({ at: seconds, numbers, lumas, prints: places.map((place) => printOf(frame, place)) })
  }
  const packet = made(av.Packet)
  const frame = made(av.Frame)
  const drain = async (context: CodecContext, n: number) => {
    const { codecpar, timeBase } = input.streams[n]!
    while ((await context.receiveFrame(frame)) >= 0) take(frame, codecpar.codecType, (Number(frame.pts) * timeBase.num) / timeBase.den)
  }
  while ((await input.readFrame(packet)) >= 0) {
    const n = packet.streamIndex
    await decoders[n]!.sendPacket(packet)
    await drain(decoders[n]!, n)
    packet.unref()
  }
  for (const [n, context] of decoders.entries()) {
    await context.sendPacket(null)
    await drain(context, n)
    context.freeContext()
  }
  packet.free()
  frame.free()
  await input.closeInput()

  const last = heard.at(-1)
  watched.sound = new Float32Array(last ? Math.ceil(last.at * rate) + last.samples.length : 0)
  for (const { at, samples } of heard) if (at >= 0) watched.sound.set(samples, Math.round(at * rate))
  watched.pictures.sort((a, b) => a.at - b.at)
  watched.seconds = (watched.pictures.at(-1)?.at ?? 0) - (watched.pictures[0]?.at ?? 0)
  return watched
}

/** The same for what looks the same: a few points, coarsely. */
function printOf(frame: Frame, { x, y, w, h }: Rect): string {
  const [luma, stride] = [frame.data![0]!, frame.linesize[0]!]
  const points = Array.from({ length: 32 * 18 }, (_, n) => {
    const [column, row] = [(n % 32) + 0.5, Math.floor(n / 32) + 0.5]
    return luma[(y + Math.floor((h * row) / 18)) * stride + x + Math.floor((w * column) / 32)]! >> 5
  })
  return String.fromCharCode(...points)
}

/** Half of what a tone has that nobody talks over: two that fall together make no other one too quiet. */
const loud = 0.12

/** When a tone of this pitch begins, in seconds. */
export function onsets(sound: Float32Array, hertz: number): number[] {
  const window = Math.round(rate * 0.005)
  const strength = new Float32Array(Math.floor(sound.length / window))
  for (let n = 0; n < strength.length; n++) {
    let [re, im] = [0, 0]
    for (let i = n * window; i < (n + 1) * window; i++) {
      const angle = (2 * Math.PI * hertz * i) / rate
      re += sound[i]! * Math.cos(angle)
      im += sound[i]! * Math.sin(angle)
    }
    strength[n] = Math.hypot(re, im) / window
  }
  const found: number[] = []
  for (let n = 1; n < strength.length; n++) {
    const at = (n * window) / rate
    if (strength[n]! >= loud && strength[n - 1]! < loud && at - (found.at(-1) ?? -1) > toneMs / 500) found.push(at)
  }
  return found
}

/**
 * How much later than its picture each tone is heard, in ms: a tone begins with the picture of a whole second. What stood
 * there then is asked how far into its second it was, counted on from when it was first seen: one may be left out.
 */
export function lateness(watched: Watched, place: number, hertz: number): number[] {
  const fresh = watched.pictures.filter(({ numbers }, i) => watched.pictures[i - 1]?.numbers[place] !== numbers[place])
  return onsets(watched.sound, hertz).flatMap((at) => {
    const shown = fresh.findLast((picture) => picture.at <= at + 0.000_5)
    if (!shown) return []
    const into = ((shown.numbers[place]! % picturesPerSecond) / picturesPerSecond + at - shown.at) * 1_000
    return [into > 500 ? into - 1_000 : into]
  })
}

/** Where a machine was too busy for a moment, single ones say nothing. */
export const typical = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
