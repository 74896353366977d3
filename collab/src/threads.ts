import { availableParallelism } from 'node:os'
import { createHash } from 'node:crypto'
import { MessageChannel, Worker } from 'node:worker_threads'
import { asking, type Asking, type Verbs } from './asking.ts'
import { outbox, unpack, type Kind, type Piece, type Post } from './packet.ts'
import { pipeFrom, pipeInto, pipeMemory } from './pipe.ts'
import { beat, beatFields } from './thread/beats.ts'
import type { Settings } from './thread/desk.ts'

/** Why a thread ended that nobody asked to end. */
export interface Loss {
  why: 'hung' | 'crashed' | 'dropped'
  /** Whose bytes it was looking at; 0: nobody's. */
  visit: number
}
export interface ThreadNeeds {
  /** What a thread may ask of us. */
  verbs: Verbs
  hear: (piece: Piece) => void
  lost: (thread: DocumentThread, loss: Loss) => void
}

const checkMs = 250
/** So long a thread may stand still, and so long while it does what nobody's bytes made it do. */
const hangMs = 1_500
const busyHangMs = 15_000
const maxHeapMb = 512

/** One worker thread with documents in it, or the place for one: it starts with its first document. */
export class DocumentThread {
  readonly #needs: ThreadNeeds
  #running: { worker: Worker; beats: Int32Array; post: Post; questions: Asking } | undefined
  #pulse = 0
  #silentChecks = 0
  #isStopped = false

  constructor(needs: ThreadNeeds) {
    this.#needs = needs
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  post(kind: Kind, id: number, bytes: Uint8Array): void {
    this.#start().post(kind, id, bytes)
  }

  async ask<Words>(verb: string, words: object, parts?: readonly Uint8Array[]) {
    return this.#start().questions.ask<Words>(verb, words, parts)
  }

  #start() {
    if (this.#running) return this.#running
    if (this.#isStopped) throw new Error('the documents of this process are over')
    const beats = new Int32Array(new SharedArrayBuffer(4 * beatFields))
    const { port1: port, port2 } = new MessageChannel()
    const [memory, answers] = [pipeMemory(), pipeMemory()]
    const settings: Settings = { beats, heard: { memory, port: port2 }, said: { memory: answers, port: port2 } }
    const worker = new Worker(new URL('./thread/main.ts', import.meta.url), {
      workerData: settings,
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    })
    const post = outbox(pipeInto({ memory, port }), queueMicrotask)
    pipeFrom({ memory: answers, port }, (packed) => {
      if (isCurrent()) for (const piece of unpack(packed)) this.#hear(piece, running.questions)
    })
    const running = { worker, beats, post, questions: asking(post, this.#needs.verbs) }
    const isCurrent = () => this.#running === running
    worker.on('error', () => isCurrent() && this.lose('crashed'))
    worker.on('exit', () => isCurrent() && this.lose('crashed'))
    this.#pulse = 0
    this.#silentChecks = 0
    return (this.#running = running)
  }

  #hear(piece: Piece, questions: Asking): void {
    if (piece.kind === 'ask') questions.asked(piece.id, piece.bytes.slice())
    else if (piece.kind === 'answer') questions.answered(piece.id, piece.bytes)
    else this.#needs.hear(piece)
  }

  /** Counts checks, not time: when this thread itself was held up, the other is not to blame. */
  check(): void {
    if (!this.#running) return
    const { beats } = this.#running
    const pulse = Atomics.load(beats, beat.pulse)
    this.#silentChecks = pulse === this.#pulse ? this.#silentChecks + 1 : 0
    this.#pulse = pulse
    // Before its first beat it starts; that takes as long as the machine is busy.
    const patienceMs = pulse === 0 || Atomics.load(beats, beat.isBusy) === 1 ? busyHangMs : hangMs
    if (this.#silentChecks >= patienceMs / checkMs) this.lose('hung')
  }

  /** Ends it as it is. The next that is wanted of it starts another. */
  lose(why: Loss['why']): void {
    if (!this.#running) return
    const { worker, beats, questions } = this.#running
    this.#running = undefined
    void worker.terminate()
    questions.giveUp(new Error('the thread of this document ended'))
    this.#needs.lost(this, { why, visit: Atomics.load(beats, beat.visit) })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    const running = this.#running
    this.#running = undefined
    running?.questions.giveUp(new Error('the thread of this document ended'))
    await running?.worker.terminate()
  }
}

/** All threads of this process: documents are pinned to one by their ids, so there is no table to keep. */
export function documentThreads(needs: ThreadNeeds, howMany = Math.max(1, availableParallelism() - 1)) {
  const threads = Array.from({ length: howMany }, () => new DocumentThread(needs))
  const checks = setInterval(() => threads.forEach((thread) => thread.check()), checkMs)
  return {
    threadOf: (fileId: string): DocumentThread => threads[createHash('sha1').update(fileId).digest().readUInt32BE() % threads.length]!,
    loseAll: () => threads.forEach((thread) => thread.lose('dropped')),
    async stop(): Promise<void> {
      clearInterval(checks)
      await Promise.all(threads.map((thread) => thread.stop()))
    },
  }
}
export type DocumentThreads = ReturnType<typeof documentThreads>
