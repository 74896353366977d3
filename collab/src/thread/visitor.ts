import type { Connection, Document, WebSocketLike } from '@hocuspocus/server'
import { createDecoder, readVarUint, readVarUint8Array, type Decoder } from 'lib0/decoding'
import { applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { applyUpdate, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import type { DocumentEnding } from '@atrium/protocol/endings'
import { addressBytes, addressOf, addressed, message, say, sync, type Mode } from '../frames.ts'
import type { Post } from '../packet.ts'
import type { Heart } from './beats.ts'
import { inspect, limits } from './guard.ts'
import { originOf } from './origin.ts'
import { stamped } from './presence.ts'
import { isOnlyVoice } from './voices.ts'

export interface Claims {
  fileId: string
  accountId: string
  mode: Mode
}
export type OpenDocument = Document & { bytes?: number }

/** An honest author answers step 1 with everything: who leaves gaps again and again means something else. */
const maxGaps = 20
const maxWaitingBytes = limits.bytes

const isEmpty = (update: Uint8Array): boolean => update.length === 2 && update[0] === 0 && update[1] === 0

/**
 * Somebody at a document. Hocuspocus takes it for a WebSocket; the real one is on the main thread. What comes in is handled
 * here and not by Hocuspocus, which decodes what readers send, says "synced" before anything is stored, swallows what Yjs
 * throws, and drops null presence.
 */
export class Visitor implements WebSocketLike {
  readyState: number = 1
  readonly id: number
  readonly fileId: string
  readonly accountId: string
  readonly #address: Uint8Array
  readonly #post: Post
  readonly #heart: Heart
  #mode: Mode
  #connection: Connection | undefined
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #gaps = 0

  constructor(id: number, claims: Claims, post: Post, heart: Heart) {
    this.id = id
    this.fileId = claims.fileId
    this.accountId = claims.accountId
    this.#mode = claims.mode
    this.#address = addressOf(claims.fileId)
    this.#post = post
    this.#heart = heart
  }

  /** What Hocuspocus says to everybody goes on; what it says of tickets and endings is for the main thread to say. */
  send(frame: Uint8Array): void {
    const kind = frame[addressBytes]
    if (kind !== message.sync && kind !== message.awareness) return
    if (kind === message.sync && this.#connection && isOnlyVoice(this.#connection.document, this.id)) return
    this.#post('frame', this.id, frame)
  }
  close(): void {}

  get isInside(): boolean {
    return this.#connection !== undefined
  }

  /** The document is loaded: what came in the meantime is heard. */
  enter(connection: Connection): void {
    this.#connection = connection
    const waiting = this.#waiting
    this.#waiting = []
    for (const frame of waiting) this.hear(frame)
  }

  hear(frame: Uint8Array): void {
    if (this.readyState !== 1) return
    if (!this.#connection) {
      this.#waitingBytes += frame.length
      if (this.#waitingBytes > maxWaitingBytes) return this.end('too_large')
      this.#waiting.push(frame.slice())
      return
    }
    const { document } = this.#connection
    if (document.isDestroyed) return this.end('moved')
    try {
      this.#heart.ofVisit(this.id, () => this.#handle(createDecoder(frame), document, this.#connection!))
    } catch {
      this.end('malformed')
    }
  }

  turn(mode: Mode): void {
    this.#mode = mode
  }

  /** The other side went away. */
  leave(): void {
    this.readyState = 3
  }

  end(ending: DocumentEnding): void {
    if (this.readyState !== 1) return
    this.readyState = 3
    this.#post('end', this.id, Buffer.from(ending))
  }

  #handle(decoder: Decoder, document: OpenDocument, connection: Connection): void {
    const kind = readVarUint(decoder)
    if (kind === message.sync || kind === message.syncReply) {
      const step = readVarUint(decoder)
      const bytes = readVarUint8Array(decoder)
      if (step === sync.step1) this.#answer(bytes, document, kind)
      else if (step === sync.step2 || step === sync.update) this.#change(bytes, document, step)
      else this.end('malformed')
    } else if (kind === message.awareness) {
      const said = stamped(readVarUint8Array(decoder), this.accountId, (client) => this.#mayBe(client, document, connection))
      if (said) applyAwarenessUpdate(document.awareness, said, { source: 'connection', connection })
    } else if (kind === message.queryAwareness) {
      const { awareness } = document
      this.#say(say.awareness(encodeAwarenessUpdate(awareness, [...awareness.getStates().keys()])))
    }
  }

  #say(frame: Uint8Array, kind: 'frame' | 'saved' = 'frame'): void {
    this.#post(kind, this.id, addressed(this.#address, frame))
  }

  /** Step 1: what the other side has. It is told what it lacks, and asked what we lack. */
  #answer(stateVector: Uint8Array, document: OpenDocument, kind: number): void {
    this.#say(say.sync(sync.step2, encodeStateAsUpdate(document, stateVector)))
    if (kind === message.sync) this.#ask(document)
  }

  #ask(document: OpenDocument): void {
    this.#say(say.sync(sync.step1, encodeStateVector(document)))
  }

  #change(update: Uint8Array, document: OpenDocument, step: number): void {
    if (isEmpty(update)) return this.#say(say.syncStatus(true), 'saved')
    // A reader's change is not looked at, beyond whether it is one: a step 2 always lists what was ever deleted.
    if (this.#mode === 'read') return this.#say(say.syncStatus(step === sync.step2 && update[0] === 0))
    const verdict = (document.bytes ?? 0) > limits.documentBytes ? 'too_large' : inspect(update, document)
    if (verdict === 'fine') {
      this.#gaps = 0
      applyUpdate(document, update, originOf(this.accountId, this.id))
      // Held on the main thread until the log is on disk: for any provider, "no unsynced changes" then means saved.
      return this.#say(say.syncStatus(true), 'saved')
    }
    // The acknowledgement of what comes in answer takes the place of this one's.
    if (verdict === 'gap' && ++this.#gaps <= maxGaps) return this.#ask(document)
    this.end(verdict === 'gap' ? 'malformed' : verdict)
  }

  /** One client for each connection, and no client of another account. */
  #mayBe(client: number, document: OpenDocument, connection: Connection): boolean {
    for (const own of document.getClients(connection)) if (own !== client) return false
    return !document.getConnections().some((other) => {
      if (other === connection || !document.getClients(other).has(client)) return false
      return (other.context as { visitor: Visitor }).visitor.accountId !== this.accountId
    })
  }
}
