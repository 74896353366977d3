import type { Log, Metrics } from '@atrium/platform'
import type { AccountId, DocumentEnding, FileId } from '@atrium/protocol'
import { coldReader } from './cold.ts'
import { OpenDocument } from './document.ts'
import { keeping } from './keeping.ts'
import { changeLog } from './log.ts'
import { nothing, readChange, type Piece } from './packet.ts'
import { shutOuts } from './shut-outs.ts'
import { stored, type Tables } from './store.ts'
import { documentThreads, type DocumentThread, type Loss } from './threads.ts'
import type { Visit } from './visit.ts'

export interface Times {
  /** After its last visit a document stays loaded so long: a page that is loaded again comes right back. */
  idleMs: number
  /** So long after the last writer went a version is kept: who comes back in between goes on. */
  leftMs: number
  /** Of continuous work, a version this often. */
  versionMs: number
  /** So long an account is kept from a document that its update stalled. */
  shutOutMs: number
  /** How often it is looked whether documents belong elsewhere. */
  homesMs: number
}
export const usualTimes: Times = { idleMs: 30_000, leftMs: 10_000, versionMs: 600_000, shutOutMs: 60_000, homesMs: 1_000 }

interface Needs {
  db: Tables
  log: Log
  docsOpen: Metrics['docsOpen']
  times: Times
  /** Keeps what stands there now, because somebody left or enough was written. */
  keepVersion: (document: OpenDocument, reason: 'left' | 'time') => Promise<unknown>
  threads?: number | undefined
}

/** The documents of this node that somebody has open. Nothing here reads a document's bytes: threads do. */
export function documents({ db, log, docsOpen, times, keepVersion, threads: howMany }: Needs) {
  const open = new Map<FileId, OpenDocument>()
  const visits = new Map<number, Visit>()
  const shutOut = shutOuts(times.shutOutMs)
  const changes = changeLog({
    db,
    log,
    onWritten(rows) {
      for (const { fileId, n } of rows) wrote(fileId, n)
    },
    onLost: () => threads.loseAll(),
  })
  const { load, stateOf, tidy, tidyInTurn, heal } = keeping({ db, log, changes })
  const threads = documentThreads({ verbs: { load: loadFor }, hear, lost }, howMany)

  /** One that is being let go is waited for: it must be gone before it is opened again. */
  async function staying(fileId: FileId): Promise<void> {
    for (let leaving = open.get(fileId)?.leaving; leaving; leaving = open.get(fileId)?.leaving) await leaving
  }

  /** The document to work with, even if nobody is there. */
  function documentOf(fileId: FileId): OpenDocument {
    const document = open.get(fileId) ?? new OpenDocument(fileId, threads.threadOf(fileId))
    open.set(fileId, document)
    document.never('idle')
    return document
  }

  function forget(document: OpenDocument): void {
    document.never('left', 'idle', 'version')
    document.loaded = undefined
    if (open.get(document.fileId) === document) open.delete(document.fileId)
    count()
  }
  const count = () => docsOpen.set([...open.values()].filter(({ loaded }) => loaded).length)

  /** A thread wants what is stored of a document. */
  async function loadFor({ fileId }: { fileId: FileId }) {
    const document = open.get(fileId)
    const parts = document && (await load(document))
    if (!parts) return { words: { refused: 'not_found' satisfies DocumentEnding } }
    count()
    changed(document)
    return { words: {}, parts }
  }

  function wrote(fileId: FileId, n: number): void {
    const document = open.get(fileId)
    document?.loaded?.wrote(n)
    if (document) changed(document)
  }

  function changed(document: OpenDocument): void {
    if (document.loaded?.hasChanges) document.later('version', times.versionMs, () => keep(document, 'time'))
    if (document.loaded?.isLong) void tidyInTurn(document)
  }

  async function keep(document: OpenDocument, reason: 'left' | 'time'): Promise<void> {
    document.never('version')
    if (!document.loaded?.hasChanges) return
    await keepVersion(document, reason).catch((error: unknown) => log.warn({ operation: 'document.version', error }))
    changed(document)
  }

  /** What a thread says of its visits. */
  function hear({ kind, id, bytes }: Piece): void {
    if (kind === 'append') {
      const { fileId, accountId, update } = readChange(bytes)
      return changes.append({ fileId: fileId as FileId, accountId: accountId as AccountId, bytes: update })
    }
    const visit = visits.get(id)
    if (kind === 'frame') visit?.pass(bytes)
    else if (kind === 'end') visit?.end(Buffer.from(bytes).toString() as DocumentEnding)
    else if (kind === 'saved' && visit) {
      // Told when it is true: "no unsynced changes" means saved, for any client.
      const saving = changes.durable(visit.claims.fileId)
      if (saving) void saving.then((isSaved) => isSaved && visit.pass(bytes))
      else visit.pass(bytes)
    }
  }

  /** A thread is no more: whose bytes it was looking at is shut out for a while, everybody else comes back to another. */
  function lost(thread: DocumentThread, { why, visit }: Loss): void {
    const guilty = visits.get(visit)
    const { fileId, accountId } = guilty?.claims ?? {}
    log.error({ operation: 'document.thread', why, fileId, actor: accountId! }, 'A thread of documents ended; they are opened again.')
    if (guilty) {
      shutOut.add(guilty)
      guilty.end('shut_out')
    }
    for (const document of [...open.values()]) {
      if (document.thread !== thread) continue
      for (const one of [...document.visits]) if (one.isInThread) one.end('moved')
      document.loaded = undefined
      if (document.isIdle) forget(document)
    }
    count()
  }

  /** Hands a visit to the thread, with what it has said so far. */
  function toThread({ thread }: OpenDocument, visit: Visit, said: readonly Uint8Array[] = []): void {
    const { fileId, accountId, mode } = visit.claims
    if (!visit.isInThread) thread.post('enter', visit.id, Buffer.from(JSON.stringify({ fileId, accountId, mode })))
    visit.isInThread = true
    for (const frame of said) thread.post('frame', visit.id, frame)
  }

  const toStoredBytes = (document: OpenDocument, visit: Visit) =>
    coldReader({
      say: (frame) => visit.say(frame),
      load: () => stored(db, document.fileId),
      end: (ending) => visit.end(ending),
      warm: (said) => visit.isOver || toThread(document, visit, said),
    })

  async function putAway(document: OpenDocument): Promise<void> {
    document.errands++
    await keep(document, 'left')
    await changes.durable(document.fileId)
    if (document.loaded) await tidy(document)
    document.errands--
  }

  /** Nobody is there any more: what was written becomes a version, the log a snapshot, and the thread lets the document go. */
  async function letGo(document: OpenDocument): Promise<void> {
    if (!document.isDeleted) await putAway(document)
    if (!document.isIdle || open.get(document.fileId) !== document) return
    if (!document.loaded) return forget(document)
    // The database is away, and what is not on disk is only here.
    if (document.loaded.rows.length > 0 && !document.isDeleted) return goneQuiet(document)
    document.leaving = unload(document)
  }
  async function unload(document: OpenDocument): Promise<void> {
    // A thread that ends meanwhile takes the document with it.
    const { words } = await document.thread
      .ask<{ isGone: boolean }>('unload', { fileId: document.fileId })
      .catch(() => ({ words: { isGone: true } }))
    document.leaving = undefined
    if (words.isGone) return forget(document)
    goneQuiet(document)
  }
  const goneQuiet = (document: OpenDocument) => {
    if (document.isIdle) document.later('idle', times.idleMs, () => letGo(document))
  }

  return {
    /** Somebody comes, with a ticket that was looked at. */
    async enter(visit: Visit): Promise<void> {
      if (shutOut.has(visit)) return visit.end('shut_out')
      const { fileId } = visit.claims
      if (open.get(fileId)?.leaving) await staying(fileId)
      if (visit.isOver) return
      // From here on without a pause: whoever lets it go looks whether somebody is there.
      const document = documentOf(fileId)
      if (document.isDeleted) return visit.end('not_found')
      const isAlone = document.isIdle && !document.loaded
      document.never('left')
      document.visits.add(visit)
      visits.set(visit.id, visit)
      if (isAlone) return void (visit.cold = toStoredBytes(document, visit))
      for (const other of document.visits) other.cold?.turnWarm()
      toThread(document, visit)
    },

    hear(visit: Visit, frame: Uint8Array): void {
      if (visit.cold) visit.cold.hear(frame)
      else if (visit.isInThread) open.get(visit.claims.fileId)?.thread.post('frame', visit.id, frame)
    },

    /** May write from now on, or only read. */
    turn(visit: Visit): void {
      if (visit.isInThread) open.get(visit.claims.fileId)?.thread.post('mode', visit.id, Buffer.from(JSON.stringify(visit.claims.mode)))
    },

    leave(visit: Visit): void {
      visits.delete(visit.id)
      const document = open.get(visit.claims.fileId)
      if (!document?.visits.delete(visit)) return
      if (visit.isInThread && document.thread.isRunning) document.thread.post('leave', visit.id, nothing)
      if (!document.hasWriters && document.loaded?.hasChanges) document.later('left', times.leftMs, () => keep(document, 'left'))
      goneQuiet(document)
    },

    /** Does something with a document, whether or not somebody has it open. */
    async withDocument<T>(fileId: FileId, run: (document: OpenDocument) => Promise<T>): Promise<T> {
      if (open.get(fileId)?.leaving) await staying(fileId)
      const document = documentOf(fileId)
      document.errands++
      try {
        return await run(document)
      } finally {
        document.errands--
        goneQuiet(document)
      }
    },
    /** It is no more: who has it open is told. */
    remove(fileId: FileId): void {
      const document = open.get(fileId)
      if (!document) return
      document.isDeleted = true
      document.endAll('not_found')
      goneQuiet(document)
    },
    stateOf,
    heal,
    durable: changes.durable,
    settled: changes.settled,
    opened: (): Iterable<OpenDocument> => open.values(),
    anyThread: (fileId: FileId) => threads.threadOf(fileId),
    async stop(): Promise<void> {
      for (const document of open.values()) document.never('left', 'idle', 'version')
      await threads.stop()
    },
  }
}
export type Documents = ReturnType<typeof documents>
