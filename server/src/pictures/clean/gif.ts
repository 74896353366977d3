import type { Source } from './source.ts'

const trailer = 0x3b
const image = 0x2c
const extension = 0x21
const control = 0xf9
const application = 0xff
/** How often it repeats, and its colours. Others of this kind hold descriptions. */
const shown = new Set(['NETSCAPE2.0', 'ANIMEXTS1.0', 'ICCRGBG1012'])

export async function* cleanGif(source: Source): AsyncGenerator<Buffer> {
  const head = await source.take(13)
  yield head
  yield* source.pass(coloursIn(head[10] ?? 0))
  for (;;) {
    const [kind] = await source.take(1)
    if (kind === image) {
      const place = await source.take(9)
      yield Buffer.from([image])
      yield place
      yield* source.pass(coloursIn(place[8] ?? 0) + 1)
      yield* blocks(source)
    } else if (kind === extension) {
      const [label = 0, length = 0] = await source.peek(2)
      const name = label === application ? (await source.peek(2 + length)).toString('latin1', 2) : ''
      const isShown = label === control || shown.has(name)
      if (isShown) yield Buffer.from([extension])
      await source.take(1)
      if (isShown) yield Buffer.from([label])
      for await (const block of blocks(source)) if (isShown) yield block
    } else {
      // The end, or nothing that anybody could show.
      yield Buffer.from([trailer])
      return
    }
  }
}

const coloursIn = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0)

/** Each begins with its length; the last is empty. */
async function* blocks(source: Source): AsyncGenerator<Buffer> {
  for (;;) {
    const [length = 0] = await source.peek(1)
    yield await source.take(1 + length)
    if (length === 0) return
  }
}
