import { createSocket } from 'node:dgram'
import { loopSeconds, picturesPerSecond, type Media } from './media.ts'

const mostPayload = 1_150
const nowMs = () => performance.timeOrigin + performance.now()

interface Stream {
  ssrc: number
  payloadType: number
  clock: number
  seq: number
  zero: number
  packets: number
  bytes: number
}
const stream = (ssrc: number, payloadType: number, clock: number): Stream => ({
  ...{ ssrc, payloadType, clock, packets: 0, bytes: 0 },
  seq: Math.floor(Math.random() * 65_536),
  zero: Math.floor(Math.random() * 2 ** 31),
})

export const payloadTypes = { video: 101, audio: 100 }

/**
 * Sends generated media as a browser would, packets and reports, to a plain transport. Everybody's media begins at `zeroMs`,
 * so that all pictures and tones of one moment belong together. Pictures come late by up to `jitterMs`.
 */
export function sender(options: {
  port: number
  media: Media
  ssrcs: { video: number; audio: number }
  zeroMs: number
  jitterMs?: number
}) {
  const { port, media, ssrcs, zeroMs, jitterMs = 0 } = options
  const socket = createSocket('udp4')
  socket.on('error', () => undefined)
  const video = stream(ssrcs.video, payloadTypes.video, 90_000)
  const audio = stream(ssrcs.audio, payloadTypes.audio, 48_000)
  const is = { video: true, audio: true }
  let isSending = true
  let picture = 0

  function send(to: Stream, payload: Buffer, ms: number, isLast: boolean): void {
    const head = Buffer.alloc(12)
    head[0] = 0x80
    head[1] = to.payloadType | (isLast ? 0x80 : 0)
    head.writeUInt16BE(to.seq++ & 65_535, 2)
    head.writeUInt32BE((to.zero + Math.round((ms * to.clock) / 1_000)) >>> 0, 4)
    head.writeUInt32BE(to.ssrc, 8)
    to.packets++
    to.bytes += payload.length
    raw(Buffer.concat([head, payload]))
  }
  function raw(packet: Buffer): void {
    if (isSending) socket.send(packet, port, '127.0.0.1')
  }
  /** As RFC 7741 has it, with a picture's number of 15 bits. */
  function show(data: Buffer, ms: number): void {
    picture = (picture + 1) & 0x7fff
    for (let at = 0; at < data.length; at += mostPayload) {
      const descriptor = Buffer.from([at === 0 ? 0x90 : 0x80, 0x80, 0x80 | (picture >> 8), picture & 255])
      send(video, Buffer.concat([descriptor, data.subarray(at, at + mostPayload)]), ms, at + mostPayload >= data.length)
    }
  }
  function report(of: Stream, ms: number): void {
    const packet = Buffer.alloc(28)
    packet.set([0x80, 200, 0, 6])
    packet.writeUInt32BE(of.ssrc, 4)
    const seconds = (zeroMs + ms) / 1_000
    packet.writeUInt32BE((Math.floor(seconds) + 2_208_988_800) >>> 0, 8)
    packet.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32) >>> 0, 12)
    packet.writeUInt32BE((of.zero + Math.round((ms * of.clock) / 1_000)) >>> 0, 16)
    packet.writeUInt32BE(of.packets, 20)
    packet.writeUInt32BE(of.bytes, 24)
    raw(packet)
  }
  /** Everything since the beginning, at its time: a timer that comes late catches up. */
  function steadily(everyMs: number, act: (n: number, ms: number) => void): NodeJS.Timeout {
    let n = Math.max(0, Math.ceil((nowMs() - zeroMs) / everyMs))
    return setInterval(() => {
      for (; zeroMs + n * everyMs <= nowMs(); n++) act(n, n * everyMs)
    }, 4)
  }
  const timers = [
    steadily(1_000 / picturesPerSecond, (n, ms) => {
      const data = media.pictures[n % (loopSeconds * picturesPerSecond)]!
      if (!is.video) return
      if (jitterMs > 0) setTimeout(() => show(data, ms), jitterMs * (0.5 + Math.random() / 2))
      else show(data, ms)
    }),
    steadily(20, (n, ms) => is.audio && send(audio, media.sounds[n % (loopSeconds * 50)]!, ms, false)),
    steadily(1_000, (_n, ms) => [is.video && report(video, ms), is.audio && report(audio, ms)]),
  ]
  return {
    is,
    raw,
    /** A picture of one's own making, in the sequence of the others. */
    show: (data: Buffer) => show(data, nowMs() - zeroMs),
    stop() {
      isSending = false
      for (const timer of timers) clearInterval(timer)
      socket.close()
    },
  }
}
export type Sender = ReturnType<typeof sender>
