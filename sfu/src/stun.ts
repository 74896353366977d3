import { createHmac, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { crc32 } from 'node:zlib'

/** Where to knock, and what to say: as a browser is told it. */
export interface Door {
  address: string
  port: number
  usernameFragment: string
  password: string
}

const cookie = 0x2112a442
const types = { request: 0x0001, success: 0x0101 }
const attributes = { username: 0x0006, integrity: 0x0008, priority: 0x0024, useCandidate: 0x0025, fingerprint: 0x8028, controlling: 0x802a }
const tries = 3

/** Knocks over UDP as the ICE of a browser does. True if an answer came back. */
export function knock(door: Door, tryMs = 500): Promise<boolean> {
  const id = randomBytes(12)
  return answered(door, bindingRequest(door, id), id, tryMs)
}

/** Asks a STUN or TURN server where we are seen to come from, without a password. True if it answered. */
export function mirrored(address: string, port: number, tryMs = 500): Promise<boolean> {
  const id = randomBytes(12)
  return answered({ address, port }, message(id, Buffer.alloc(0), 0), id, tryMs)
}

async function answered({ address, port }: Pick<Door, 'address' | 'port'>, request: Buffer, id: Buffer, tryMs: number): Promise<boolean> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  const answer = Promise.withResolvers<boolean>()
  const isOurs = (said: Buffer) => said.length >= 20 && said.readUInt16BE(0) === types.success && said.subarray(8, 20).equals(id)
  socket.on('message', (said) => isOurs(said) && answer.resolve(true))
  // A name that does not resolve, a network that cannot be reached: no answer either.
  socket.on('error', () => answer.resolve(false))
  const send = () => socket.send(request, port, address, () => undefined)
  send()
  let sent = 1
  const trying = setInterval(() => (sent++ < tries ? send() : answer.resolve(false)), tryMs)
  try {
    return await answer.promise
  } finally {
    clearInterval(trying)
    socket.close()
  }
}

/** RFC 8489, with what RFC 8445 adds: the credentials that the other side chose, and that this pair is to be used. */
function bindingRequest({ usernameFragment, password }: Door, id: Buffer): Buffer {
  const body = Buffer.concat([
    attribute(attributes.username, Buffer.from(`${usernameFragment}:knock`)),
    attribute(attributes.priority, Buffer.from([0x7e, 0x7f, 0xff, 0xff])),
    attribute(attributes.controlling, randomBytes(8)),
    attribute(attributes.useCandidate, Buffer.alloc(0)),
  ])
  // Each of the two covers what stands before it, and a length that counts it already.
  const signed = Buffer.concat([
    body,
    attribute(
      attributes.integrity,
      createHmac('sha1', password)
        .update(message(id, body, 24))
        .digest(),
    ),
  ])
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE((crc32(message(id, signed, 8)) ^ 0x5354554e) >>> 0)
  return message(id, Buffer.concat([signed, attribute(attributes.fingerprint, sum)]), 0)
}

function message(id: Buffer, body: Buffer, stillToCome: number): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(types.request, 0)
  head.writeUInt16BE(body.length + stillToCome, 2)
  head.writeUInt32BE(cookie, 4)
  return Buffer.concat([head, id, body])
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(value.length, 2)
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)])
}
