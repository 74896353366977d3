// Carries one live stream to its server; see writers.ts. It ends with whoever started it, and at the first thing that goes wrong.
import { openOutgoing } from '@atrium/platform/outgoing'
import { av, loadAv, made, must, type FormatContext } from './av.ts'
import { tunnel, type Tunnel } from './tunnel.ts'
import type { RelayAnswer, RelayOrder, StreamParameters } from './writers.ts'

let context: FormatContext | undefined
let way: Tunnel | undefined
let from: StreamParameters[] = []

async function obey(order: RelayOrder): Promise<void> {
  switch (order.do) {
    case 'open':
      return open(order)
    case 'write':
      return write(order)
    case 'close':
      must(await context!.writeTrailer(), 'trailer')
      await context!.closeOutput()
      return way!.emptied()
    default:
      order satisfies never
  }
}

async function open({ to, streams }: RelayOrder & { do: 'open' }): Promise<void> {
  way = await tunnel(to, openOutgoing())
  await loadAv(process.argv[2]!)
  from = streams
  context = new av.FormatContext()
  must(context.allocOutputContext2(null, 'flv', way.url), 'flv')
  for (const { codecType, codecId, settings, extradata, timeBase } of streams) {
    const stream = context.newStream()
    Object.assign(stream.codecpar, { codecType, codecId, ...settings, ...(extradata && { extradata }), codecTag: 0 })
    stream.timeBase = new av.Rational(timeBase.num, timeBase.den)
  }
  must(context.setOption('flvflags', 'no_duration_filesize'), 'flvflags')
  must(await context.openOutput(), 'connection')
  must(await context.writeHeader(), 'header')
}

async function write({ stream, data, pts, dts, isKey }: RelayOrder & { do: 'write' }): Promise<void> {
  const packet = made(av.Packet)
  Object.assign(packet, { data, pts, dts, isKeyframe: isKey, streamIndex: stream })
  packet.rescaleTs(from[stream]!.timeBase, context!.streams[stream]!.timeBase)
  must(await context!.interleavedWriteFrame(packet), 'write')
  packet.free()
}

const answer = (said: RelayAnswer, then = () => {}) => void (process.connected ? process.send!(said, then) : then())
process.on('message', (order: RelayOrder) => {
  obey(order).then(
    () => answer(true),
    (error: Error) => answer(error.message, () => process.exit(1)),
  )
})
process.on('disconnect', () => process.exit(0))
