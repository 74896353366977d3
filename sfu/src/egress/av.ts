import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/*
 * What we use of node-av, FFmpeg in Node. It is no dependency: an administrator switches it on, and it lies outside the
 * checkout (install.ts). Only processes that record, stream or test load it.
 */

export interface Rational {
  num: number
  den: number
}
interface Layout {
  nbChannels: number
  order: number
  mask: bigint
}
interface Native {
  alloc(): void
  free(): void
}
export interface Packet extends Native {
  pts: bigint
  dts: bigint
  streamIndex: number
  data: Buffer | null
  readonly isKeyframe: boolean
  clone(): Packet | null
  unref(): void
  rescaleTs(from: Rational, to: Rational): void
}
export interface Frame extends Native {
  width: number
  height: number
  format: number
  pts: bigint
  nbSamples: number
  sampleRate: number
  channelLayout: Layout
  /** New views at each call, of the frame's own memory: writing there paints. */
  readonly data: Buffer[] | null
  readonly linesize: number[]
  getBuffer(): number
  makeWritable(): number
}
export interface CodecContext {
  timeBase: Rational
  threadCount: number
  readonly frameSize: number
  allocContext3(codec: object | null): void
  freeContext(): void
  setFlags(flag: number): void
  /** Options go here: a dictionary given to `open2Sync` is freed twice, which kills the process. */
  setOption(name: string, value: string): number
  open2Sync(codec: object | null): number
  sendPacket(packet: Packet | null): Promise<number>
  sendPacketSync(packet: Packet | null): number
  receiveFrame(frame: Frame): Promise<number>
  receiveFrameSync(frame: Frame): number
  sendFrame(frame: Frame | null): Promise<number>
  receivePacket(packet: Packet): Promise<number>
}
interface Parameters extends Native {
  codecType: number
  codecId: number
  codecTag: number
  extradata: Buffer | null
  format: number
  bitRate: bigint
  profile: number
  level: number
  width: number
  height: number
  sampleRate: number
  frameSize: number
  channelLayout: Layout
  fromContext(context: CodecContext): number
  toContext(context: CodecContext): number
}
interface Stream {
  timeBase: Rational
  readonly codecpar: Parameters
}
export interface FormatContext {
  url: string | null
  readonly streams: Stream[]
  allocOutputContext2(of: null, format: string, url: string | null): number
  newStream(): Stream
  setOption(name: string, value: string): number
  openOutput(): Promise<number>
  closeOutput(): Promise<void>
  openInput(url: string, format?: object | null): Promise<number>
  closeInput(): Promise<void>
  findStreamInfo(): Promise<number>
  readFrame(packet: Packet): Promise<number>
  writeHeader(): Promise<number>
  interleavedWriteFrame(packet: Packet): Promise<number>
  writeTrailer(): Promise<number>
  freeContext(): void
}
export interface Scaler {
  getContext(width: number, height: number, format: number, toWidth: number, toHeight: number, toFormat: number, how: number): void
  scale(from: Buffer[], strides: number[], y: number, height: number, to: Buffer[], toStrides: number[]): Promise<number>
  freeContext(): void
}
type Class<T, A extends unknown[] = []> = new (...args: A) => T

export interface Av {
  Packet: Class<Packet>
  Frame: Class<Frame>
  CodecParameters: Class<Parameters>
  CodecContext: Class<CodecContext>
  FormatContext: Class<FormatContext>
  SoftwareScaleContext: Class<Scaler>
  Rational: Class<Rational, [num: number, den: number]>
  Codec: { findDecoder(id: number): object | null; findEncoderByName(name: string): object | null }
  InputFormat: { findInputFormat(name: string): object | null }
  Log: { setLevel(level: number): void }
  AV_CODEC_FLAG_GLOBAL_HEADER: number
  AV_CODEC_ID_OPUS: number
  AV_CODEC_ID_VP8: number
  AV_LOG_QUIET: number
  AV_PIX_FMT_GRAY8: number
  AV_PIX_FMT_YUV420P: number
  AV_SAMPLE_FMT_FLT: number
  AV_SAMPLE_FMT_FLTP: number
  SWS_BILINEAR: number
}

/** There once `loadAv` was waited for. */
export let av: Av

/** `folder`: where it was installed. FFmpeg says nothing by itself: what it would print may hold the key of a stream. */
export async function loadAv(folder: string): Promise<void> {
  const resolve = (name: string) => pathToFileURL(createRequire(join(folder, 'package.json')).resolve(name)).href
  const [classes, constants] = await Promise.all([import(resolve('node-av')), import(resolve('node-av/constants'))])
  av = { ...constants, ...classes } as Av
  av.Log.setLevel(av.AV_LOG_QUIET)
}

export const stereo: Layout = { nbChannels: 2, order: 1, mask: 3n }
export const mono: Layout = { nbChannels: 1, order: 1, mask: 4n }

export function must(code: number, what: string): void {
  if (code < 0) throw new Error(`${what}: FFmpeg says ${code}.`)
}

/** A new one that has its memory. */
export function made<T extends Native>(kind: Class<T>): T {
  const thing = new kind()
  thing.alloc()
  return thing
}

export function decoder(codecId: number, settings: object = {}): CodecContext {
  const codec = av.Codec.findDecoder(codecId)
  const context = new av.CodecContext()
  context.allocContext3(codec)
  Object.assign(context, { threadCount: 1 }, settings)
  must(context.open2Sync(codec), 'decoder')
  return context
}

export function encoder(name: string, settings: object, timeBase: Rational, options: Record<string, string> = {}): CodecContext {
  const codec = av.Codec.findEncoderByName(name)
  const context = new av.CodecContext()
  context.allocContext3(codec)
  // Without a time base x264 believes in thousands of pictures a second.
  Object.assign(context, settings, { timeBase })
  context.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER)
  for (const [key, value] of Object.entries(options)) must(context.setOption(key, value), `${name} ${key}`)
  must(context.open2Sync(codec), name)
  return context
}
