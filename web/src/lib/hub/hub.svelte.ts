import { createContext } from 'svelte'
import { client, type Client, type Status } from './client.ts'
import { feed, type Feed } from './feed.ts'
import { newId } from './ids.ts'
import { socketTransport, type Transport } from './transport.ts'

/** One connection to the hub: asking, being told, and how it stands. */
export interface HubConnection {
  /** Reactive. */
  readonly status: Status
  readonly call: Client['call']
  readonly nudge: Client['nudge']
  readonly feed: Feed
  newId(): string
  stop(): void
}

/** Counts up when an old page could not live with a new hub; the same number as `protocolVersion`, which brings zod with it. */
const protocol = 1
const sleepCheckMs = 15_000
/** Hidden pages are woken once a minute at worst: a longer pause was sleep. */
const sleptMs = 80_000

export function openHub(accountId: string, transport: Transport = socketTransport(protocol)): HubConnection {
  let status = $state.raw<Status>({ kind: 'connecting' })
  const facts: Feed = feed({
    ownTopic: `account:${accountId}`,
    watch: (topics, isWanted) => connection.call('sync.watch', { topics }, isWanted),
    since: (epoch, positions) => connection.call('sync.since', { epoch, positions }),
  })
  const connection = client({
    transport,
    now: Date.now,
    random: Math.random,
    welcome: { back: facts.back, heard: facts.heard, changed: (next) => void (status = next) },
  })
  const stopListening = onWaking(connection.wake)
  connection.start()

  return {
    get status() {
      return status
    },
    call: connection.call,
    nudge: connection.nudge,
    feed: facts,
    newId: () => newId(),
    stop() {
      stopListening()
      connection.stop()
    },
  }
}

/** The network is back, the page is looked at again, or the clock jumped: the laptop slept. */
function onWaking(wake: () => void): () => void {
  const off = new AbortController()
  const when = { signal: off.signal }
  addEventListener('online', wake, when)
  addEventListener('pageshow', (event) => event.persisted && wake(), when)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && wake(), when)
  document.addEventListener('resume', wake, when)
  let seenAt = Date.now()
  const clock = setInterval(() => {
    const now = Date.now()
    if (now - seenAt > sleptMs) wake()
    seenAt = now
  }, sleepCheckMs)
  off.signal.addEventListener('abort', () => clearInterval(clock))
  return () => off.abort()
}

export const [getHub, setHub] = createContext<HubConnection>()
