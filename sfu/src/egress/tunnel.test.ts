import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { test } from 'vitest'
import { Renamed } from './tunnel.ts'

const from = 'rtmp://127.0.0.1:40123'
const greeting = randomBytes(1 + 2 * 1_536)
const after = randomBytes(300)

/** A name or a value, as AMF writes it. */
const named = (text: string) => Buffer.concat([Buffer.from([text.length >> 8, text.length & 255]), Buffer.from(text)])
const value = (text: string) => Buffer.concat([Buffer.from([2]), named(text)])
/** `connect`, in pieces of 128 bytes. */
function connect(address: string, padding: string): Buffer {
  const fields = [named('app'), value('live'), named('flashVer'), value(padding), named('tcUrl'), value(address)]
  const message = Buffer.concat([value('connect'), Buffer.from([0, 63, 240, 0, 0, 0, 0, 0, 0, 3]), ...fields, Buffer.from([0, 0, 9])])
  const head = Buffer.from([3, 0, 0, 0, 0, message.length >> 8, message.length & 255, 0x14, 0, 0, 0, 0])
  const pieces = [head]
  for (let at = 0; at < message.length; at += 128) pieces.push(Buffer.from(at === 0 ? [] : [0xc3]), message.subarray(at, at + 128))
  return Buffer.concat(pieces)
}
async function through(bytes: Buffer, to: string, size: number): Promise<Buffer> {
  const renamed = new Renamed(from, to)
  const all = buffer(renamed)
  for (let at = 0; at < bytes.length; at += size) renamed.write(bytes.subarray(at, at + size))
  renamed.end()
  return all
}

test('a server is told the address that is meant, and all else as it was, however it comes in pieces', async () => {
  for (const to of ['rtmp://a.b', 'rtmps://live.example.org', `rtmps://${'long.'.repeat(30)}example.org:8443`])
    for (const padding of ['', 'x'.repeat(40), 'FMLE/3.0 '.repeat(20)])
      for (const size of [1, 127, 1_000, 5_000]) {
        const told = await through(Buffer.concat([greeting, connect(`${from}/live`, padding), after]), to, size)
        assert.deepEqual(told, Buffer.concat([greeting, connect(`${to}/live`, padding), after]), `${to} ${padding.length} ${size}`)
      }
})

test('what does not begin as a stream does goes nowhere', async () => {
  await assert.rejects(through(Buffer.concat([greeting, connect('rtmp://elsewhere/live', ''), after]), 'rtmp://a.b', 5_000))
})
