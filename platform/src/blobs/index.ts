import type { Readable } from 'node:stream'
import { fail } from '../errors.ts'

export interface Stored {
  bytes: number
  /** Lower-case hex. Internal: nobody attaches or fetches by hash. */
  sha256: string
}

/** Bytes of a blob, both ends included, as in HTTP. */
export interface Range {
  start: number
  end?: number
}

/**
 * Bytes that come in pieces, over hours and through several processes, until they are a blob. One at a time goes on with a
 * key: who does, the caller decides.
 */
export interface Staging {
  /** How much lies there, whatever became of the process that took it. */
  size(key: string): Promise<number>
  /**
   * Goes on at `offset`; what lies beyond it was never acknowledged, and goes. Resolves to how much lies there afterwards.
   * When the content breaks off, what came before is kept, and the fault is thrown.
   */
  append(key: string, offset: number, content: AsyncIterable<Uint8Array>): Promise<number>
  /** Makes a blob of what lies there. After a crash in the middle of it, again. */
  finish(key: string): Promise<void>
  /** Lets go of what lies there. */
  drop(key: string): Promise<void>
}

/** Where files lie. A key is random, 1 to 200 of a–z, A–Z, 0–9, `-` and `_`; what is under it never changes. */
export interface Blobs {
  /** All or nothing: until it resolves the key does not exist. `maxBytes` refuses with `too_large`. */
  put(key: string, content: Readable | Uint8Array, limits?: { maxBytes?: number }): Promise<Stored>
  /** Refuses with `not_found`, before the first byte. */
  get(key: string, range?: Range): Promise<Readable>
  stat(key: string): Promise<{ bytes: number; at: Date } | undefined>
  /** Deleting what is not there is fine: somebody was quicker. */
  delete(key: string): Promise<void>
  /** Everything there is, in any order: for the sweep that finds blobs without a row. */
  list(): AsyncIterable<{ key: string; bytes: number; at: Date }>
  staging: Staging
  close(): Promise<void>
}

export const isKey = (name: string): boolean => /^[A-Za-z0-9_-]{1,200}$/.test(name)

/** A key that could mean something to a file system or a URL is a mistake of ours, wherever it came from. */
export function checkedKey(key: string): string {
  if (!isKey(key)) throw new Error('This is no key of a blob.')
  return key
}

/** Both ends, within what is there. A range that begins behind the end is refused. */
export function checkedRange(range: Range | undefined, bytes: number): Required<Range> {
  const { start, end = bytes - 1 } = range ?? { start: 0 }
  if (range && (start < 0 || start >= bytes || end < start)) throw fail('invalid', 'invalid', { field: 'range' })
  return { start, end: Math.min(end, bytes - 1) }
}
