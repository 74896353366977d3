// People who write in documents, in a process of their own: they measure what the others see, and when.
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { WebSocket } from 'ws'
import { Doc } from 'yjs'

export type Order =
  | { order: 'connect'; url: string; origin: string; documents: { name: string; tokens: string[] }[] }
  | { order: 'write'; perSecond: number; ms: number }
export interface Answer {
  /** From a key press to the others' screens. */
  seenMs: number[]
  /** From a key press until it is called saved. */
  savedMs: number[]
  updates: number
}

interface Writer {
  doc: Doc
  provider: HocuspocusProvider
  typedAt: number[]
}
const writers: Writer[] = []
let seenMs: number[] = []
let savedMs: number[] = []
let updates = 0

async function connect(url: string, origin: string, name: string, token: string): Promise<Writer> {
  class Socket extends WebSocket {
    constructor(address: string) {
      super(address, { origin, perMessageDeflate: false })
    }
  }
  const doc = new Doc()
  const websocketProvider = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: Socket })
  const provider = new HocuspocusProvider({ websocketProvider, name, document: doc, token })
  const writer: Writer = { doc, provider, typedAt: [] }
  const { promise, resolve } = Promise.withResolvers<void>()
  provider.on('synced', () => resolve())
  provider.attach()
  await promise
  doc.getText('t').observe((event) => {
    if (event.transaction.local) return
    const now = performance.now()
    for (const { insert } of event.delta)
      if (typeof insert === 'string') for (const at of insert.match(/[\d.]+(?=;)/g) ?? []) seenMs.push(now - Number(at))
  })
  provider.on('unsyncedChanges', ({ number }: { number: number }) => {
    const now = performance.now()
    while (writer.typedAt.length > number) savedMs.push(now - writer.typedAt.shift()!)
  })
  return writer
}

function type({ doc, typedAt }: Writer): void {
  const now = performance.now()
  typedAt.push(now)
  updates++
  doc.getText('t').insert(0, `${now.toFixed(2)};`)
}

async function obey(order: Order): Promise<Partial<Answer>> {
  if (order.order === 'connect') {
    for (const { name, tokens } of order.documents)
      writers.push(...(await Promise.all(tokens.map((token) => connect(order.url, order.origin, name, token)))))
    return {}
  }
  seenMs = []
  savedMs = []
  updates = 0
  const everyMs = 1_000 / order.perSecond
  const timers = writers.map((writer, n) =>
    setTimeout(() => timers.push(setInterval(() => type(writer), everyMs)), (n / writers.length) * everyMs),
  )
  await new Promise((resolve) => setTimeout(resolve, order.ms))
  for (const timer of timers) clearInterval(timer)
  await new Promise((resolve) => setTimeout(resolve, 500))
  return { seenMs, savedMs, updates }
}

process.on('message', (order: Order) => void obey(order).then((answer) => process.send!(answer)))
process.on('SIGTERM', () => process.exit(0))
