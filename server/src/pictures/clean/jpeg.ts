import type { Source } from './source.ts'

const marker = 0xff
const startOfImage = 0xd8
const endOfImage = 0xd9
const startOfScan = 0xda
const exif = 0xe1

/** Markers that stand alone: nothing, and the places from which a damaged picture goes on. */
const isAlone = (kind: number) => kind === 0x01 || (kind >= 0xd0 && kind <= startOfImage)

/** What is needed to draw it: frames, tables, scans, and of what applications add the kind of file and its colours. */
function isShown(kind: number, content: Buffer): boolean {
  if (kind >= 0xc0 && kind <= 0xdf) return true
  const begins = (text: string) => content.subarray(0, text.length).equals(Buffer.from(text, 'latin1'))
  return (kind === 0xe0 && begins('JFIF\0')) || (kind === 0xe2 && begins('ICC_PROFILE\0')) || (kind === 0xee && begins('Adobe'))
}

/**
 * Of the descriptions only one is kept: which way is up, without which half of all photographs would lie on their side.
 * What follows the picture goes too: telephones put films and further pictures there, with descriptions of their own.
 */
export async function* cleanJpeg(source: Source): AsyncGenerator<Buffer> {
  yield await source.take(2)
  for (;;) {
    await source.skipUntil(marker)
    while ((await source.peek(2))[1] === marker) await source.take(1)
    const [, kind] = await source.take(2)
    if (kind === undefined) return
    if (kind === endOfImage) {
      yield Buffer.from([marker, endOfImage])
      return
    }
    if (kind === 0 || isAlone(kind)) continue

    const length = await source.take(2)
    if (length.length < 2) return
    const content = await source.take(Math.max(0, length.readUInt16BE(0) - 2))
    if (isShown(kind, content)) yield* [Buffer.from([marker, kind]), length, content]
    else if (kind === exif) yield uprightBy(orientationIn(content))
    if (kind === startOfScan) yield* scan(source)
  }
}

/** Everything up to the next marker. Within a scan FF stands before 00, or before a number from which to go on. */
async function* scan(source: Source): AsyncGenerator<Buffer> {
  for (;;) {
    yield* source.passUntil(marker)
    const [, next] = await source.peek(2)
    if (next === undefined || (next !== 0 && !(next >= 0xd0 && next <= 0xd7))) return
    yield await source.take(2)
  }
}

/** From 2 to 8 it is mirrored or turned. 1 is as it is, and so is whatever cannot be read. */
export function orientationIn(content: Buffer): number {
  if (content.toString('latin1', 0, 6) !== 'Exif\0\0') return 1
  const tiff = content.subarray(6)
  const order = tiff.toString('latin1', 0, 2)
  if (order !== 'II' && order !== 'MM') return 1
  const at = (place: number, bytes: 2 | 4) =>
    place + bytes > tiff.length ? 0 : order === 'II' ? tiff.readUIntLE(place, bytes) : tiff.readUIntBE(place, bytes)
  const directory = at(4, 4)
  for (let n = 0; n < at(directory, 2); n++) {
    const entry = directory + 2 + 12 * n
    const isOrientation = at(entry, 2) === 0x0112 && at(entry + 2, 2) === 3
    if (isOrientation) return at(entry + 8, 2) >= 1 && at(entry + 8, 2) <= 8 ? at(entry + 8, 2) : 1
  }
  return 1
}

/** A description that says this and nothing else. */
function uprightBy(orientation: number): Buffer {
  if (orientation === 1) return Buffer.alloc(0)
  const description = Buffer.from(
    'ffe10022457869660000' + '4d4d002a00000008' + '0001' + '0112000300000001' + '00000000' + '00000000',
    'hex',
  )
  description.writeUInt16BE(orientation, 28)
  return description
}
