import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@atrium/platform'
import { isUnavailable } from '@atrium/platform/db/faults'
import type { FileId } from '@atrium/protocol'
import { append, type Change, type Tables } from './store.ts'

/** So long after the first of them changes gather before they are written: key strokes of many people are one statement. */
const gatherMs = 16
const firstPauseMs = 50
const maxPauseMs = 1_000
/** After a long wait there may be much: not all of it in one statement. */
const batchBytes = 8 << 20

interface Needs {
  db: Tables
  log: Log
  /** These rows are on disk. */
  onWritten: (rows: { fileId: FileId; n: number }[]) => void
  /** It has more than it may keep, or the database refuses what no later try would mend: what waits is dropped, nobody was told that it is saved. */
  onLost: () => void
  maxBytes?: number
}

/**
 * The log of all documents of this process: every change, on disk before anybody is told so. One statement is under way;
 * what comes meanwhile goes with the next. A database that is away is waited for, until too much waits.
 */
export function changeLog({ db, log, onWritten, onLost, maxBytes = 64 << 20 }: Needs) {
  let waiting: Change[] = []
  let waitingBytes = 0
  let waitsSince = 0
  let next: PromiseWithResolvers<boolean> | undefined
  let isWriting = false
  let life = 0
  /** Of each document with changes that are not on disk: when they will be. False: they were dropped. */
  const unsaved = new Map<FileId, Promise<boolean>>()
  const under = new Set<PromiseWithResolvers<boolean>>()

  async function write(): Promise<void> {
    if (isWriting) return
    isWriting = true
    while (next) {
      await sleep(Math.max(0, waitsSince + gatherMs - performance.now()))
      // Meanwhile it may have become too much, and all was dropped.
      if (!next) break
      const batch = waiting
      const done = next
      waiting = []
      waitingBytes = 0
      next = undefined
      const bornIn = life
      under.add(done)
      for (const part of partsOf(batch)) {
        const rows = await insist(part, bornIn)
        if (rows) onWritten(rows)
      }
      under.delete(done)
      if (bornIn === life) done.resolve(true)
    }
    isWriting = false
  }

  async function insist(batch: Change[], bornIn: number) {
    for (let pauseMs = firstPauseMs; bornIn === life; pauseMs = Math.min(pauseMs * 2, maxPauseMs))
      try {
        return await append(db, batch)
      } catch (error) {
        if (!isUnavailable(error)) {
          log.error({ operation: 'document.append', error }, 'Changes of documents could not be stored; their authors are asked again.')
          drop()
          return undefined
        }
        await sleep(pauseMs)
      }
    return undefined
  }

  function drop(): void {
    life++
    for (const given of [next, ...under]) given?.resolve(false)
    waiting = []
    waitingBytes = 0
    next = undefined
    unsaved.clear()
    onLost()
  }

  return {
    append(change: Change): void {
      if (waiting.length === 0) waitsSince = performance.now()
      waiting.push(change)
      waitingBytes += change.bytes.length
      next ??= Promise.withResolvers()
      const mine = next.promise
      if (unsaved.get(change.fileId) !== mine) {
        unsaved.set(change.fileId, mine)
        void mine.then(() => unsaved.get(change.fileId) === mine && unsaved.delete(change.fileId))
      }
      if (waitingBytes > maxBytes) drop()
      else if (!isWriting) void write()
    },
    /** Resolves when everything appended to this document so far is on disk; undefined when it is. */
    durable: (fileId: FileId): Promise<boolean> | undefined => unsaved.get(fileId),
    async settled(): Promise<void> {
      while (unsaved.size > 0) await Promise.all(unsaved.values())
    },
  }
}

function partsOf(changes: readonly Change[]): Change[][] {
  const parts: Change[][] = []
  let bytes = Infinity
  for (const change of changes) {
    if (bytes > batchBytes) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)!.push(change)
    bytes += change.bytes.length
  }
  return parts
}
export type ChangeLog = ReturnType<typeof changeLog>
