import type { Source } from './source.ts'

/** What changes how a picture looks or moves. Words, times, places and previews do not. */
const shown = new Set('IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs acTL fcTL fdAT'.split(' '))
const signatureBytes = 8
const checksumBytes = 4

export async function* cleanPng(source: Source): AsyncGenerator<Buffer> {
  yield await source.take(signatureBytes)
  for (;;) {
    const header = await source.take(8)
    if (header.length < 8) return
    const kind = header.toString('latin1', 4)
    const rest = header.readUInt32BE(0) + checksumBytes
    if (shown.has(kind)) {
      yield header
      yield* source.pass(rest)
    } else await source.skip(rest)
    if (kind === 'IEND') return
  }
}
