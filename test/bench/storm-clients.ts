// Two thousand clients that come back at once. Each follows its topics by arithmetic, as a browser would: with the
// handshake it says what it watches and where that stood, and counts what it is told that it missed.
import { WebSocket } from 'ws'
import { protocolVersion, type Delta, type Position } from '@atrium/protocol'

export type StormOrder =
  | { order: 'connect'; url: string; kind: 'hub' | 'bare'; clients: { cookie: string; topics: string[] }[]; epoch: string }
  | { order: 'drop' }
  /** All at once. `newest`: where each topic stands now, for the check that nobody misses or doubles anything. */
  | { order: 'return'; newest: Record<string, number> }
export type StormAnswer = { answer: 'connected' } | { answer: 'dropped' } | { answer: 'level'; ms: number; lost: number; twice: number }

let url = ''
let kind: 'hub' | 'bare' = 'hub'
let epoch = ''
let clients: { cookie: string; topics: string[]; last: Map<string, number>; socket: WebSocket | undefined }[] = []

process.on('message', async (order: StormOrder) => {
  if (order.order === 'connect') {
    ;({ url, kind, epoch } = order)
    clients = order.clients.map((client) => ({ ...client, last: new Map(), socket: undefined }))
    const waiting = [...clients]
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (let next = waiting.pop(); next; next = waiting.pop()) await arrive(next, true)
      }),
    )
    process.send!({ answer: 'connected' } satisfies StormAnswer)
  } else if (order.order === 'drop') {
    for (const client of clients) client.socket?.terminate()
    process.send!({ answer: 'dropped' } satisfies StormAnswer)
  } else {
    const begun = performance.now()
    const counts = await Promise.all(clients.map((client) => arrive(client, false)))
    const ms = performance.now() - begun
    const lost = clients.flatMap(({ last, topics }) =>
      (kind === 'hub' ? topics : []).filter((topic) => (last.get(topic) ?? 0) < (order.newest[topic] ?? 0)),
    ).length
    process.send!({ answer: 'level', ms, lost, twice: counts.reduce((sum, twice) => sum + twice, 0) } satisfies StormAnswer)
  }
})

/** Resolves when the client knows all there is, to how many facts reached it twice. */
async function arrive(client: (typeof clients)[number], isFirst: boolean): Promise<number> {
  const { promise: level, resolve, reject } = Promise.withResolvers<void>()
  const address = kind === 'hub' ? `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket` : url.replace('http', 'ws')
  const socket = new WebSocket(address, { headers: { cookie: client.cookie, origin: url }, perMessageDeflate: false })
  client.socket = socket
  let twice = 0
  socket.on('error', (error) => reject(error))
  if (kind === 'bare') {
    socket.on('open', () => socket.send(String(1 + Math.floor(Math.random() * 1_000))))
    socket.on('message', () => resolve())
    await level
    return 0
  }
  socket.on('message', (data: Buffer) => {
    const text = data.toString()
    if (text === '2') socket.send('3')
    else if (text.startsWith('0')) {
      const positions = client.topics.map((topic) => ({ topic, seq: client.last.get(topic) ?? 0 }))
      const watch = { topics: client.topics, ...(isFirst ? {} : { since: { epoch, positions } }) }
      socket.send(`40${JSON.stringify({ protocol: protocolVersion, watch })}`)
    } else if (text.startsWith('44')) reject(new Error(text))
    else if (text.startsWith('42["sync.watched"')) {
      const [, reply] = JSON.parse(text.slice(2)) as [string, { ok: boolean; data: { watching: Position[]; missed: Delta[] } }]
      if (!reply.ok) return reject(new Error(text))
      if (isFirst) for (const { topic, seq } of reply.data.watching) client.last.set(topic, seq)
      for (const delta of reply.data.missed) {
        if (delta.kind !== 'delta') return reject(new Error(`${delta.topic}: ${delta.kind}`))
        for (const { at } of delta.facts) {
          if (at.seq <= (client.last.get(at.topic) ?? 0)) twice++
          else client.last.set(at.topic, at.seq)
        }
      }
      resolve()
    }
  })
  await level
  return twice
}
