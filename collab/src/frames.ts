import { createDecoder, readVarString, readVarUint } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array, type Encoder } from 'lib0/encoding'

/** The kinds of messages on Hocuspocus' wire. The first four are those of y-websocket too, without the address. */
export const message = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3, syncReply: 4, syncStatus: 8 } as const
export const sync = { step1: 0, step2: 1, update: 2 } as const
const auth = { token: 0, denied: 1, authenticated: 2 } as const

export type Mode = 'read' | 'write'

/** Hocuspocus' address before each message: the document's id, 36 letters, and before them their number. */
export const addressBytes = 37
export const addressOf = (fileId: string): Uint8Array => Buffer.from(`\x24${fileId}`, 'latin1')

const written = (write: (encoder: Encoder) => void): Uint8Array => {
  const encoder = createEncoder()
  write(encoder)
  return toUint8Array(encoder)
}

/** Messages of ours, without address: what follows it on Hocuspocus' wire, and all there is on that of y-websocket. */
export const say = {
  authenticated: (mode: Mode) =>
    written((encoder) => {
      writeVarUint(encoder, message.auth)
      writeVarUint(encoder, auth.authenticated)
      writeVarString(encoder, mode === 'read' ? 'readonly' : 'read-write')
    }),
  denied: (why: string) =>
    written((encoder) => {
      writeVarUint(encoder, message.auth)
      writeVarUint(encoder, auth.denied)
      writeVarString(encoder, why)
    }),
  /** Asks for a fresh ticket, in-band. */
  tokenWanted: () => Uint8Array.of(message.auth, auth.token),
  sync: (kind: number, bytes: Uint8Array) =>
    written((encoder) => {
      writeVarUint(encoder, message.sync)
      writeVarUint(encoder, kind)
      writeVarUint8Array(encoder, bytes)
    }),
  awareness: (bytes: Uint8Array) =>
    written((encoder) => {
      writeVarUint(encoder, message.awareness)
      writeVarUint8Array(encoder, bytes)
    }),
  /** For each change of an author: it is on disk, or will never be. */
  syncStatus: (isSaved: boolean) => Uint8Array.of(message.syncStatus, isSaved ? 1 : 0),
  /** Nobody is anywhere: means nothing, and tells a client that the connection lives. */
  silence: () => Uint8Array.of(message.awareness, 1, 0),
}

/** With Hocuspocus' address before it. */
export function addressed(address: Uint8Array, frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(address.length + frame.length)
  bytes.set(address)
  bytes.set(frame, address.length)
  return bytes
}

/** What a y-websocket client is told of a frame: its own wire has no acknowledgement and no tickets. */
export function forYWebsocket(frame: Uint8Array): Uint8Array | undefined {
  if (frame[0] === message.syncReply) {
    const asked = frame.slice()
    asked[0] = message.sync
    return asked
  }
  return frame[0] === message.sync || frame[0] === message.awareness ? frame : undefined
}

/** The ticket in a message of the provider, which calls it a token. */
export function tokenIn(frame: Uint8Array): string | undefined {
  const decoder = createDecoder(frame)
  if (readVarUint(decoder) !== message.auth || readVarUint(decoder) !== auth.token) return undefined
  return readVarString(decoder)
}
