import { fail, Refusal } from '../errors.ts'

/** What travels between processes. `seq` is the number of a fact in its topic; null for a signal. */
export interface Event {
  topic: string
  name: string
  payload: unknown
  seq: number | null
}

export type Answering = (operation: string, input: unknown) => Promise<unknown>

/**
 * Carries events and calls between processes. It may lose what it carries and never throws at a publisher: facts are
 * committed already and a lost one shows as a gap; a lost call is `unavailable` after its time.
 */
export interface Bus {
  /** Sends in the order of the calls, per topic. */
  publish(event: Event): void
  /** Hears one topic. A process is only sent topics that somebody in it listens to. */
  subscribe(topic: string, listener: (event: Event) => void): () => void
  /** Asks the service at an address, such as `sfu:<node>`. Rejects with `unavailable` when nobody answers in time. */
  call(address: string, operation: string, input: unknown, timeoutMs?: number): Promise<unknown>
  /** Answers calls to an address, until the returned function is called. */
  answer(address: string, handler: Answering): () => void
  isUp(): boolean
  close(): Promise<void>
}

export interface BusOptions {
  /** Told what an answering handler threw that was no refusal; the caller gets `internal` and this reference. */
  onBug?: (error: unknown, operation: string, ref: string) => void
}

export const callLimits = { timeoutMs: 5_000 }

/** Runs a handler as a service behind a wire would: what it throws reaches the caller as a refusal. */
export async function safely(handler: Answering, operation: string, input: unknown, onBug: BusOptions['onBug']): Promise<unknown> {
  try {
    return await handler(operation, input)
  } catch (error) {
    if (error instanceof Refusal) throw error
    const ref = crypto.randomUUID()
    onBug?.(error, operation, ref)
    throw fail('internal', 'internal', { ref })
  }
}

/** `unavailable` when nothing came in time. */
export async function inTime<T>(asking: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(fail('unavailable', 'unavailable')), timeoutMs)
  try {
    return await Promise.race([asking, late])
  } finally {
    clearTimeout(timer)
  }
}

/** As it would arrive in another process. */
export const copied = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))
