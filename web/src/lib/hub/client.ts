import type { Draft, Ending, Failure, Hub, Input, NudgeName, OperationName, Output, Payload, Reply } from '@atrium/protocol'
import type { Transport } from './transport.ts'

/** As the hub said, or found here: the cookie is another account's by now. */
export type Outcome = Ending | 'someone_else'
/** How the connection stands, for people to see. Times are milliseconds since 1970. */
export type Status =
  { kind: 'connecting' } | { kind: 'online' } | { kind: 'reconnecting'; since: number } | { kind: 'ended'; ending: Outcome }

type HubReply<K extends OperationName<Hub>> = Reply<Output<Hub, K>>
export interface Client {
  readonly status: Status
  /**
   * Asks until the hub accepts or refuses: a lost answer, a broken connection, `unavailable` and `rate_limited` are tried
   * again with the very same input, and so with the same `clientId`. Resolves with a refusal when the session has ended, and
   * when the answer `isWanted` no more.
   */
  call<K extends OperationName<Hub>>(name: K, draft: Draft<Hub, K>, isWanted?: () => boolean): Promise<HubReply<K>>
  /** Says something momentary. Dropped when nobody can hear it. */
  nudge<K extends NudgeName<Hub>>(name: K, input: Input<Hub, K>): void
  /** Something may have happened while nobody looked: the laptop slept, the network changed. Finds out at once. */
  wake(): void
  start(): void
  stop(): void
}

export interface Welcome {
  /** Called for each connection, the first too (a page may begin from what it remembers of somebody), and for a page that woke up. */
  back(): Return
  heard(name: string, payload: unknown, at: unknown): void
  changed(status: Status): void
}

/** Coming, or coming back: what to ask the hub of what is on screen, and whom to tell what came of it. */
export interface Return {
  /** Of `sync.watch`. */
  input: unknown
  /** Undefined: nobody answered. Says how it ended, if it did: the session is over, or somebody else's by now. */
  answered(reply?: Reply<unknown>): Outcome | undefined
}

export const ackMs = 10_000
const probeMs = 3_000
const firstRetryMs = 250
const longestRetryMs = 3_000

const final = new Set<Ending>(['signed_out', 'session_ended', 'password_changed', 'account_locked', 'account_deleted', 'client_too_old'])
const isFinal = (ending: Ending) => final.has(ending)
const tryAgain = new Set<string>(['unavailable', 'rate_limited'])
const unauthenticated: Failure = { code: 'unauthenticated', key: 'unauthenticated' }

export interface ClientDeps {
  transport: Transport
  welcome: Welcome
  now: () => number
  random: () => number
}

export function client({ transport, welcome, now, random }: ClientDeps): Client {
  let status: Status = { kind: 'connecting' }
  let wasOnline = false
  let isOpen = false
  let isOpening = false
  let isStopped = true
  let tries = 0
  let retry: ReturnType<typeof setTimeout> | undefined
  let aliveAt = 0
  /** Why the hub said it would cut us. A new cookie may still let us in again: the password was changed on this very page. */
  let lastWords: Ending | undefined
  let waiting: (() => void)[] = []
  /** What the handshake asked, until it is answered. */
  let back: Return | undefined

  function change(next: Status) {
    status = next
    if (next.kind === 'online' || next.kind === 'ended') {
      const released = waiting
      waiting = []
      for (const release of released) release()
    }
    welcome.changed(next)
  }

  function end(ending: Outcome) {
    isStopped = true
    clearTimeout(retry)
    transport.cut()
    change({ kind: 'ended', ending })
  }

  function open() {
    clearTimeout(retry)
    if (isStopped || isOpen || isOpening) return
    isOpening = true
    transport.open()
  }

  function openLater(afterMs: number) {
    clearTimeout(retry)
    if (!isStopped) retry = setTimeout(open, afterMs)
  }

  const pause = (attempt: number) => Math.min(longestRetryMs, firstRetryMs * 2 ** attempt) * (0.5 + random())

  function forsake() {
    back?.answered()
    back = undefined
  }

  function lost(retryAfterMs = 0) {
    forsake()
    isOpen = false
    isOpening = false
    if (isStopped) return
    if (status.kind !== 'reconnecting') change(wasOnline ? { kind: 'reconnecting', since: now() } : { kind: 'connecting' })
    openLater(lastWords ? 0 : Math.max(retryAfterMs, pause(tries++)))
  }

  transport.listen({
    greeting() {
      forsake()
      back = welcome.back()
      return back.input
    },
    async opened(answer) {
      isOpen = true
      isOpening = false
      aliveAt = now()
      lastWords = undefined
      const returning = back
      const reply = await answer.catch(() => undefined)
      // The connection broke meanwhile.
      if (!returning || back !== returning) return
      if (!reply || (!reply.ok && tryAgain.has(reply.error.code))) return transport.cut()
      back = undefined
      const outcome = returning.answered(reply)
      if (outcome) return end(outcome)
      tries = 0
      wasOnline = true
      change({ kind: 'online' })
    },
    closed: () => lost(),
    refused(reason) {
      if (reason && 'ending' in reason && isFinal(reason.ending)) return end(reason.ending)
      if (reason && 'error' in reason && reason.error.code === 'unauthenticated') return end(lastWords ?? 'session_ended')
      lost(reason && 'error' in reason ? reason.error.retryAfterMs : undefined)
    },
    alive: () => void (aliveAt = now()),
    heard(name, payload, at) {
      if (name !== 'hub.ending') return welcome.heard(name, payload, at)
      const { ending } = payload as Payload<Hub, 'hub.ending'>
      if (ending === 'client_too_old') return end(ending)
      if (isFinal(ending)) lastWords = ending
    },
  })

  const online = () =>
    new Promise<void>((resolve) => (status.kind === 'online' || status.kind === 'ended' ? resolve() : waiting.push(resolve)))
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

  return {
    get status() {
      return status
    },

    async call<K extends OperationName<Hub>>(name: K, draft: Draft<Hub, K>, isWanted = () => true) {
      for (let attempt = 0; ; attempt++) {
        // Whoever is online is heard at once, even if the page goes the next moment.
        if (status.kind !== 'online') await online()
        if (status.kind === 'ended') return { ok: false, error: unauthenticated }
        if (!isWanted()) return { ok: false, error: { code: 'unavailable', key: 'unavailable' } }
        const askedAt = now()
        let reply: Reply<unknown>
        try {
          reply = await transport.ask(name, draft, ackMs)
        } catch {
          // Ten seconds without an answer and without any other sign of life: the connection is dead and does not know it.
          if (isOpen && aliveAt <= askedAt) transport.cut()
          if (isOpen) await sleep(pause(attempt))
          continue
        }
        if (reply.ok || !tryAgain.has(reply.error.code)) return reply as HubReply<K>
        await sleep(Math.max(reply.error.retryAfterMs ?? 0, pause(attempt)))
      }
    },

    nudge(name, input) {
      if (status.kind === 'online') transport.tell(name, input)
    },

    wake() {
      if (isStopped) return
      if (!isOpen) {
        // An attempt begun before the sleep may hang on an address that is gone.
        if (isOpening) transport.cut()
        isOpening = false
        tries = 0
        return open()
      }
      if (status.kind !== 'online') return
      const askedAt = now()
      const probe = welcome.back()
      transport.ask('sync.watch', probe.input, probeMs).then(
        (reply) => {
          const outcome = probe.answered(reply)
          if (outcome) end(outcome)
        },
        () => {
          probe.answered()
          if (isOpen && aliveAt <= askedAt) transport.cut()
        },
      )
    },

    start() {
      isStopped = false
      open()
    },

    stop() {
      isStopped = true
      clearTimeout(retry)
      transport.cut()
    },
  }
}
