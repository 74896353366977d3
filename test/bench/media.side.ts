// One side of the benchmark of media, in a process of its own: a meeting made by our code, or by mediasoup alone. Orders come
// over IPC. Transports are plain ones, so that who sends and receives need not be a browser; all else is as in a meeting.
import { createWorker, type types } from 'mediasoup'
import { jsonLog, memoryBus, newId } from '@atrium/platform'
import type { AccountId, MeetingId, ParticipantId, RoomId, SessionId, Source } from '@atrium/protocol'
import { mediaCodecs } from '@atrium/sfu/codecs'
import type { Peer } from '@atrium/sfu/peer'
import { Room, type MakeTransport } from '@atrium/sfu/room'
import { Workers } from '@atrium/sfu/workers'
import { streamsOf } from './media.streams.ts'

export interface Shape {
  senders: number
  receivers: number
}
export type Order = { order: 'open'; side: 'ours' | 'alone'; program: string; shape: Shape; sinkPort: number } | { order: 'count' }
/** Where each sender's packets go. */
export type Answer = { ports: number[] } | { packets: number }

const codecs = {
  video: [{ mimeType: 'video/VP8', payloadType: 101, clockRate: 90_000 }],
  audio: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48_000, channels: 2 }],
}
const levels = [{ uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level' as const, id: 10 }]
const parametersOf = (sender: number, source: Source): types.RtpParameters =>
  source === 'camera'
    ? { codecs: codecs.video, encodings: streamsOf(sender).video.map((ssrc) => ({ ssrc })), rtcp: { cname: `s${sender}` } }
    : { codecs: codecs.audio, encodings: [{ ssrc: streamsOf(sender).audio }], headerExtensions: levels, rtcp: { cname: `s${sender}` } }
const rtpCapabilities: types.RtpCapabilities = {
  codecs: [
    { kind: 'video', mimeType: 'video/VP8', preferredPayloadType: 101, clockRate: 90_000 },
    { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: 100, clockRate: 48_000, channels: 2 },
  ],
}
const large = { width: 1280, height: 720 }
const small = { width: 320, height: 180 }
/** Somebody else takes the word, and every page looks how well it goes. */
const everyMs = { wants: 5_000, quality: 8_000 }

const receiving: types.Transport[] = []

async function plain(router: types.Router, port: number): Promise<types.PlainTransport> {
  return router.createPlainTransport({ listenInfo: { protocol: 'udp', ip: '127.0.0.1' }, rtcpMux: true, comedia: port === 0 })
}

/** As the services do it: rooms, peers in turn, who speaks, tiles that grow and shrink, figures of quality, signals on the bus. */
async function ours(program: string, { senders, receivers }: Shape, sinkPort: number): Promise<number[]> {
  const workers = new Workers({ program, max: 1, listening: [{ ip: '127.0.0.1' }], firstPort: 0, log: jsonLog('silent') })
  const bus = memoryBus()
  const meetingId = newId() as MeetingId
  bus.subscribe(`meeting:${meetingId}`, () => undefined)
  const say = (name: string, payload: unknown) => bus.publish({ topic: `meeting:${meetingId}`, name, payload, seq: null })
  // The first of each pair sends, the second receives; ICE and DTLS are what a plain one lacks.
  let made = 0
  const transports: types.PlainTransport[] = []
  const makeTransport: MakeTransport = async (router) => {
    const isReceiving = made++ % 2 === 1
    const transport = await plain(router, isReceiving ? sinkPort : 0)
    if (isReceiving) await transport.connect({ ip: '127.0.0.1', port: sinkPort })
    transports.push(transport)
    return transport as unknown as types.WebRtcTransport
  }
  const events = {
    changing: (state: object) => say('media.changing', state),
    speaking: (speakers: object) => say('media.speaking', speakers),
    counted: () => undefined,
    lost: () => undefined,
  }
  const room = await Room.open(meetingId, await workers.take(), events, makeTransport)
  const peers: Peer[] = []
  for (let n = 0; n < Math.max(senders, receivers); n++) {
    const who = {
      participantId: newId() as ParticipantId,
      accountId: newId() as AccountId,
      sessionId: newId() as SessionId,
      roomId: newId() as RoomId,
    }
    const peer = await room.enter({ ...who, may: ['audio', 'video', 'screen'], asOf: 0 })
    peer.receiving.capable(rtpCapabilities as never)
    peers.push(peer)
    if (n >= senders) continue
    for (const source of ['camera', 'microphone'] as const)
      await peer.produce(newId(), { transportId: peer.send.id, source, rtpParameters: parametersOf(n, source) as never, isPaused: false })
  }
  // Half of the tiles are large at any time, and which half changes: the baseline's stay as they are.
  let turn = 0
  for (const [n, peer] of peers.slice(-receivers).entries()) {
    receiving.push(peer.receive)
    const consumers = await peer.receiving.consume(room.state.producers.map(({ id }) => id))
    const wants = () => {
      const shown = (at: number) => ((n + at + turn) % 2 === 0 ? large : small)
      return peer.inTurn(() => peer.receiving.wants(consumers.map(({ id }, at) => ({ id, isPaused: false, ...shown(at >> 1) }))))
    }
    await wants()
    setInterval(() => void wants(), everyMs.wants)
    setInterval(() => void peer.quality(), everyMs.quality)
  }
  setInterval(() => turn++, everyMs.wants)
  setInterval(() => say('media.changing', { version: room.version, state: null }), 2_000)
  return transports
    .filter((_transport, n) => n % 2 === 0)
    .slice(0, senders)
    .map(({ tuple }) => tuple.localPort)
}

/** The least that carries the same: nobody is told anything, and nothing ever changes. */
async function alone(program: string, { senders, receivers }: Shape, sinkPort: number): Promise<number[]> {
  const worker = await createWorker({ workerBin: program })
  const router = await worker.createRouter({ mediaCodecs })
  const from: types.PlainTransport[] = []
  const producers: [sender: number, producer: types.Producer][] = []
  for (let n = 0; n < senders; n++) {
    const transport = await plain(router, 0)
    from.push(transport)
    producers.push([n, await transport.produce({ kind: 'video', rtpParameters: parametersOf(n, 'camera') })])
    producers.push([n, await transport.produce({ kind: 'audio', rtpParameters: parametersOf(n, 'microphone') })])
  }
  const first = Math.max(senders, receivers) - receivers
  for (let n = first; n < first + receivers; n++) {
    const transport = await plain(router, sinkPort)
    await transport.connect({ ip: '127.0.0.1', port: sinkPort })
    receiving.push(transport)
    const others = producers.filter(([sender]) => sender !== n)
    for (const [at, [, { id, kind }]] of others.entries()) {
      const consumer = await transport.consume({ producerId: id, rtpCapabilities })
      if (kind === 'video') await consumer.setPreferredLayers({ spatialLayer: (n + (at >> 1)) % 2 === 0 ? 2 : 0 })
    }
  }
  return from.map(({ tuple }) => tuple.localPort)
}

/** Packets that were sent on, to all. */
async function count(): Promise<number> {
  const consumers = receiving.flatMap((transport) => [
    ...(transport as unknown as { consumers: Map<string, types.Consumer> }).consumers.values(),
  ])
  const stats = await Promise.all(consumers.map((consumer) => consumer.getStats()))
  return stats.flat().reduce((sum, stat) => sum + (stat.type === 'outbound-rtp' ? stat.packetCount : 0), 0)
}

if (process.send)
  process.on('message', async (order: Order) => {
    if (order.order === 'count') return process.send!({ packets: await count() } satisfies Answer)
    const open = order.side === 'ours' ? ours : alone
    process.send!({ ports: await open(order.program, order.shape, order.sinkPort) } satisfies Answer)
  })
