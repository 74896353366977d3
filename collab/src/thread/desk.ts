import { Hocuspocus, type Document } from '@hocuspocus/server'
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import type { DocumentEnding } from '@atrium/protocol/endings'
import { asking, type Answer } from '../asking.ts'
import { addressOf, addressed, message, type Mode } from '../frames.ts'
import { change, outbox, unpack, type Piece } from '../packet.ts'
import { pipeFrom, pipeInto, type Pipe } from '../pipe.ts'
import { heart } from './beats.ts'
import { authorOf, fromLog, originOf } from './origin.ts'
import { noteVoices } from './voices.ts'
import { restore } from './restore.ts'
import { Visitor, type Claims, type OpenDocument } from './visitor.ts'

export interface Settings {
  beats: Int32Array
  heard: Pipe
  said: Pipe
}
interface Context {
  visitor: Visitor
}

/** How often this thread looks for more, while much comes: what somebody typed waits no longer. */
const lookEveryMs = 4
/** Hocuspocus' own look at silent connections: the main thread has a better one. */
const neverMs = 2 ** 31 - 1
const request = new Request('http://documents/')
/** A refusal without a message is one that Hocuspocus does not log. */
const quietly = () => new Error('')
/** Tickets were looked at on the main thread. */
const comeIn = Uint8Array.of(message.auth, 0, 0)

/** The documents of one thread. Everything that decodes a document happens on this side of the port. */
export function desk({ beats, heard, said }: Settings): void {
  // Behind all that Hocuspocus does at the end of a turn: what it says comes along.
  const post = outbox(pipeInto(said), (run) => queueMicrotask(() => setImmediate(run)))
  const alive = heart(beats)
  const visitors = new Map<number, { visitor: Visitor; peer: ReturnType<typeof hub.handleConnection> }>()
  const leaving = new Set<string>()

  const hub = new Hocuspocus<Context>({
    quiet: true,
    timeout: neverMs,
    async onLoadDocument({ document, documentName }) {
      const stored = await questions.ask<{ refused?: DocumentEnding }>('load', { fileId: documentName }).catch(() => undefined)
      const refused = stored ? stored.words.refused : 'closed'
      if (refused) {
        for (const { visitor } of visitors.values()) if (visitor.fileId === documentName && !visitor.isInside) visitor.end(refused)
        throw quietly()
      }
      alive.busy(() => applyAll(document, stored!.parts))
      follow(document, stored!.parts)
    },
    async afterLoadDocument({ document }) {
      // Hocuspocus would go through hooks that do nothing, for every change.
      document.onUpdate(() => {})
    },
    async connected({ context: { visitor }, connection }) {
      if (visitors.has(visitor.id)) visitor.enter(connection)
    },
    // The main thread says when: it knows what is still to be done with the document.
    async beforeUnloadDocument({ documentName }) {
      if (!leaving.has(documentName)) throw quietly()
    },
  })

  function follow(document: OpenDocument, stored: readonly Uint8Array[]): void {
    let author: string | undefined
    noteVoices(document)
    document.bytes = stored.reduce((sum, { length }) => sum + length, 0)
    document.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === fromLog) return
      // What Yjs tidies up by itself after somebody's change is that person's too: left out, it would be missing after a load.
      const accountId = (author = authorOf(origin) ?? author)
      if (accountId === undefined) return
      document.bytes! += update.length
      post('append', 0, change(document.name, accountId, update))
    })
  }

  const loaded = (fileId: string): Promise<Document> => hub.createDocument(fileId, request, '', { isAuthenticated: true, readOnly: false })

  const questions = asking(post, {
    /** The whole state, with its vector: every change that was handed on before it is in it, and none that is handed on after. */
    async state({ fileId }) {
      const document = await loaded(fileId)
      return () => stateOf(document)
    },
    /** Rows that another node wrote while both had the document. */
    async heal({ fileId }, parts) {
      applyAll(await loaded(fileId), parts)
      return { words: {} }
    },
    /** An edit that changes what differs from a state. */
    async restore({ fileId, accountId }, [state]) {
      const document = await loaded(fileId)
      return { words: alive.busy(() => document.transact(() => restore(document, state!), originOf(accountId))) }
    },
    /** One state of several parts, without opening a document. */
    async merge(_words, parts) {
      const document = new Doc()
      alive.busy(() => applyAll(document, parts))
      const merged = stateOf(document)
      document.destroy()
      return merged
    },
    async unload({ fileId }) {
      // Somebody who came and went at once may have left it half-way.
      await hub.loadingDocuments.get(fileId)?.catch(() => {})
      const document = hub.documents.get(fileId)
      leaving.add(fileId)
      if (document) await hub.unloadDocument(document)
      leaving.delete(fileId)
      return { words: { isGone: !hub.documents.has(fileId) } }
    },
  })

  function enter(id: number, claims: Claims): void {
    const visitor = new Visitor(id, claims, post, alive)
    const peer = hub.handleConnection(visitor, request, { visitor })
    visitors.set(id, { visitor, peer })
    peer.handleMessage(addressed(addressOf(claims.fileId), comeIn))
  }

  function leave(id: number): void {
    const gone = visitors.get(id)
    if (!gone) return
    visitors.delete(id)
    gone.visitor.leave()
    gone.peer.handleClose()
  }

  function hear({ kind, id, bytes }: Piece): void {
    if (kind === 'frame') visitors.get(id)?.visitor.hear(bytes)
    else if (kind === 'enter') enter(id, wordsOf<Claims>(bytes))
    else if (kind === 'leave') leave(id)
    else if (kind === 'mode') visitors.get(id)?.visitor.turn(wordsOf<Mode>(bytes))
    else if (kind === 'ask') questions.asked(id, bytes.slice())
    else if (kind === 'answer') questions.answered(id, bytes)
  }

  pipeFrom(
    heard,
    (packed) => {
      for (const piece of unpack(packed)) hear(piece)
    },
    lookEveryMs,
  )
}

const wordsOf = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString()) as T

const stateOf = (document: Doc): Answer => ({ words: {}, parts: [encodeStateAsUpdate(document), encodeStateVector(document)] })

/** One transact around all: merging updates pairwise, or one transaction each, is quadratic. */
function applyAll(document: Doc, updates: readonly Uint8Array[]): void {
  document.transact(() => {
    for (const update of updates) applyUpdate(document, update, fromLog)
  }, fromLog)
}
