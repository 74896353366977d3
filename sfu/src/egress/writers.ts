import { fork } from 'node:child_process'
import { av, made, must, type CodecContext, type Packet, type Rational } from './av.ts'
import type { Destination } from './orders.ts'

/** Where a composed meeting goes: a file, or a server. */
export interface Writer {
  write(packet: Packet, stream: number): Promise<void>
  end(): Promise<void>
  /** Without waiting for anything. */
  abandon(): void
}

/**
 * An MP4 that is worth something at any moment: in pieces of half a second while it grows, an ordinary one when it is closed.
 * A crash costs the piece that was begun, and what was not encoded yet.
 */
const mp4 = { movflags: '+hybrid_fragmented+delay_moov+default_base_moof', frag_duration: '500000', flush_packets: '1' }

export async function fileWriter(file: string, encoders: readonly CodecContext[]): Promise<Writer> {
  const context = new av.FormatContext()
  must(context.allocOutputContext2(null, 'mp4', file), 'mp4')
  for (const from of encoders) {
    const stream = context.newStream()
    must(stream.codecpar.fromContext(from), 'parameters')
    stream.timeBase = from.timeBase
  }
  for (const [key, value] of Object.entries(mp4)) must(context.setOption(key, value), key)
  must(await context.openOutput(), 'file')
  must(await context.writeHeader(), 'header')
  const close = async () => {
    await context.closeOutput()
    context.freeContext()
  }
  return {
    async write(packet, stream) {
      packet.rescaleTs(encoders[stream]!.timeBase, context.streams[stream]!.timeBase)
      packet.streamIndex = stream
      must(await context.interleavedWriteFrame(packet), 'write')
    },
    async end() {
      must(await context.writeTrailer(), 'trailer')
      await close()
    },
    abandon: () => void close(),
  }
}

/** What the relay is told; it answers each with `true` when it is done, or says why it ends. */
export type RelayOrder =
  | { do: 'open'; to: Destination; streams: StreamParameters[] }
  | { do: 'write'; stream: number; data: Buffer; pts: bigint; dts: bigint; isKey: boolean }
  | { do: 'close' }
export type RelayAnswer = true | string
export interface StreamParameters {
  codecType: number
  codecId: number
  timeBase: { num: number; den: number }
  settings: object
  extradata: Buffer | null
}

const openWithinMs = 10_000
const writeWithinMs = 5_000

/**
 * By way of a process of its own: FFmpeg's writing cannot be interrupted, so a server that takes the connection and stops
 * reading can only be left by killing whoever writes. The key goes over the channel between us, where nobody else reads.
 */
export async function relayWriter(to: Destination, encoders: readonly CodecContext[], folder: string): Promise<Writer> {
  const relay = fork(new URL('relay.ts', import.meta.url), [folder], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
    execArgv: [],
  })
  const ended = new Promise<never>((_, reject) => {
    relay.once('error', reject)
    relay.once('exit', () => reject(new Error('The stream broke off.')))
  })
  ended.catch(() => undefined)
  /** One thing at a time, each until it is done. */
  async function tell(order: RelayOrder, withinMs: number): Promise<void> {
    const timer = setTimeout(() => relay.kill('SIGKILL'), withinMs)
    try {
      const done = new Promise<void>((resolve, reject) =>
        relay.once('message', (said: RelayAnswer) => (said === true ? resolve() : reject(new Error(said)))),
      )
      relay.send(order, () => undefined)
      await Promise.race([done, ended])
    } finally {
      clearTimeout(timer)
    }
  }
  const abandon = () => void relay.kill('SIGKILL')
  try {
    await tell({ do: 'open', to, streams: encoders.map(parametersOf) }, openWithinMs)
  } catch (error) {
    abandon()
    throw error
  }
  return {
    write: ({ data, pts, dts, isKeyframe }, stream) =>
      tell({ do: 'write', stream, data: Buffer.from(data!), pts, dts, isKey: isKeyframe }, writeWithinMs),
    end: () => tell({ do: 'close' }, writeWithinMs).finally(abandon),
    abandon,
  }
}

function parametersOf(encoder: CodecContext): StreamParameters {
  const parameters = made(av.CodecParameters)
  must(parameters.fromContext(encoder), 'parameters')
  const { codecType, codecId, extradata, format, bitRate, profile, level, width, height, sampleRate, frameSize, channelLayout } = parameters
  const { num, den }: Rational = encoder.timeBase
  const kind = width > 0 ? { width, height } : { sampleRate, frameSize, channelLayout: { ...channelLayout } }
  const settings = { format, bitRate, profile, level, ...kind }
  const copied = { codecType, codecId, timeBase: { num, den }, settings, extradata: extradata && Buffer.from(extradata) }
  parameters.free()
  return copied
}
