import { fail } from '@atrium/platform'
import { cleanGif } from './gif.ts'
import { cleanJpeg } from './jpeg.ts'
import { cleanPng } from './png.ts'
import { Source } from './source.ts'
import { cleanWebp } from './webp.ts'

/** By its first bytes. */
function cleanerOf(start: Buffer) {
  const text = start.toString('latin1')
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return cleanPng
  if (text.startsWith('\xff\xd8\xff')) return cleanJpeg
  if (/^RIFF.{4}WEBP$/s.test(text)) return cleanWebp
  return /^GIF8[79]a/.test(text) ? cleanGif : undefined
}

/**
 * A picture without what it says beside itself: where and when it was taken, by which camera, with what preview, and whatever
 * hangs on behind its end. It flows through: a picture is never in memory as a whole, and never decoded here.
 */
export async function* cleaned(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = new Source(content)
  try {
    const clean = cleanerOf(await source.peek(12))
    if (!clean) throw fail('invalid', 'pictures.notAPicture')
    for await (const piece of clean(source)) if (piece.length > 0) yield piece
    // To the end, or whoever counts what came would miss it.
    await source.skip(Infinity)
  } finally {
    await source.close()
  }
}
