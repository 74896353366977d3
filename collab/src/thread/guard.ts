import { createDecoder, readVarUint, type Decoder } from 'lib0/decoding'
import { getState, type Doc } from 'yjs'
import { count, skipContent, skipText } from './guard.content.ts'

export const limits = { bytes: 8 << 20, structs: 250_000, newClients: 1_000, documentBytes: 64 << 20 }

/** gap: it builds on something that this document does not have. An honest author sends the rest when asked; nothing ever waits in a document. */
export type Verdict = 'fine' | 'gap' | 'too_large' | 'malformed'

/** Lengths of an item's info byte: 5 bits of kind, then what follows. */
const kindMask = 31
const hasOrigin = 128
const hasRightOrigin = 64
const hasParentKey = 32
const kind = { gc: 0, skip: 10 } as const

/**
 * Reads an update (version 1) without applying it: one pass, no allocation for each struct, nothing believed that the bytes
 * do not bear out. Yjs itself allocates what an update claims (9 bytes: 233 MB), parks what does not fit (quadratic in
 * clients), and walks overlapping deletes each anew (16 KB: 0.3 s).
 */
export function inspect(update: Uint8Array, document: Doc, limit = limits): Verdict {
  if (update.length > limit.bytes) return 'too_large'
  try {
    return new Inspection(update, document, limit).verdict()
  } catch {
    return 'malformed'
  }
}

class Inspection {
  readonly #decoder: Decoder
  readonly #document: Doc
  readonly #limit: typeof limits
  /** Of each client: the clock after the last struct that something builds on, and after the last that the update brings. */
  readonly #needed = new Map<number, number>()
  readonly #brought = new Map<number, number>()
  #structs = 0
  #strangers = 0
  #hasGap = false

  constructor(update: Uint8Array, document: Doc, limit: typeof limits) {
    this.#decoder = createDecoder(update)
    this.#document = document
    this.#limit = limit
  }

  verdict(): Verdict {
    const wrong = this.#structsOfAll() ?? this.#deletes()
    if (wrong) return wrong
    if (this.#hasGap) return 'gap'
    for (const [client, clock] of this.#needed) if (clock > Math.max(this.#known(client), this.#brought.get(client) ?? 0)) return 'gap'
    return 'fine'
  }

  #known(client: number): number {
    return getState(this.#document.store, client)
  }

  #need(client: number, clock: number): void {
    if (clock >= (this.#needed.get(client) ?? 0)) this.#needed.set(client, clock + 1)
  }

  #structsOfAll(): Verdict | undefined {
    const decoder = this.#decoder
    for (let clients = count(decoder); clients > 0; clients--) {
      const structs = count(decoder)
      const client = readVarUint(decoder)
      const clock = readVarUint(decoder)
      if (this.#brought.has(client) || structs === 0) return 'malformed'
      this.#structs += structs
      if (this.#structs > this.#limit.structs) return 'too_large'
      if (this.#known(client) === 0 && ++this.#strangers > this.#limit.newClients) return 'too_large'
      if (clock > this.#known(client)) this.#hasGap = true
      const end = this.#structsOf(structs, clock)
      if (!Number.isSafeInteger(end)) return 'malformed'
      this.#brought.set(client, end)
    }
    return undefined
  }

  #structsOf(structs: number, clock: number): number {
    const decoder = this.#decoder
    for (let n = 0; n < structs; n++) {
      if (decoder.pos >= decoder.arr.length) throw new RangeError('ends in the middle')
      const info = decoder.arr[decoder.pos++]!
      const what = info & kindMask
      if (what === kind.skip) this.#hasGap = true
      if (what === kind.gc || what === kind.skip) {
        clock += readVarUint(decoder)
        continue
      }
      if (info & hasOrigin) this.#need(readVarUint(decoder), readVarUint(decoder))
      if (info & hasRightOrigin) this.#need(readVarUint(decoder), readVarUint(decoder))
      if ((info & (hasOrigin | hasRightOrigin)) === 0) {
        if (readVarUint(decoder) === 1) skipText(decoder)
        else this.#need(readVarUint(decoder), readVarUint(decoder))
        if (info & hasParentKey) skipText(decoder)
      }
      clock += skipContent(decoder, what)
    }
    return clock
  }

  /** Honest deletes are sorted and merged; others cost Yjs ranges × structs. */
  #deletes(): Verdict | undefined {
    const decoder = this.#decoder
    const seen = new Set<number>()
    for (let clients = count(decoder); clients > 0; clients--) {
      const client = readVarUint(decoder)
      if (seen.has(client)) return 'malformed'
      seen.add(client)
      let after = -1
      for (let ranges = count(decoder); ranges > 0; ranges--) {
        const from = readVarUint(decoder)
        const to = from + readVarUint(decoder)
        if (from < after || to <= from) return 'malformed'
        this.#need(client, to - 1)
        after = to
      }
    }
    return undefined
  }
}
