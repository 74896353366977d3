import type { DocumentEnding, FileId } from '@atrium/protocol'
import type { Stored } from './store.ts'
import type { DocumentThread } from './threads.ts'
import type { Visit } from './visit.ts'

/** So many changes are folded into the snapshot; of a large document, whose snapshot is much to write, more. */
const foldAfterRows = 500
const bytesPerRow = 4_096

type Timer = 'left' | 'idle' | 'version'

/** A document that somebody has open, as far as the main thread knows it: who is there, and which rows its thread has applied. */
export class OpenDocument {
  readonly fileId: FileId
  readonly thread: DocumentThread
  readonly visits = new Set<Visit>()
  /** Set while a thread has it. */
  loaded: Loaded | undefined
  /** While it is being let go: who comes meanwhile waits for it. */
  leaving: Promise<void> | undefined
  isDeleted = false
  /** Work that needs it although nobody is there. */
  errands = 0
  readonly #timers = new Map<Timer, NodeJS.Timeout>()

  constructor(fileId: FileId, thread: DocumentThread) {
    this.fileId = fileId
    this.thread = thread
  }

  get isIdle(): boolean {
    return this.visits.size === 0 && this.errands === 0
  }
  get hasWriters(): boolean {
    return [...this.visits].some(({ claims }) => claims.mode === 'write')
  }

  /** At most one of each name waits. */
  later(name: Timer, ms: number, run: () => Promise<unknown>): void {
    if (!this.#timers.has(name)) this.#timers.set(name, setTimeout(() => (this.#timers.delete(name), void run()), ms)) // prettier-ignore
  }
  never(...names: Timer[]): void {
    for (const name of names) {
      clearTimeout(this.#timers.get(name))
      this.#timers.delete(name)
    }
  }

  endAll(ending: DocumentEnding): void {
    for (const visit of [...this.visits]) visit.end(ending)
  }
}

/** What is known of the stored form of a loaded document. */
export class Loaded {
  /** Rows of the log that the thread has applied, and that are not in the snapshot. */
  rows: number[]
  generation: number
  /** The last row that was written, and the last that a version contains. */
  lastN: number
  #versionedN: number
  #snapshotBytes: number
  #hasOlderAuthors: boolean

  constructor({ tail, generation, snapshot, authors, versionedN }: Stored) {
    this.rows = tail.map(({ n }) => n)
    this.generation = generation
    this.lastN = this.rows.at(-1) ?? versionedN
    this.#versionedN = versionedN
    this.#snapshotBytes = snapshot?.length ?? 0
    this.#hasOlderAuthors = authors.length > 0
  }

  wrote(n: number): void {
    this.rows.push(n)
    this.lastN = Math.max(this.lastN, n)
  }

  /** Somebody has written since the last version. */
  get hasChanges(): boolean {
    return this.#hasOlderAuthors || this.lastN > this.#versionedN
  }
  get isLong(): boolean {
    return this.rows.length >= foldAfterRows + this.#snapshotBytes / bytesPerRow
  }

  versioned(n: number): void {
    this.#versionedN = Math.max(this.#versionedN, n)
    this.#hasOlderAuthors = false
  }

  folded(rows: readonly number[], snapshotBytes: number): void {
    const gone = new Set(rows)
    this.rows = this.rows.filter((n) => !gone.has(n))
    this.generation++
    this.#snapshotBytes = snapshotBytes
  }
}
