import type { WebSocket } from 'ws'
import type { HubSocket } from './connection.ts'

/** What lies below Socket.IO and has no public name: looked at here only. */
interface Wire {
  writeBuffer: { data?: unknown; options?: { wsPreEncodedFrame?: Buffer[] } }[]
  transport: { socket: WebSocket }
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
