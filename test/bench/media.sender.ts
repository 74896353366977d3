// Sends to a media node what cameras and microphones would: `start` and `stop` come over IPC. Also takes what comes back.
import { createSocket } from 'node:dgram'
import { streamsOf } from './media.streams.ts'

export type Order = { order: 'sink' } | { order: 'start'; ports: number[] } | { order: 'stop' }
export type Answer = { port: number } | { done: true }

/** Packets of each picture, by size; 25 pictures and 50 pieces of sound a second. */
const packets = [1, 3, 9]
const tickMs = 20
const bytes = 1_100

const sink = createSocket('udp4')
sink.on('message', () => undefined)
const out = createSocket('udp4')
let timer: NodeJS.Timeout | undefined
const sequences = new Map<number, number>()
const counts = new Map<number, number>()

function rtp(ssrc: number, payloadType: number, timestamp: number, isLast: boolean, payload: Buffer, levels = false): Buffer {
  const head = Buffer.alloc(levels ? 20 : 12)
  head[0] = levels ? 0x90 : 0x80
  head[1] = payloadType | (isLast ? 0x80 : 0)
  const sequence = ((sequences.get(ssrc) ?? 0) + 1) & 0xffff
  sequences.set(ssrc, sequence)
  counts.set(ssrc, (counts.get(ssrc) ?? 0) + 1)
  head.writeUInt16BE(sequence, 2)
  head.writeUInt32BE(timestamp >>> 0, 4)
  head.writeUInt32BE(ssrc, 8)
  // One header extension: how loud it is, 20 dB below the loudest, and that it is a voice.
  if (levels) head.set([0xbe, 0xde, 0, 1, 0xa0, 0x80 | 20, 0, 0], 12)
  return Buffer.concat([head, payload])
}

/** The clock of a stream beside that of the world: without it no node changes from one size to another. */
function senderReport(ssrc: number, timestamp: number): Buffer {
  const report = Buffer.alloc(28)
  report[0] = 0x80
  report[1] = 200
  report.writeUInt16BE(6, 2)
  report.writeUInt32BE(ssrc, 4)
  const now = Date.now()
  report.writeUInt32BE((Math.floor(now / 1_000) + 2_208_988_800) >>> 0, 8)
  report.writeUInt32BE(Math.floor(((now % 1_000) / 1_000) * 2 ** 32) >>> 0, 12)
  report.writeUInt32BE(timestamp >>> 0, 16)
  report.writeUInt32BE((counts.get(ssrc) ?? 0) >>> 0, 20)
  return report
}

/** VP8's descriptor with a picture's number; each picture begins one that needs no other. */
function picturePart(picture: number, isFirst: boolean): Buffer {
  const payload = Buffer.alloc(bytes)
  payload.set([isFirst ? 0x90 : 0x80, 0x80, 0x80 | ((picture >> 8) & 0x7f), picture & 0xff, 0x00, 0x9d, 0x01, 0x2a])
  return payload
}

function start(ports: number[]): void {
  const begun = performance.now()
  let ticks = 0
  timer = setInterval(() => {
    // A timer that comes late has more to send.
    for (const due = Math.floor((performance.now() - begun) / tickMs); ticks < due; ticks++)
      for (const [sender, port] of ports.entries()) {
        const { video, audio } = streamsOf(sender)
        out.send(rtp(audio, 100, ticks * 960, false, Buffer.alloc(80), true), port, '127.0.0.1')
        if (ticks % 50 === 0)
          for (const ssrc of [...video, audio]) out.send(senderReport(ssrc, ticks * (ssrc === audio ? 960 : 1_800)), port, '127.0.0.1')
        if (ticks % 2 === 0)
          for (const [layer, ssrc] of video.entries())
            for (let n = 0; n < packets[layer]!; n++)
              out.send(rtp(ssrc, 101, ticks * 1_800, n === packets[layer]! - 1, picturePart(ticks / 2, n === 0)), port, '127.0.0.1')
      }
  }, 5)
}

process.on('message', (order: Order) => {
  if (order.order === 'sink') return void sink.bind(0, '127.0.0.1', () => process.send!({ port: sink.address().port } satisfies Answer))
  clearInterval(timer)
  if (order.order === 'start') start(order.ports)
  process.send!({ done: true } satisfies Answer)
})
