import assert from 'node:assert/strict'
import { test } from 'vitest'
import { senderReports, Track } from './rtp.ts'

const key = (width: number, height: number) => {
  const picture = Buffer.alloc(40)
  picture.set([0x10, 0, 0, 0x9d, 0x01, 0x2a])
  picture.writeUInt16LE(width, 6)
  picture.writeUInt16LE(height, 8)
  return picture
}
const delta = Buffer.from([0x11, 1, 2, 3, 4])

function rtp(seq: number, rtpTime: number, payload: Buffer, isLast = true): Buffer {
  const head = Buffer.alloc(12)
  head[0] = 0x80
  head[1] = 101 | (isLast ? 128 : 0)
  head.writeUInt16BE(seq & 65_535, 2)
  head.writeUInt32BE(rtpTime, 4)
  return Buffer.concat([head, payload])
}
const first = (picture: Buffer) => Buffer.concat([Buffer.from([0x10]), picture])
const more = (picture: Buffer) => Buffer.concat([Buffer.from([0x00]), picture])
function track(kind: 'audio' | 'video' = 'video') {
  let wanted = 0
  const one = new Track(kind, 300, () => wanted++)
  return { one, wanted: () => wanted }
}

test('packets in any order are pictures again, also where numbers begin anew', () => {
  const { one } = track()
  one.push(rtp(65_534, 1_000, first(key(640, 360).subarray(0, 20)), false), 0)
  one.push(rtp(0, 4_600, first(delta)), 2)
  one.push(rtp(65_535, 1_000, more(key(640, 360).subarray(20))), 3)
  assert.deepEqual(
    one.units.map(({ rtpTime, data }) => [rtpTime, data]),
    [
      [1_000, key(640, 360)],
      [4_600, delta],
    ],
  )
})

test('after a hole nothing is shown until a key frame, and one is asked for', () => {
  const { one, wanted } = track()
  one.push(rtp(1, 0, first(key(320, 180))), 0)
  one.push(rtp(3, 7_200, first(delta)), 10)
  assert.equal(one.units.length, 1, 'the hole may still be filled')
  one.drain(400)
  assert.deepEqual([one.units.length, wanted(), one.lost], [1, 2, 1])
  one.push(rtp(4, 10_800, first(delta)), 410)
  one.push(rtp(5, 14_400, first(key(320, 180))), 420)
  assert.equal(one.units.length, 2)
})

test('a key frame of a few bytes that announces a monstrous picture, or none at all, is refused before anybody decodes it', () => {
  const { one, wanted } = track()
  const liar = key(640, 360)
  liar[3] = 0
  for (const [n, picture] of [key(16_383, 16_383), key(2_561, 1_440), key(0, 100), key(640, 360).subarray(0, 10), liar].entries())
    one.push(rtp(n, n * 3_600, first(picture)), n)
  assert.equal(one.units.length, 0)
  assert.ok(wanted() >= 5)
  one.push(rtp(5, 18_000, first(key(2_560, 1_440))), 6)
  assert.equal(one.units.length, 1)
})

test('the time of capture follows the reports; before the first, the least delayed packet', () => {
  const { one } = track('audio')
  one.push(rtp(1, 4_294_967_000, Buffer.from([1])), 1_000)
  one.push(rtp(2, 664, Buffer.from([1])), 1_015)
  assert.equal(Math.round(one.capturedMs(664)), 1_015)
  one.reported(664, 2_000)
  assert.equal(Math.round(one.capturedMs(664 + 48)), 2_001)
})

test('random bytes are nothing, or packets, but never a fault', () => {
  const { one } = track()
  let seed = 20_261_121
  const next = (below: number) => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) % below
  for (let n = 0; n < 50_000; n++) {
    const bytes = Buffer.from(Array.from({ length: next(60) }, () => next(256)))
    if (bytes.length > 4 && n % 2) {
      bytes[0] = 0x80
      bytes.writeUInt16BE(n & 65_535, 2)
    }
    if (bytes.length >= 12) one.push(bytes, n)
    assert.ok([...senderReports(bytes)].length <= 2)
    assert.ok(one.units.length <= 1_000)
  }
})
