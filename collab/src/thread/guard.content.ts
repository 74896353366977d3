import { readVarInt, readVarUint, type Decoder } from 'lib0/decoding'

/** How deep a value may be nested. */
const maxDepth = 32

/** A number of things to follow, each of which takes at least one byte. */
export function count(decoder: Decoder): number {
  const n = readVarUint(decoder)
  if (n > decoder.arr.length - decoder.pos) throw new RangeError('claims more than it holds')
  return n
}

export function skipText(decoder: Decoder): void {
  const size = count(decoder)
  decoder.pos += size
}

const skipTexts = (decoder: Decoder): number => {
  const n = count(decoder)
  for (let i = 0; i < n; i++) skipText(decoder)
  return n
}

/** The kinds of content by their numbers on the wire; 9, a document within a document, is none of ours. */
const content: Record<number, (decoder: Decoder) => number> = {
  1: (decoder) => readVarUint(decoder), // deleted
  2: skipTexts, // JSON
  3: (decoder) => one(skipText(decoder)), // binary
  4: units, // string
  5: (decoder) => one(skipText(decoder)), // embed
  6: (decoder) => one(skipText(decoder), skipText(decoder)), // format: key, value
  7: type,
  8: (decoder) => {
    const n = count(decoder)
    for (let i = 0; i < n; i++) skipValue(decoder, 0)
    return n
  },
}

/** Skips a struct's content and returns its length in clock ticks. */
export function skipContent(decoder: Decoder, kind: number): number {
  const skip = content[kind]
  if (!skip) throw new RangeError('no such content')
  return skip(decoder)
}

const one = (..._skipped: void[]): number => 1

/** UTF-16 units of a UTF-8 text, as Yjs counts them. */
function units(decoder: Decoder): number {
  const end = count(decoder) + decoder.pos
  let length = 0
  for (; decoder.pos < end; decoder.pos++) {
    const byte = decoder.arr[decoder.pos]!
    if ((byte & 192) !== 128) length += byte >= 240 ? 2 : 1
  }
  return length
}

const lastType = 6
const named = new Set([3, 5]) // XmlElement and XmlHook carry a name

function type(decoder: Decoder): number {
  const which = readVarUint(decoder)
  if (which > lastType) throw new RangeError('no such type')
  if (named.has(which)) skipText(decoder)
  return 1
}

/** A value of lib0's "any" encoding. */
function skipValue(decoder: Decoder, depth: number): void {
  if (depth > maxDepth || decoder.pos >= decoder.arr.length) throw new RangeError('too deep')
  switch (decoder.arr[decoder.pos++]) {
    case 127: // undefined
    case 126: // null
    case 121: // false
    case 120: // true
      return
    case 125:
      readVarInt(decoder)
      return
    case 124: // float32
      decoder.pos += 4
      return
    case 123: // float64
    case 122: // bigint
      decoder.pos += 8
      return
    case 119: // string
    case 116: // bytes
      return skipText(decoder)
    case 118: // object
      for (let n = count(decoder); n > 0; n--) {
        skipText(decoder)
        skipValue(decoder, depth + 1)
      }
      return
    case 117: // array
      for (let n = count(decoder); n > 0; n--) skipValue(decoder, depth + 1)
      return
    default:
      throw new RangeError('no such value')
  }
}
