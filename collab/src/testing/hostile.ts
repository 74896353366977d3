import { once } from 'node:events'
import { createEncoder, toUint8Array, writeUint8, writeVarString, writeVarUint, type Encoder } from 'lib0/encoding'
import { WebSocket } from 'ws'
import type { FileId } from '@atrium/protocol'
import { addressBytes, addressed, addressOf, say, sync } from '../frames.ts'
import type { DocumentNode } from './index.ts'

const bytes = (write: (encoder: Encoder) => void): Uint8Array => {
  const encoder = createEncoder()
  write(encoder)
  return toUint8Array(encoder)
}
const numbers = (encoder: Encoder, ...values: number[]) => {
  for (const value of values) writeVarUint(encoder, value)
}

/** n structs of n invented clients, far in the future: Yjs would park them all, quadratic in n. */
export const strangers = (n: number): Uint8Array =>
  bytes((encoder) => {
    numbers(encoder, n)
    for (let i = 0; i < n; i++) {
      numbers(encoder, 1, 200 + i, 100_000)
      writeUint8(encoder, 0)
      numbers(encoder, 1)
    }
    numbers(encoder, 0)
  })

/** One client, n times the same range: n walks over the whole document. */
export const deletes = (client: number, length: number, n: number): Uint8Array =>
  bytes((encoder) => {
    numbers(encoder, 0, 1, client, n)
    for (let i = 0; i < n; i++) numbers(encoder, 0, length)
  })

/** Nine bytes that make Yjs allocate an array of thirty million. */
export const claims = bytes((encoder) => numbers(encoder, 1, 30_000_000, 5, 0, 0, 1))

/**
 * Nothing is wrong with this one, but Yjs takes n² steps over it: each letter is put before the text, and right of a letter
 * of its own, so that all those before it have to be looked at.
 */
export const endless = (n: number, client = 77): Uint8Array =>
  bytes((encoder) => {
    numbers(encoder, 1, n + 1, client, 0)
    writeUint8(encoder, 4)
    numbers(encoder, 1)
    writeVarString(encoder, 't')
    writeVarString(encoder, 'x'.repeat(n + 1))
    for (let i = 0; i < n; i++) {
      writeUint8(encoder, 4 | 64)
      numbers(encoder, client, n - i)
      writeVarString(encoder, 'y')
    }
    numbers(encoder, 0)
  })

/** A bare socket that greets and then sends what it likes. */
export async function intruder(
  node: Pick<DocumentNode, 'address' | 'url' | 'sign'>,
  fileId: FileId,
  who: Parameters<DocumentNode['sign']>[1] = {},
) {
  const socket = new WebSocket(node.address, { origin: node.url })
  const heard: Uint8Array[] = []
  let ended = ''
  socket.on('message', (data: Buffer) => heard.push(data.subarray(addressBytes)))
  socket.on('close', (code, reason) => (ended = `${code} ${reason}`))
  await once(socket, 'open')
  socket.send(JSON.stringify({ fileId, ticket: await node.sign(fileId, who) }))
  const frame = (content: Uint8Array) => socket.send(addressed(addressOf(fileId), content))
  return {
    socket,
    heard,
    frame,
    update: (update: Uint8Array) => frame(say.sync(sync.update, update)),
    ended: () => ended,
  }
}
