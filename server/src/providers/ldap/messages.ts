import { Trouble } from './trouble.ts'

/**
 * A message is one entry. The longest that an honest server has is a group that names all its members in it: three hundred thousand by
 * their names. Pictures are not asked for.
 */
export const longestMessage = 32 * 2 ** 20
/** What comes as the answer to one question, which is a page of a thousand entries at most. */
export const longestAnswer = 256 * 2 ** 20
/** Pieces, such as values, of which each takes a few microseconds and two hundred bytes to read, however short it is. */
export const mostInMessage = 400_000
export const mostInAnswer = 2_000_000

/** Of the message that begins here; undefined while not even its length has come. */
function sizeOf(bytes: Buffer, longest: number): number | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes[1]!
  if (short < 0x80) return 2 + short
  const count = short & 0x7f
  if (count === 0 || count > 4) throw new Trouble('other', 'a message without a length')
  if (bytes.length < 2 + count) return undefined
  const size = 2 + count + bytes.readUIntBE(2, count)
  if (size > longest) throw new Trouble('tooLong', `a message of ${size} bytes`)
  return size
}

/** Bytes as they come, put together to whole messages. Each is copied once, in however many pieces it comes. */
export function wholeMessages(longest: number) {
  /** The beginning of one whose length has not come. */
  let head: Buffer = Buffer.alloc(0)
  let whole: { bytes: Buffer; filled: number } | undefined
  return {
    /** Throws `Trouble` at one that announces to be longer. */
    *take(came: Buffer): Generator<Buffer> {
      let rest = came
      while (rest.length > 0) {
        if (whole) {
          const copied = rest.copy(whole.bytes, whole.filled)
          whole.filled += copied
          rest = rest.subarray(copied)
          if (whole.filled < whole.bytes.length) return
          const { bytes } = whole
          whole = undefined
          yield bytes
          continue
        }
        const here: Buffer = head.length === 0 ? rest : Buffer.concat([head, rest])
        const size = sizeOf(here, longest)
        if (size === undefined) return void (head = here)
        head = Buffer.alloc(0)
        if (here.length < size) {
          whole = { bytes: Buffer.allocUnsafe(size), filled: 0 }
          rest = here
          continue
        }
        rest = here.subarray(size)
        yield here.subarray(0, size)
      }
    },
  }
}
