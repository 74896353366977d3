import { createWorker, setLogEventListeners, type types } from 'mediasoup'
import type { Log } from '@atrium/platform'

/** Where a worker listens: for each address, what browsers are told instead, if that differs. */
export interface Listening {
  ip: string
  announcedAddress?: string
  /** Both are told. */
  exposeInternalIp?: boolean
}

/** One process of mediasoup's, and its one port. */
export interface MediaWorker {
  /** Its number among those of this node: the port is counted from it. */
  n: number
  worker: types.Worker
  server: types.WebRtcServer
  /** How many participants it serves. */
  peers: number
}

interface Needs {
  program: string
  max: number
  listening: readonly Listening[]
  /** Null: the usual ports where they are free. */
  firstPort: number | null
  log: Log
}

const usualPort = 40_000
const againMs = 500

/**
 * The media workers of this node, one for each core at most. The first runs from the start, so that nobody waits for it;
 * the others when there is a second meeting. One that dies is replaced when somebody needs it, the first at once.
 */
export class Workers {
  readonly #needs: Needs
  readonly #running = new Map<number, MediaWorker>()
  #starting: Promise<MediaWorker> | undefined
  #isStopped = false

  constructor(needs: Needs) {
    this.#needs = needs
    const { log } = needs
    setLogEventListeners({
      onwarn: (where, said) => log.warn({ operation: 'media', where }, said),
      onerror: (where, said, error) => log.error({ operation: 'media', where, error }, said),
    })
  }

  get running(): readonly MediaWorker[] {
    return [...this.#running.values()]
  }

  /** The worker for a new meeting: one without any, else a new one while there may be more, else the one with the fewest people. */
  async take(): Promise<MediaWorker> {
    const [least] = this.running.toSorted((a, b) => a.peers - b.peers)
    if (least && (least.peers === 0 || this.#running.size >= this.#needs.max)) return least
    return this.#begin()
  }

  /** One after the other: two at once would take the same number. */
  #begin(): Promise<MediaWorker> {
    return (this.#starting ??= this.#start().finally(() => (this.#starting = undefined)))
  }

  async #start(): Promise<MediaWorker> {
    const { program, log } = this.#needs
    const n = this.#freeNumber()
    const worker = await createWorker({ workerBin: program, logLevel: 'error' })
    try {
      const server = await this.#listen(worker, n)
      const media: MediaWorker = { n, worker, server, peers: 0 }
      this.#running.set(n, media)
      worker.once('died', (error) => this.#died(media, error))
      // mediasoup would end its workers on a signal, before anybody in a meeting was told where to go.
      for (const signal of ['SIGINT', 'SIGTERM'] as const)
        process.removeListener(signal, (worker as unknown as { onSignal: () => void }).onSignal)
      if (this.#isStopped) this.stop()
      return media
    } catch (error) {
      worker.close()
      log.error({ operation: 'media.worker', error }, 'A media worker cannot listen.')
      throw error
    }
  }

  async #listen(worker: types.Worker, n: number): Promise<types.WebRtcServer> {
    const { firstPort, listening } = this.#needs
    const at = (port: number) =>
      worker.createWebRtcServer({
        listenInfos: listening.flatMap((address) => (['udp', 'tcp'] as const).map((protocol) => ({ ...address, protocol, port }))),
      })
    if (firstPort !== null) return at(firstPort === 0 ? 0 : firstPort + n)
    // Nobody chose them: another hub on this machine may have the usual ones.
    return at(usualPort + n).catch(() => at(0))
  }

  #freeNumber(): number {
    for (let n = 0; ; n++) if (!this.#running.has(n)) return n
  }

  #died(media: MediaWorker, error: Error): void {
    this.#running.delete(media.n)
    if (this.#isStopped) return
    this.#needs.log.error({ operation: 'media.worker', error }, 'A media worker died; its meetings go on with another.')
    if (this.#running.size === 0) this.#keepOne()
  }

  #keepOne(): void {
    this.#begin().catch(() => !this.#isStopped && setTimeout(() => this.#running.size === 0 && this.#keepOne(), againMs))
  }

  stop(): void {
    this.#isStopped = true
    // What a worker says of the line that is cut now is nobody's concern.
    setLogEventListeners({})
    for (const { worker } of this.#running.values()) worker.close()
    this.#running.clear()
  }
}
