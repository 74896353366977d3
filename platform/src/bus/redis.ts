import { createClient } from 'redis'
import { fail, Refusal } from '../errors.ts'
import type { Log } from '../log.ts'
import { currentRequest, inRequest } from '../request.ts'
import { callLimits, copied, inTime, safely, type Answering, type Bus, type BusOptions, type Event } from './index.ts'

export interface RedisOptions extends BusOptions {
  url: string
  log: Log
  /** How long a topic stays subscribed after its last listener went: a page that is loaded again asks for the same ones. */
  lingerMs?: number
  /** How often the connections are tried; one that stays silent three times as long is replaced. */
  heartbeatMs?: number
}

/** What waits for a Redis that is connected but does not read. More is dropped, as on any bad day. */
const maxQueued = 10_000

type Request = { id: string; replyTo: string; operation: string; input: unknown; ref: string | undefined }
type Answer = { id: string; ok: true; data: unknown } | { id: string; ok: false; failure: Refusal['failure'] }

/**
 * The bus of several processes. One channel per topic, subscribed while somebody here listens; calls are a request to
 * the channel of an address and an answer to a channel of this process.
 *
 * While Redis is away events reach listeners in this process only and calls reach services in it; nothing waits.
 */
export function redisBus({ url, log, onBug, lingerMs = 30_000, heartbeatMs = 1_000 }: RedisOptions): Bus {
  const origin = crypto.randomUUID()
  const replies = `atrium:reply:${origin}`
  const topics = new Map<string, Set<(event: Event) => void>>()
  const lingering = new Map<string, NodeJS.Timeout>()
  const answering = new Map<string, Answering>()
  const waiting = new Map<string, PromiseWithResolvers<unknown>>()
  const wanted = new Set<string>([replies])
  let [speaking, hearing] = [connect(), connect()]
  let heardAt = -Infinity
  let wasUp = false

  function connect() {
    const client = createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: maxQueued,
      socket: { connectTimeout: 2_000, reconnectStrategy: (attempt) => Math.min(50 * 2 ** attempt, 500) },
    })
    client.on('error', () => {}) // Without a listener it would end the process. `look` says when the bus went and came.
    client.on('ready', () => {
      if (client === hearing) void client.subscribe([...wanted], receive).catch(() => {})
      void look()
    })
    client.connect().catch(() => {})
    return client
  }

  /** Redis answers both connections, or has done so a moment ago. */
  const isUp = () => speaking.isReady && hearing.isReady && performance.now() - heardAt < 3 * heartbeatMs

  async function look() {
    const asked = [speaking, hearing]
    if (asked.every((client) => client.isReady)) {
      const began = performance.now()
      await inTime(Promise.all(asked.map((client) => client.ping())), 3 * heartbeatMs)
        .then(() => (heardAt = Math.max(heardAt, began)))
        .catch(() => {
          // A connection whose other end is gone without a word would be believed for minutes.
          if (asked[0] === speaking && !isClosed) replace()
        })
    }
    if (isUp() === wasUp || isClosed) return
    wasUp = isUp()
    if (wasUp) log.info({ operation: 'bus' }, 'Redis answers.')
    else log.warn({ operation: 'bus' }, 'Redis does not answer. What happens here is still heard here.')
  }

  function replace() {
    for (const client of [speaking, hearing]) client.destroy()
    ;[speaking, hearing] = [connect(), connect()]
  }

  let isClosed = false
  const heartbeat = setInterval(() => void look(), heartbeatMs)

  function send(channel: string, message: string): Promise<number> {
    return isUp() ? speaking.publish(channel, message).catch(() => 0) : Promise.resolve(0)
  }

  function want(channel: string) {
    wanted.add(channel)
    if (hearing.isReady) hearing.subscribe(channel, receive).catch(() => {})
  }

  function leave(channel: string) {
    wanted.delete(channel)
    if (hearing.isReady) hearing.unsubscribe(channel, receive).catch(() => {})
  }

  function receive(message: string, channel: string) {
    if (channel === replies) return settle(JSON.parse(message) as Answer)
    if (channel.startsWith(addressPrefix)) return void respond(channel.slice(addressPrefix.length), JSON.parse(message) as Request)
    // Our own were delivered when they were published.
    if (!message.startsWith(origin)) deliver(channel.slice(topicPrefix.length), message.slice(origin.length))
  }

  function deliver(topic: string, text: string) {
    const listeners = topics.get(topic)
    // Later and one by one: a listener's mistake is its own crash, not that of a publisher or of another listener.
    for (const listener of listeners ?? []) queueMicrotask(() => listeners!.has(listener) && listener(JSON.parse(text) as Event))
  }

  async function respond(address: string, { id, replyTo, operation, input, ref }: Request) {
    const handler = answering.get(address)
    if (!handler) return
    const run = () => safely(handler, operation, input, onBug)
    const answer: Answer = await (ref === undefined ? run() : inRequest({ id: ref }, run)).then(
      (data) => ({ id, ok: true, data }),
      (refusal: Refusal) => ({ id, ok: false, failure: refusal.failure }),
    )
    await send(replyTo, JSON.stringify(answer))
  }

  function settle(answer: Answer) {
    const asking = waiting.get(answer.id)
    if (answer.ok) asking?.resolve(answer.data)
    else asking?.reject(new Refusal(answer.failure))
  }

  return {
    publish(event) {
      const text = JSON.stringify(event)
      deliver(event.topic, text)
      void send(topicPrefix + event.topic, origin + text)
    },
    subscribe(topic, listener) {
      clearTimeout(lingering.get(topic))
      lingering.delete(topic)
      const listeners = topics.get(topic) ?? new Set()
      topics.set(topic, listeners.add(listener))
      if (!wanted.has(topicPrefix + topic)) want(topicPrefix + topic)
      return () => {
        if (!listeners.delete(listener) || listeners.size > 0 || isClosed) return
        const forget = () => {
          topics.delete(topic)
          lingering.delete(topic)
          leave(topicPrefix + topic)
        }
        lingering.set(topic, setTimeout(forget, lingerMs).unref())
      }
    },
    async call(address, operation, input, timeoutMs = callLimits.timeoutMs) {
      const here = answering.get(address)
      if (here) return copied(await inTime(safely(here, operation, copied(input), onBug), timeoutMs))
      const id = crypto.randomUUID()
      const asking = Promise.withResolvers<unknown>()
      waiting.set(id, asking)
      asking.promise.catch(() => {}) // Settled by `close` or an answer that comes late, it may have no reader.
      try {
        const request: Request = { id, replyTo: replies, operation, input, ref: currentRequest()?.id }
        const heardBy = await inTime(send(addressPrefix + address, JSON.stringify(request)), timeoutMs)
        if (heardBy === 0) throw fail('unavailable', 'unavailable')
        return await inTime(asking.promise, timeoutMs)
      } finally {
        waiting.delete(id)
      }
    },
    answer(address, handler) {
      answering.set(address, handler)
      want(addressPrefix + address)
      return () => {
        if (answering.get(address) !== handler) return
        answering.delete(address)
        leave(addressPrefix + address)
      }
    },
    isUp,
    async close() {
      isClosed = true
      clearInterval(heartbeat)
      for (const timer of lingering.values()) clearTimeout(timer)
      for (const asking of waiting.values()) asking.reject(fail('unavailable', 'unavailable'))
      topics.clear()
      answering.clear()
      for (const client of [speaking, hearing]) client.destroy()
    },
  }
}

const topicPrefix = 'atrium:topic:'
const addressPrefix = 'atrium:call:'
