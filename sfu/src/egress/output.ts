import { setTimeout as pause } from 'node:timers/promises'
import type { CodecContext, Packet } from './av.ts'
import type { StreamState } from './orders.ts'
import type { Writer } from './writers.ts'

interface Queued {
  packet: Packet
  stream: number
}
type Tell = (state: StreamState, why?: string) => void

/** Ten seconds of both. */
const mostQueued = 750
const firstWaitMs = 1_000
const longestWaitMs = 30_000
/** What went well for so long has its patience back. */
const healthyMs = 60_000

/**
 * One place a composed meeting goes to. It has a queue of its own, so that a slow or dead one holds up nobody. A stream that
 * fails is tried again after 1, 2, 4 … 30 s; a file that fails fails aloud, for a recording must not lie.
 */
export class Output {
  readonly done: Promise<void>
  readonly #open: () => Promise<Writer>
  readonly #encoders: readonly CodecContext[]
  readonly #tell: Tell | undefined
  readonly #ending = new AbortController()
  #queue: Queued[] = []
  /** In seconds of the meeting: what is written begins there. */
  #zero: number | undefined
  #writer: Writer | undefined
  #wake = () => {}

  /** `tell`: of a stream, how it goes; a file has none. */
  constructor(open: () => Promise<Writer>, encoders: readonly CodecContext[], tell?: Tell) {
    this.#open = open
    this.#encoders = encoders
    this.#tell = tell
    this.done = this.#run()
  }

  offer(packet: Packet, stream: number): void {
    this.#queue.push({ packet: packet.clone()!, stream })
    // It begins with a key frame and the sound of that moment: pictures leave their encoder half a second after their sound,
    // and an MP4 in pieces puts the first of each track at zero, whatever its time says.
    if (this.#zero === undefined && stream === 0 && packet.isKeyframe) {
      const zero = this.#seconds({ packet, stream })
      this.#forget((queued) => this.#seconds(queued) < zero)
      this.#zero = zero
    }
    if (this.#queue.length > mostQueued) this.#writer?.abandon()
    if (this.#queue.length > mostQueued) this.#beginAnew()
    this.#wake()
  }

  /** All that was offered is written, where that goes without waiting long. */
  async end(patienceMs = 3_000): Promise<void> {
    this.#ending.abort()
    this.#wake()
    const impatience = setTimeout(() => this.#tell && this.#writer?.abandon(), patienceMs)
    await this.done
    clearTimeout(impatience)
    this.#forget(() => true)
  }

  async #run(): Promise<void> {
    for (let waitMs = firstWaitMs; !this.#ending.signal.aborted; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      this.#tell?.('connecting')
      const since = performance.now()
      try {
        await this.#publish()
      } catch (error) {
        if (!this.#tell) throw error
        this.#tell('interrupted', (error as Error).message)
      }
      this.#beginAnew()
      if (performance.now() - since > healthyMs) waitMs = firstWaitMs
      await pause(waitMs, undefined, { signal: this.#ending.signal }).catch(() => undefined)
    }
  }

  async #publish(): Promise<void> {
    const writer = (this.#writer = await this.#open())
    let isLive = false
    try {
      for (;;) {
        const next = this.#zero === undefined ? undefined : this.#queue.shift()
        if (next) {
          await this.#write(writer, next)
          if (!isLive) this.#tell?.('live')
          isLive = true
        } else if (this.#ending.signal.aborted) break
        else await new Promise<void>((wake) => (this.#wake = wake))
      }
      await writer.end()
    } catch (error) {
      writer.abandon()
      throw error
    } finally {
      this.#writer = undefined
    }
  }

  async #write(writer: Writer, { packet, stream }: Queued): Promise<void> {
    const shift = BigInt(Math.round(this.#zero! / secondsOf(this.#encoders[stream]!)))
    packet.pts -= shift
    packet.dts -= shift
    try {
      await writer.write(packet, stream)
    } finally {
      packet.free()
    }
  }

  #seconds({ packet, stream }: Queued): number {
    return Number(packet.pts) * secondsOf(this.#encoders[stream]!)
  }

  #beginAnew(): void {
    this.#forget(() => true)
    this.#zero = undefined
  }

  #forget(isUnwanted: (queued: Queued) => boolean): void {
    for (const queued of this.#queue.splice(0)) {
      if (isUnwanted(queued)) queued.packet.free()
      else this.#queue.push(queued)
    }
  }
}

const secondsOf = ({ timeBase }: CodecContext): number => timeBase.num / timeBase.den
