import type { Socket as NetSocket } from 'node:net'
import type { WebSocket } from 'ws'
import type { HubSocket } from './connection.ts'

/** What lies below Socket.IO and has no public name: looked at here only. */
interface Wire {
  writeBuffer: { data?: unknown; options?: { wsPreEncodedFrame?: Buffer[] } }[]
  transport: { socket: WebSocket & { _socket: NetSocket | null }; writable: boolean }
  write(packet: string, options: Frame['options']): void
}
type Conn = HubSocket['conn']
const wireOf = (conn: Conn) => conn as unknown as Wire

/** Bytes that wait because the other side does not read: those given to the socket, and those queued before it. */
export function backlogOf(conn: Conn): number {
  const { writeBuffer, transport } = wireOf(conn)
  let bytes = transport.socket.bufferedAmount
  for (const { data, options } of writeBuffer) {
    // What went to many is one frame, encoded once.
    if (options?.wsPreEncodedFrame) for (const part of options.wsPreEncodedFrame) bytes += part.length
    else if (typeof data === 'string') bytes += Buffer.byteLength(data)
  }
  return bytes
}

export const discardBacklog = (conn: Conn) => void wireOf(conn).writeBuffer.splice(0)
export const terminate = (conn: Conn) => wireOf(conn).transport.socket.terminate()

/** What is written leaves in one piece when it is let go: each piece costs as much as a small query. */
export const holdBack = (conn: Conn) => wireOf(conn).transport.socket._socket?.cork()
export const letGo = (conn: Conn) => wireOf(conn).transport.socket._socket?.uncork()

/** An event of Socket.IO for many sockets, encoded and framed once. */
export interface Frame {
  bytes: Buffer
  packet: string
  options: { wsPreEncodedFrame: [Buffer] }
}

export function frameOf(...event: unknown[]): Frame {
  const packet = `2${JSON.stringify(event)}`
  const bytes = framed(`4${packet}`)
  return { bytes, packet, options: { wsPreEncodedFrame: [bytes] } }
}

/**
 * Where nothing is queued, the bytes go straight to the connection in one piece: the layers between cost as much as the
 * kernel. Behind something that waits they wait in its queue, so the order stays.
 */
export function write(conn: Conn, { bytes, packet, options }: Frame): void {
  const { writeBuffer, transport } = wireOf(conn)
  const { socket } = transport
  if (writeBuffer.length === 0 && socket.readyState === socket.OPEN && socket._socket) socket._socket.write(bytes)
  else wireOf(conn).write(packet, options)
}

/** For what may be dropped: only where nothing at all waits. */
export function writeVolatile(conn: Conn, frame: Frame): void {
  if (wireOf(conn).transport.writable && backlogOf(conn) === 0) write(conn, frame)
}

/** A whole message of text, unmasked, as a server sends it (RFC 6455, 5.2). */
function framed(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const headLength = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(headLength + length)
  frame[0] = 0x81
  if (length < 126) frame[1] = length
  else if (length < 65_536) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(text, headLength)
  return frame
}
