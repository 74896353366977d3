/** What travels between processes. `seq` is the number of a fact in its topic; null for a signal. */
export interface Event {
  topic: string
  name: string
  payload: unknown
  seq: number | null
}

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
  answer(address: string, handler: (operation: string, input: unknown) => Promise<unknown>): () => void
  isUp(): boolean
  close(): Promise<void>
}
