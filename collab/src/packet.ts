import { createDecoder, readVarString, readVarUint, readVarUint8Array } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from 'lib0/encoding'

/** What the main thread and a thread of documents say to each other: what is said together goes as one packed buffer. */
const kinds = [
  'enter', // main → thread: somebody comes to a document
  'mode', // main → thread: may read or write from now on
  'leave', // main → thread: went away
  'frame', // both: bytes of somebody's connection
  'saved', // thread → main: a frame that waits until what came before it is on disk
  'append', // thread → main: a change of a document
  'end', // thread → main: this connection is to end, by name
  'ask', // both
  'answer', // both
] as const
export type Kind = (typeof kinds)[number]
export interface Piece {
  kind: Kind
  id: number
  bytes: Uint8Array
}
export type Post = (kind: Kind, id: number, bytes: Uint8Array) => void

const headBytes = 7
const idBytes = 4
const maxIds = 2 ** 16 - 1
export const nothing = new Uint8Array()

/**
 * Collects the pieces until `soon` says that it is time. What many are told is packed once: each broadcast is the same bytes, one
 * after the other.
 */
export function outbox(send: (packed: Uint8Array<ArrayBuffer>) => void, soon: (run: () => void) => unknown): Post {
  let pieces: { kind: Kind; ids: number[]; bytes: Uint8Array }[] = []
  let size = 0
  function flush(): void {
    const packed = new Uint8Array(size)
    const view = new DataView(packed.buffer)
    let at = 0
    for (const { kind, ids, bytes } of pieces) {
      packed[at] = kinds.indexOf(kind)
      view.setUint16(at + 1, ids.length)
      view.setUint32(at + 3, bytes.length)
      at += headBytes
      for (const id of ids) {
        view.setUint32(at, id)
        at += idBytes
      }
      packed.set(bytes, at)
      at += bytes.length
    }
    pieces = []
    size = 0
    send(packed)
  }
  return (kind, id, bytes) => {
    if (pieces.length === 0) soon(flush)
    const last = pieces.at(-1)
    size += idBytes
    if (last && last.bytes === bytes && last.kind === kind && last.ids.length < maxIds) {
      last.ids.push(id)
      return
    }
    pieces.push({ kind, ids: [id], bytes })
    size += headBytes + bytes.length
  }
}

/** The pieces of one buffer, as views into it. */
export function* unpack(packed: Uint8Array): Generator<Piece> {
  const view = new DataView(packed.buffer, packed.byteOffset)
  for (let at = 0; at < packed.length;) {
    const kind = kinds[packed[at]!]!
    const ids = at + headBytes
    const start = ids + view.getUint16(at + 1) * idBytes
    const end = start + view.getUint32(at + 3)
    const bytes = packed.subarray(start, end)
    for (let id = ids; id < start; id += idBytes) yield { kind, id: view.getUint32(id), bytes }
    at = end
  }
}

/** A few words and some byte arrays, in one. */
export function parcel(words: unknown, parts: readonly Uint8Array[] = []): Uint8Array {
  const encoder = createEncoder()
  writeVarString(encoder, JSON.stringify(words))
  writeVarUint(encoder, parts.length)
  for (const part of parts) writeVarUint8Array(encoder, part)
  return toUint8Array(encoder)
}

export function unparcel<Words>(bytes: Uint8Array): { words: Words; parts: Uint8Array[] } {
  const decoder = createDecoder(bytes)
  const words = JSON.parse(readVarString(decoder)) as Words
  return { words, parts: Array.from({ length: readVarUint(decoder) }, () => readVarUint8Array(decoder)) }
}

const uuidBytes = 36

/** A change with its document and author: an own form, because there are many of them. */
export function change(fileId: string, accountId: string, update: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 * uuidBytes + update.length)
  bytes.set(Buffer.from(fileId + accountId, 'latin1'))
  bytes.set(update, 2 * uuidBytes)
  return bytes
}

export function readChange(bytes: Uint8Array): { fileId: string; accountId: string; update: Uint8Array } {
  const ids = Buffer.from(bytes.buffer, bytes.byteOffset, 2 * uuidBytes).toString('latin1')
  return { fileId: ids.slice(0, uuidBytes), accountId: ids.slice(uuidBytes), update: bytes.subarray(2 * uuidBytes) }
}
