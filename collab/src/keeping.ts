import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@atrium/platform'
import { Loaded, type OpenDocument } from './document.ts'
import type { ChangeLog } from './log.ts'
import { fold, rowsBeside, stored, type Stored, type Tables } from './store.ts'

/** So long the next waits for the fold of a long log. */
const turnMs = 5_000

interface Needs {
  db: Tables
  log: Log
  changes: Pick<ChangeLog, 'durable'>
}

const partsOf = ({ snapshot, tail }: Stored): Buffer[] => [...(snapshot ? [snapshot] : []), ...tail.map(({ bytes }) => bytes)]

/** The stored side of open documents: loading them, and folding their log into a snapshot. */
export function keeping({ db, log, changes }: Needs) {
  const tidying = new Map<OpenDocument, Promise<void>>()
  const long = new Set<OpenDocument>()

  /** What a thread is given to begin with. Nothing for a document that was deleted. */
  async function load(document: OpenDocument): Promise<Buffer[] | undefined> {
    // What an earlier thread handed on is written first, and is then among what is read.
    await changes.durable(document.fileId)
    const there = await stored(db, document.fileId)
    if (!there) return undefined
    document.loaded = new Loaded(there)
    return partsOf(there)
  }

  /** The whole state, and the last row that is certainly in it. */
  async function stateOf(document: OpenDocument) {
    const { parts } = await document.thread.ask('state', { fileId: document.fileId })
    const [state, stateVector] = parts as [Uint8Array, Uint8Array]
    return { state, stateVector, n: document.loaded?.lastN ?? 0 }
  }

  async function foldNow(document: OpenDocument): Promise<void> {
    const { fileId } = document
    const { state, stateVector } = await stateOf(document)
    const { loaded } = document
    if (!loaded || loaded.rows.length === 0) return
    // What was written by now had been handed on before the state was made: it is all in it.
    const rows = [...loaded.rows]
    const isDone = await fold(db, { fileId, snapshot: state, stateVector, rows, generation: loaded.generation })
    if (document.loaded !== loaded) return
    if (isDone) loaded.folded(rows, state.length)
    else await takeOver(document)
    await heal(document)
  }

  /** Another node has folded this log: for a moment both had the document. What it stored is taken in, and ours is folded next time. */
  async function takeOver(document: OpenDocument): Promise<void> {
    const there = await stored(db, document.fileId)
    if (!there) return document.endAll('not_found')
    await document.thread.ask('heal', { fileId: document.fileId }, partsOf(there))
    document.loaded = new Loaded(there)
  }

  /** Rows that another node wrote meanwhile. */
  async function heal(document: OpenDocument): Promise<void> {
    const { loaded } = document
    if (!loaded) return
    await changes.durable(document.fileId)
    const foreign = await rowsBeside(db, document.fileId, loaded.rows)
    const unknown = foreign.filter(({ n }) => !loaded.rows.includes(n))
    if (unknown.length === 0) return
    await document.thread.ask('heal', { fileId: document.fileId }, unknown.map(({ bytes }) => bytes)) // prettier-ignore
    for (const { n } of unknown) loaded.wrote(n)
  }

  /** Folds the log, if there is anything in it; never twice at once. */
  function tidy(document: OpenDocument): Promise<void> {
    const under = tidying.get(document)
    if (under) return under
    const run = foldNow(document)
      .catch((error: unknown) => {
        // The log is longer than it need be, and nothing is lost: the next change tries again.
        if (document.loaded) log.warn({ operation: 'document.fold', error })
      })
      .finally(() => tidying.delete(document))
    tidying.set(document, run)
    return run
  }

  return {
    load,
    stateOf,
    heal,
    tidy,
    /** Folds it when its turn comes: many at once would hold up what people write. */
    async tidyInTurn(document: OpenDocument): Promise<void> {
      long.add(document)
      if (long.size > 1) return
      for (const next of long) {
        // One that takes for ever holds up nobody else.
        if (next.loaded?.isLong) await Promise.race([tidy(next), sleep(turnMs, undefined, { ref: false })])
        long.delete(next)
      }
    },
  }
}
