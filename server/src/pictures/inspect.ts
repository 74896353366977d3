import { Readable, Transform } from 'node:stream'
import { imageSize } from 'image-size'
import { fail } from '@atrium/platform'
import type { Picture } from '@atrium/protocol'
import { cleaned } from './clean/index.ts'
import { typeOf } from './rules.ts'

/** Sizes stand at the beginning, once what cameras put before it is gone. Profiles of colours may still be long. */
const headBytes = 1024 * 1024
/** Phones save pictures lying down and say which way is up: from 5 on, width is height. */
const firstSideways = 5

/** What arrives: passed on as it is to be kept, its beginning remembered, and what came counted. */
export function receive(content: Readable, maxBytes: number): { through: Readable; head: () => Buffer; bytes: () => number } {
  let bytes = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) done(fail('too_large', 'tooLarge', { params: { limit: maxBytes } }))
      else done(null, chunk)
    },
  })
  // A browser that goes away leaves a stream that neither ends nor fails, perhaps before we have begun to read.
  const brokeOff = () => fail('invalid', 'pictures.wrongLength')
  if (content.destroyed) throw brokeOff()
  const breakOff = () => void (content.readableEnded || counted.destroy(brokeOff()))
  content.on('error', breakOff).on('close', breakOff)
  // Whoever reads is told by the end of the stream; before somebody does, nobody listens, and that would end the process.
  counted.on('error', () => {})

  const kept: Buffer[] = []
  async function* through() {
    let length = 0
    for await (const piece of cleaned(content.pipe(counted))) {
      if (length < headBytes) kept.push(piece.subarray(0, headBytes - length))
      length += piece.length
      yield piece
    }
  }
  return { through: Readable.from(through(), { objectMode: false }), head: () => Buffer.concat(kept), bytes: () => bytes }
}

/** What the bytes say; undefined when they are none of the kinds we show. */
export function inspect(head: Buffer): Pick<Picture, 'type' | 'width' | 'height'> | undefined {
  try {
    const { type, width, height, orientation = 1 } = imageSize(head)
    const known = typeOf[type ?? '']
    if (!known || !(width > 0) || !(height > 0)) return undefined
    return orientation >= firstSideways ? { type: known, width: height, height: width } : { type: known, width, height }
  } catch {
    return undefined
  }
}
