import type { WebSocket } from 'ws'
import type { AccountId, DocumentEnding, DocumentGreeting, FileId, SessionId } from '@atrium/protocol'
import type { ColdReader } from './cold.ts'
import { addressBytes, addressed, addressOf, forYWebsocket, type Mode } from './frames.ts'
import { send } from './wire.ts'

/** Codes from 4400 to 4499 tell clients of either wire that coming again is of no use, and others to do so. The reason is the ending's name. */
export const closeCode: Record<DocumentEnding, number> = {
  closed: 4000,
  draining: 4001,
  ticket_refused: 4003,
  moved: 1012,
  shut_out: 4503,
  not_found: 4404,
  malformed: 4400,
  too_large: 4413,
  too_slow: 4008,
  too_many: 4429,
  signed_out: 4401,
  session_ended: 4401,
  password_changed: 4401,
  account_locked: 4403,
  account_deleted: 4403,
}
/** Who does not read what is sent is cut, before it fills our memory. */
const maxBacklogBytes = 16 << 20

/** What a ticket says, as far as a visit goes. Times are milliseconds since 1970. */
export interface Claims {
  fileId: FileId
  accountId: AccountId
  sessionId: SessionId
  mode: Mode
  /** The losses of rights that its ticket knew of: read before the look, not when it was signed. */
  asOf: number
  issuedAt: number
  expiresAt: number
}

/** One connection of somebody to one document, from its greeting to its ending. */
export class Visit {
  readonly id: number
  readonly socket: WebSocket
  readonly speaks: DocumentGreeting['speaks']
  readonly address: Uint8Array
  claims: Claims
  /** When a fresh ticket was asked for, and has not come. */
  askedAt: number | undefined
  /** Serves it from stored bytes until it turns warm, and keeps its place in line after that. */
  cold: ColdReader | undefined
  isInThread = false
  isOver = false
  readonly #ended: (ending: DocumentEnding) => void

  constructor(id: number, socket: WebSocket, speaks: Visit['speaks'], claims: Claims, ended: (ending: DocumentEnding) => void) {
    this.id = id
    this.socket = socket
    this.speaks = speaks
    this.claims = claims
    this.address = addressOf(claims.fileId)
    this.#ended = ended
  }

  /** A message of ours. */
  say(frame: Uint8Array): void {
    if (this.speaks === 'hocuspocus') return this.#send(addressed(this.address, frame))
    const told = forYWebsocket(frame)
    if (told) this.#send(told)
  }

  /** A frame with its address, as it comes from the thread. */
  pass(frame: Uint8Array): void {
    if (this.speaks === 'hocuspocus') return this.#send(frame)
    const told = forYWebsocket(frame.subarray(addressBytes))
    if (told) this.#send(told)
  }

  /** Bytes that stand for themselves. */
  #send(bytes: Uint8Array): void {
    if (this.socket.readyState !== this.socket.OPEN) return
    if (this.socket.bufferedAmount > maxBacklogBytes) this.end('too_slow')
    else send(this.socket, bytes)
  }

  /** Hocuspocus' own sign of life; y-websocket has none, and takes an empty list of who is where. */
  ping(): void {
    if (this.speaks === 'hocuspocus') this.#send(Uint8Array.of(9))
    else this.#send(Uint8Array.of(1, 1, 0))
    this.socket.ping()
  }

  /** Without address; nothing for what is addressed to another document. */
  read(bytes: Buffer): Uint8Array | undefined {
    if (this.speaks === 'y-websocket') return bytes
    const { length } = this.address
    if (bytes.length === 1) return bytes // a pong
    return bytes.length > length && bytes.compare(this.address, 0, length, 0, length) === 0 ? bytes.subarray(length) : undefined
  }

  end(ending: DocumentEnding): void {
    if (this.isOver) return
    this.isOver = true
    this.socket.close(closeCode[ending], ending)
    this.#ended(ending)
  }
}
