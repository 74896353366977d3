import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'

/** What lies below a WebSocket and has no public name: looked at here only. */
type Wire = WebSocket & { _socket: Socket | null }

/** What is longer is not copied into a frame: it goes in two pieces. */
const longest = 0xffff
/** What everybody at a document is told is the same bytes, one after the other: framed once. */
let last: { bytes: Uint8Array; frame: Buffer } | undefined

/**
 * Sends a whole message. Short ones go straight to the connection in one piece: the layers between cost as much as the
 * kernel does. Nothing ever waits in these layers, so the order stays.
 */
export function send(socket: WebSocket, bytes: Uint8Array): void {
  const { _socket: below } = socket as Wire
  if (bytes.length > longest || !below) return socket.send(bytes)
  if (last?.bytes !== bytes) last = { bytes, frame: framed(bytes) }
  below.write(last.frame)
}

/** A message of bytes, unmasked, as a server sends it (RFC 6455, 5.2). */
function framed(bytes: Uint8Array): Buffer {
  const { length } = bytes
  const headLength = length < 126 ? 2 : 4
  const frame = Buffer.allocUnsafe(headLength + length)
  frame[0] = 0x82
  frame[1] = length < 126 ? length : 126
  if (headLength === 4) frame.writeUInt16BE(length, 2)
  frame.set(bytes, headLength)
  return frame
}
