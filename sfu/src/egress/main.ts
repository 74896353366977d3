// One recorded or streamed meeting, one process: packets of sound and pictures in, one composed picture and one mixed sound
// out, to a file and to any number of servers. It is started by composer.ts and ends with the process that did.
import { createSocket } from 'node:dgram'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { loadAv } from './av.ts'
import { Canvas } from './canvas.ts'
import { Encoding, picturesPerSecond } from './encoding.ts'
import { fontsHere } from './fonts.ts'
import { Mix, rate } from './mix.ts'
import type { Order, Said, StreamState } from './orders.ts'
import { Output } from './output.ts'
import { isRtcp, senderReports } from './rtp.ts'
import { delayMs, Scene } from './scene.ts'
import { fileWriter, relayWriter } from './writers.ts'

const folder = process.argv[2]!
const tooLateMs = 500
const nowMs = () => performance.timeOrigin + performance.now()
const say = (message: Said) => void (process.connected && process.send!(message))

await loadAv(folder)
const orders: Order[] = []
const usual = join(folder, 'node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf')
const scene = new Scene(
  { usual, others: fontsHere() },
  {
    wantKey: (consumerId) => say({ is: 'key-wanted', consumerId }),
    shown: (sizes) => say({ is: 'shown', sizes }),
  },
)
const outputs = new Map<string, Output>()
const encoding = new Encoding((packet, stream) => {
  for (const output of outputs.values()) output.offer(packet, stream)
})

/** Reports only ever arrive late, so the earliest tells best how far the media node's clock is from ours. */
let aheadMs = Infinity
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
socket.on('message', (data) => {
  const at = nowMs()
  if (data.length < 12) return
  if (!isRtcp(data)) return scene.trackOf(data.readUInt32BE(8))?.push(data, at)
  for (const { ssrc, ms, rtpTime } of senderReports(data)) {
    const track = scene.trackOf(ssrc)
    if (!track) continue
    aheadMs = Math.min(aheadMs, at - ms)
    track.reported(rtpTime, ms + aheadMs)
  }
})
// The other end may be gone for a moment: what comes back says so, and it is no news.
socket.on('error', () => undefined)
socket.bind(0, '127.0.0.1', () => say({ is: 'listening', port: socket.address().port }))

process.on('message', (order: Order) => orders.push(order))
process.on('disconnect', () => orders.push({ do: 'stop' }))

let goesOn = true
async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case 'connect':
      return connect(order.port)
    case 'record':
      outputs.set(order.file, new Output(() => fileWriter(order.file, encoding.encoders), encoding.encoders))
      return
    case 'unrecord':
      return ended(order.file, () => say({ is: 'recorded', file: order.file }))
    case 'stream':
      return stream(order)
    case 'unstream':
      return ended(order.targetId)
    case 'stop':
      goesOn = false
      return
    default:
      await scene.obey(order, nowMs())
      if (order.do === 'track') say({ is: 'tracked', consumerId: order.consumerId })
  }
}

function ended(name: string, then = () => {}): void {
  const output = outputs.get(name)
  outputs.delete(name)
  void output?.end().then(then)
}

function connect(port: number): void {
  try {
    socket.disconnect()
  } catch {
    // It was not connected yet.
  }
  aheadMs = Infinity
  socket.connect(port, '127.0.0.1')
}

function stream({ targetId, to }: Order & { do: 'stream' }): void {
  if (outputs.has(targetId)) return
  const open = () => relayWriter(to, encoding.encoders, folder)
  const tell = (state: StreamState, why?: string) => say({ is: 'stream', targetId, state, ...(why !== undefined && { why }) })
  outputs.set(targetId, new Output(open, encoding.encoders, tell))
}

const canvas = new Canvas()
const mix = new Mix()
const startMs = nowMs()
const sampleAt = (ms: number) => ((ms + delayMs - startMs) * rate) / 1_000
const figures = { pictures: 0, skipped: 0 }
const figuring = setInterval(() => {
  const { user, system } = process.cpuUsage()
  say({ is: 'figures', figures: { ...figures, cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss() } })
}, 1_000)

for (let tick = 0; goesOn; tick++) {
  const dueMs = startMs + (tick * 1_000) / picturesPerSecond
  const earlyMs = dueMs - nowMs()
  if (earlyMs > 0) await pause(earlyMs)
  for (const order of orders.splice(0)) await obey(order)
  // Too slow a machine leaves pictures out; it never falls behind, and no sound is lost.
  const isShown = earlyMs > -tooLateMs
  await scene.advance(nowMs(), dueMs - delayMs + 500 / picturesPerSecond, mix, sampleAt)
  if (isShown) {
    await scene.paint(canvas)
    await encoding.picture(canvas.frame, tick)
  }
  await encoding.sound(mix, ((tick + 1) * rate) / picturesPerSecond)
  figures[isShown ? 'pictures' : 'skipped']++
}

clearInterval(figuring)
await encoding.flush()
await Promise.all([...outputs.values()].map((output) => output.end()))
socket.close()
// What FFmpeg still holds has no end of its own.
if (process.connected) process.send!({ is: 'done' } satisfies Said, () => process.exit(0))
else process.exit(0)
