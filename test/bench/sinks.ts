// Many clients in one process that only count: `node sinks.ts`, orders come as JSON over IPC. Raw WebSockets that
// speak just enough Engine.IO and Socket.IO, so that what is measured is the server and not the client library.
import { WebSocket } from 'ws'
import { protocolVersion } from '@atrium/protocol'

export type Order =
  /** `kind: bare` speaks plain WebSocket to the baseline. Every client says hello with its cookie and watches its topics. */
  | { order: 'connect'; url: string; kind: 'hub' | 'bare'; clients: { cookie: string; topics: string[] }[]; atOnce: number }
  | { order: 'count' }
  | { order: 'drop' }
  | { order: 'close' }
export type Answer =
  | { answer: 'connected'; clients: number; ms: number }
  | { answer: 'count'; frames: number; bytes: number; outOfOrder: number; latenciesMs: number[] }
  | { answer: 'done' }

let sockets: WebSocket[] = []
let frames = 0
let bytes = 0
let outOfOrder = 0
let latenciesMs: number[] = []

process.on('message', async (order: Order) => {
  if (order.order === 'connect') {
    const begun = performance.now()
    const waiting = [...order.clients.entries()]
    await Promise.all(
      Array.from({ length: order.atOnce }, async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) sockets.push(await connect(order.url, order.kind, next[1], next[0]))
      }),
    )
    tell({ answer: 'connected', clients: sockets.length, ms: performance.now() - begun })
  } else if (order.order === 'count') {
    tell({ answer: 'count', frames, bytes, outOfOrder, latenciesMs })
    frames = bytes = outOfOrder = 0
    latenciesMs = []
  } else if (order.order === 'drop' || order.order === 'close') {
    for (const socket of sockets) socket.terminate()
    sockets = []
    tell({ answer: 'done' })
    if (order.order === 'close') process.disconnect()
  }
})

const tell = (answer: Answer) => process.send!(answer)

function connect(
  url: string,
  kind: 'hub' | 'bare',
  { cookie, topics }: { cookie: string; topics: string[] },
  index: number,
): Promise<WebSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>()
  const address = kind === 'hub' ? `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket` : url.replace('http', 'ws')
  const socket = new WebSocket(address, { headers: { cookie, origin: url }, perMessageDeflate: false })
  // One in a hundred looks inside: parsing everything would measure the client.
  const looks = index % 100 === 0
  let last = 0
  socket.on('error', reject)
  socket.on('open', () => kind === 'bare' && resolve(socket))
  socket.on('message', (data: Buffer) => {
    if (kind === 'hub' && data[0] !== 0x34)
      return void (data[0] === 0x32
        ? socket.send('3')
        : data[0] === 0x30 && socket.send(`40${JSON.stringify({ protocol: protocolVersion })}`))
    const text = looks || data.length < 400 || data[1] !== 0x32 ? data.toString() : ''
    if (kind === 'hub' && text.startsWith('40')) return socket.send(`420["sync.watch",${JSON.stringify({ topics })}]`)
    if (kind === 'hub' && text.startsWith('430')) return text.includes('"ok":true') ? resolve(socket) : reject(new Error(text))
    if (kind === 'hub' && text && !text.includes('chat.message.sent')) return
    frames++
    bytes += data.length
    if (!looks) return
    const { seq, sentAt } = numbersOf(text)
    if (seq <= last) outOfOrder++
    last = seq
    if (sentAt) latenciesMs.push(Date.now() - sentAt)
  })
  return promise
}

function numbersOf(text: string): { seq: number; sentAt: number } {
  return { seq: Number(/"seq":(\d+)/.exec(text)?.[1] ?? 0), sentAt: Number(/due (\d+)/.exec(text)?.[1] ?? 0) }
}
