import { Transform, type Readable } from 'node:stream'
import { imageSize } from 'image-size'
import { fail } from '@atrium/platform'
import type { Picture } from '@atrium/protocol'
import { typeOf } from './rules.ts'

/** Sizes stand at the beginning; cameras put up to some hundred KiB of descriptions before it. */
const headBytes = 1024 * 1024
/** Phones save pictures lying down and say which way is up: from 5 on, width is height. */
const firstSideways = 5

/** Passes a stream on and keeps its beginning. */
export function keepHead(content: Readable): { through: Readable; head: () => Buffer } {
  const kept: Buffer[] = []
  let length = 0
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (length < headBytes) kept.push(chunk.subarray(0, headBytes - length))
      length += chunk.length
      done(null, chunk)
    },
  })
  // A browser that goes away leaves a stream that neither ends nor fails, perhaps before we have begun to read.
  const brokeOff = () => fail('invalid', 'pictures.wrongLength')
  if (content.destroyed) throw brokeOff()
  const breakOff = () => void (content.readableEnded || through.destroy(brokeOff()))
  content.on('error', breakOff).on('close', breakOff)
  // Whoever reads is told by the end of the stream; before somebody does, nobody listens, and that would end the process.
  through.on('error', () => {})
  return { through: content.pipe(through), head: () => Buffer.concat(kept) }
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
