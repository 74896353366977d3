import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, test } from 'vitest'
import { Refusal } from '../errors.ts'
import type { Blobs } from './index.ts'

export interface BlobsUnderTest {
  blobs: Blobs
  close(): Promise<void>
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const refused = (code: string) => (error: unknown) => error instanceof Refusal && error.failure.code === code
/** As an upload brings it: in pieces of odd lengths. */
async function* pieces(bytes: Buffer) {
  for (let at = 0, n = 1; at < bytes.length; at += n, n = (n * 7 + 13) % 60_000 || 1) yield bytes.subarray(at, at + n)
}

/** What every adapter of the port keeps. */
export function blobsContract(name: string, open: () => Promise<BlobsUnderTest>): void {
  let { blobs, close } = {} as BlobsUnderTest
  beforeAll(async () => {
    ;({ blobs, close } = await open())
  })
  afterAll(() => close?.())
  const read = async (key: string, range?: { start: number; end?: number }) => buffer(await blobs.get(key, range))

  test.each([0, 1, 65_537, 8_388_608, 20_000_000])(`${name}: %i bytes come back as they went in`, async (length) => {
    const bytes = randomBytes(length)
    const [streamed, whole] = [randomUUID(), randomUUID()]
    assert.deepEqual(await blobs.put(streamed, Readable.from(pieces(bytes))), { bytes: length, sha256: sha256(bytes) })
    assert.deepEqual(await blobs.put(whole, bytes), { bytes: length, sha256: sha256(bytes) })
    for (const key of [streamed, whole]) {
      assert.ok((await read(key)).equals(bytes))
      assert.equal((await blobs.stat(key))?.bytes, length)
    }
  })

  test(`${name}: a part of it is what was asked for`, async () => {
    const bytes = randomBytes(100_000)
    const key = randomUUID()
    await blobs.put(key, bytes)
    for (const [start, end] of [
      [0, 0],
      [0, 99_999],
      [99_999, 99_999],
      [500, 70_000],
      [99_000, 5_000_000],
    ] as const)
      assert.ok((await read(key, { start, end })).equals(bytes.subarray(start, end + 1)), `${start}–${end}`)
    assert.ok((await read(key, { start: 99_990 })).equals(bytes.subarray(99_990)))
    for (const range of [{ start: 100_000 }, { start: -1 }, { start: 5, end: 4 }])
      await assert.rejects(blobs.get(key, range), refused('invalid'))
  })

  test(`${name}: what is not there is not found, before the first byte, and may be deleted`, async () => {
    const key = randomUUID()
    await assert.rejects(blobs.get(key), refused('not_found'))
    assert.equal(await blobs.stat(key), undefined)
    await blobs.delete(key)
    await blobs.put(key, Buffer.from('x'))
    await blobs.delete(key)
    assert.equal(await blobs.stat(key), undefined)
  })

  test(`${name}: an upload that breaks or is too long leaves nothing`, async () => {
    const [broken, long] = [randomUUID(), randomUUID()]
    async function* breaking() {
      yield randomBytes(100_000)
      throw new Error('the line broke')
    }
    await assert.rejects(blobs.put(broken, Readable.from(breaking())), /the line broke/)
    await assert.rejects(blobs.put(long, Readable.from(pieces(randomBytes(50_000))), { maxBytes: 49_999 }), refused('too_large'))
    await assert.rejects(blobs.put(long, randomBytes(50_000), { maxBytes: 49_999 }), refused('too_large'))
    for (const key of [broken, long]) assert.equal(await blobs.stat(key), undefined)
    for await (const blob of blobs.list()) assert.ok(blob.key !== broken && blob.key !== long)
    assert.equal((await blobs.put(long, randomBytes(50_000), { maxBytes: 50_000 })).bytes, 50_000)
  })

  async function staged(key: string, offset: number, bytes: Buffer): Promise<number> {
    return blobs.staging.append(key, offset, pieces(bytes))
  }

  test.each([[0], [1], [65_537], [8_388_607], [8_388_608, 1], [20_000_000, 3, 9_000_000, 1]])(
    `${name}: what came in pieces is the same blob`,
    async (...lengths) => {
      const key = randomUUID()
      const parts = lengths.map((length) => randomBytes(length))
      let at = 0
      for (const part of parts) {
        assert.equal(await blobs.staging.size(key), at)
        assert.equal(await staged(key, at, part), (at += part.length))
      }
      assert.equal(await blobs.stat(key), undefined)
      for await (const blob of blobs.list()) assert.notEqual(blob.key.slice(0, key.length), key)
      await blobs.staging.finish(key)
      assert.ok((await read(key)).equals(Buffer.concat(parts)))
      await blobs.staging.finish(key)
      assert.ok((await read(key)).equals(Buffer.concat(parts)), 'finished again it is no other')
    },
  )

  test(`${name}: a piece that breaks off leaves what came of it, and is gone on with`, async () => {
    const key = randomUUID()
    const bytes = randomBytes(12_000_000)
    async function* breaking() {
      yield* pieces(bytes.subarray(0, 9_000_000))
      throw new Error('the line broke')
    }
    await assert.rejects(blobs.staging.append(key, 0, breaking()), /the line broke/)
    assert.equal(await blobs.staging.size(key), 9_000_000)
    await assert.rejects(staged(key, 9_000_001, bytes), /nothing can be added/)
    // Of what lies there, the end may be sent again.
    assert.equal(await staged(key, 8_500_000, bytes.subarray(8_500_000)), bytes.length)
    await blobs.staging.finish(key)
    assert.ok((await read(key)).equals(bytes))
  })

  test(`${name}: what is let go of is gone`, async () => {
    const key = randomUUID()
    await staged(key, 0, randomBytes(9_000_000))
    await blobs.staging.drop(key)
    await blobs.staging.drop(key)
    assert.equal(await blobs.staging.size(key), 0)
    assert.equal(await staged(key, 0, Buffer.from('anew')), 4)
    await blobs.staging.drop(key)
  })

  test(`${name}: the sweep sees every blob once`, async () => {
    // More than a store lists at once.
    const keys = Array.from({ length: 1_010 }, () => randomUUID())
    for (let n = 0; n < keys.length; n += 20)
      await Promise.all(keys.slice(n, n + 20).map((key, m) => blobs.put(key, Buffer.alloc((n + m) % 30))))
    const seen = new Map<string, number>()
    for await (const { key, bytes, at } of blobs.list()) {
      assert.ok(!seen.has(key) && Math.abs(Date.now() - at.getTime()) < 3_600_000)
      seen.set(key, bytes)
    }
    for (const [n, key] of keys.entries()) assert.equal(seen.get(key), n % 30)
  })

  test(`${name}: a key leads nowhere else`, async () => {
    for (const key of ['', '.', '..', '../x', 'a/b', 'a\\b', 'x\0', 'CON.txt', 'ä', 'x'.repeat(201)]) {
      await assert.rejects(blobs.put(key, Buffer.from('x')), /no key/, key)
      await assert.rejects(blobs.get(key), /no key/, key)
      await assert.rejects(async () => blobs.delete(key), /no key/, key)
    }
  })
}
