import assert from 'node:assert/strict'
import { describe, expect, test } from 'vitest'
import { crc32 } from 'node:zlib'
import { imageSize } from 'image-size'
import { Canvas, hex } from '../../demo/canvas.ts'
import { cleaned } from './index.ts'

const secret = 'GPS 52.5163 N 13.3777 E'
const words = Buffer.from(secret)

/** In pieces of this many bytes, as a network may bring them. */
async function* inPieces(content: Buffer, bytes: number) {
  for (let at = 0; at < content.length; at += bytes) yield Buffer.from(content.subarray(at, at + bytes))
}
async function clean(content: Buffer, bytes = 65_536): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of cleaned(inPieces(content, bytes))) pieces.push(piece)
  return Buffer.concat(pieces)
}
const u16 = (n: number) => Buffer.from([n >> 8, n & 255])
const u32be = (n: number) => Buffer.from([n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255])
const u32le = (n: number) => Buffer.from(u32be(n).toReversed())

const segment = (kind: number, content: Buffer | string) => {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from([0xff, kind]), u16(bytes.length + 2), bytes])
}
const exif = (orientation: number, order: 'II' | 'MM' = 'MM') => {
  const [two, four] = order === 'MM' ? [u16, u32be] : [(n: number) => Buffer.from(u16(n).toReversed()), u32le]
  const entries = [
    [two(0x010f), two(2), four(words.length), four(50)],
    [two(0x0112), two(3), four(1), two(orientation), two(0)],
  ].flat()
  return Buffer.concat([Buffer.from(`Exif\0\0${order}`), two(42), four(8), two(2), ...entries, four(0), Buffer.alloc(12), words])
}
/** Two scans, stuffed bytes, restart markers and fill bytes. */
const drawing = {
  before: Buffer.concat([segment(0xe0, 'JFIF\0\x01\x02\0\0\x01\0\x01\0\0'), segment(0xe2, 'ICC_PROFILE\0\x01\x01colours')]),
  after: Buffer.concat([
    segment(0xee, 'Adobe\0\x64\0\0\0\0\x01'),
    segment(0xdb, Buffer.alloc(65, 1)),
    segment(0xc2, Buffer.from([8, 0, 30, 0, 40, 1, 1, 0x11, 0])),
    segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
    Buffer.from([1, 2, 0xff, 0, 3, 0xff, 0xd0, 4, 0xff, 0, 0xff, 0xd7, 5]),
    segment(0xc4, Buffer.alloc(20, 2)),
    segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
    Buffer.from([6, 7, 0xff, 0, 8]),
  ]),
}
const jpeg = (...descriptions: Buffer[]) =>
  Buffer.concat([Buffer.from([0xff, 0xd8]), drawing.before, ...descriptions, drawing.after, Buffer.from([0xff, 0xd9])])

const chunk = (kind: string, content: Buffer) => {
  const named = Buffer.concat([Buffer.from(kind), content])
  return Buffer.concat([u32be(content.length), named, u32be(crc32(named))])
}
const drawn = new Canvas(40, 30, () => hex('#336699')).png()
const afterHeader = 8 + 25

const riff = (...chunks: [string, Buffer][]) => {
  const all = chunks.map(([kind, content]) =>
    Buffer.concat([Buffer.from(kind), u32le(content.length), content, Buffer.alloc(content.length % 2)]),
  )
  const body = Buffer.concat([Buffer.from('WEBP'), ...all])
  return Buffer.concat([Buffer.from('RIFF'), u32le(body.length), body])
}
const features = (flags: number) => Buffer.from([flags, 0, 0, 0, 39, 0, 0, 29, 0, 0])
const blocks = (text: Buffer) => Buffer.concat([Buffer.from([text.length]), text, Buffer.from([0])])
const gifHead = Buffer.from([...Buffer.from('GIF89a'), 40, 0, 30, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255])
const gifImage = Buffer.from([0x21, 0xf9, 4, 0, 0, 0, 0, 0, 0x2c, 0, 0, 0, 0, 40, 0, 30, 0, 0x80, 9, 9, 9, 8, 8, 8, 2, 2, 0x4c, 1, 0])
const loop = Buffer.concat([Buffer.from([0x21, 0xff, 11]), Buffer.from('NETSCAPE2.0'), Buffer.from([3, 1, 0, 0, 0])])
const end = Buffer.from([0x3b])

/** What it was, with descriptions wherever there may be some; and what must be left. */
const pictures: [string, Buffer, Buffer][] = [
  [
    'a photograph',
    Buffer.concat([
      jpeg(segment(0xe1, exif(1)), segment(0xe1, `http://ns.adobe.com/xap/1.0/\0${secret}`), segment(0xed, `Photoshop 3.0\0${secret}`)),
      Buffer.from(`a film behind it: ${secret}`),
    ]),
    jpeg(),
  ],
  [
    'a photograph with comments, previews and further pictures',
    jpeg(
      segment(0xfe, secret),
      segment(0xe0, `JFXX\0${secret}`),
      segment(0xe2, `MPF\0${secret}`),
      segment(0xe7, secret),
      segment(0xef, secret),
    ),
    jpeg(),
  ],
  [
    'a PNG',
    Buffer.concat([
      drawn.subarray(0, afterHeader),
      ...['eXIf', 'tEXt', 'zTXt', 'iTXt', 'tIME', 'caBX', 'prVt'].map((kind) => chunk(kind, words)),
      chunk('pHYs', Buffer.alloc(9)),
      drawn.subarray(afterHeader),
      words,
    ]),
    Buffer.concat([drawn.subarray(0, afterHeader), chunk('pHYs', Buffer.alloc(9)), drawn.subarray(afterHeader)]),
  ],
  [
    'a WebP',
    Buffer.concat([
      riff(['VP8X', features(0x2c)], ['ICCP', words.subarray(0, 3)], ['VP8 ', Buffer.alloc(30, 7)], ['EXIF', words], ['XMP ', words]),
      words,
    ]),
    riff(
      ['VP8X', features(0x20)],
      ['ICCP', words.subarray(0, 3)],
      ['VP8 ', Buffer.alloc(30, 7)],
      ['JUNK', Buffer.alloc(words.length)],
      ['JUNK', Buffer.alloc(words.length)],
    ),
  ],
  [
    'a GIF',
    Buffer.concat([
      gifHead,
      loop,
      Buffer.from([0x21, 0xfe]),
      blocks(words),
      Buffer.from([0x21, 0xff, 11]),
      Buffer.from('XMP DataXMP'),
      blocks(words),
      gifImage,
      gifImage,
      end,
      words,
    ]),
    Buffer.concat([gifHead, loop, gifImage, gifImage, end]),
  ],
]

describe.each(pictures)('%s', (_name, described, plain) => {
  test.each([65_536, 7, 1])('keeps what is drawn and nothing of what is said, in pieces of %i bytes', async (bytes) => {
    assert.ok(described.includes(secret))
    expect(await clean(described, bytes)).toEqual(plain)
    expect(await clean(plain, bytes)).toEqual(plain)
  })

  test('wherever it breaks off, what came before is kept, and it ends', async () => {
    for (let length = 12; length < described.length; length += 5) assert.ok(!(await clean(described.subarray(0, length))).includes(secret))
  })
})

test.each([3, 6, 8])('a photograph that lies on its side (%i) still says so, and that alone', async (orientation) => {
  for (const order of ['II', 'MM'] as const) {
    const kept = await clean(jpeg(segment(0xe1, exif(orientation, order))))
    assert.equal(imageSize(kept).orientation, orientation)
    assert.ok(!kept.includes(secret))
    assert.equal(kept.length, jpeg().length + 36)
    expect(await clean(kept)).toEqual(kept)
  }
})

test('a description that lies about its own length is left out', async () => {
  for (const tiff of ['MM\0*\xff\xff\xff\xff', 'II*\0\x08\0\0\0\xff\xff', 'MM', '', `XX\0*${secret}`])
    expect(await clean(jpeg(segment(0xe1, Buffer.from(`Exif\0\0${tiff}`, 'latin1'))))).toEqual(jpeg())
})

test('random damage neither holds it up nor ends in anything but a picture or a refusal', async () => {
  for (const [, described] of pictures)
    for (let round = 0; round < 200; round++) {
      const damaged = Buffer.from(described)
      for (let n = 0; n < 4; n++) damaged[12 + ((round * 7919 + n * 104_729) % (damaged.length - 12))] = (round * 31 + n * 97) % 256
      assert.ok((await clean(damaged)).length <= damaged.length + 36)
    }
})
