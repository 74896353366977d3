import type { Source } from './source.ts'

const shown = new Set(['VP8 ', 'VP8L', 'VP8X', 'ANIM', 'ANMF', 'ALPH', 'ICCP'])
/** In the first byte of VP8X: there are EXIF and XMP further on. */
const announced = 0b1100

/** The length of the whole stands at the beginning, so what goes is overwritten in place, as a chunk that nobody knows. */
export async function* cleanWebp(source: Source): AsyncGenerator<Buffer> {
  const riff = await source.take(12)
  yield riff
  for (let left = riff.readUInt32LE(4) - 4; left >= 8;) {
    const header = await source.take(8)
    if (header.length < 8) return
    const kind = header.toString('latin1', 0, 4)
    const bytes = header.readUInt32LE(4)
    const padded = bytes + (bytes % 2)
    left -= 8 + padded
    if (kind === 'VP8X') {
      const features = Buffer.from(await source.take(Math.min(padded, 10)))
      if (features.length > 0) features[0]! &= ~announced
      yield header
      yield features
      yield* source.pass(padded - features.length)
    } else if (shown.has(kind)) {
      yield header
      yield* source.pass(padded)
    } else {
      yield Buffer.concat([Buffer.from('JUNK'), header.subarray(4)])
      for await (const gone of source.pass(padded)) yield Buffer.alloc(gone.length)
    }
  }
}
