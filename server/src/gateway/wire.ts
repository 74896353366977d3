import type { WebSocket } from 'ws'
import type { HubSocket } from './connection.ts'

/** What lies below Socket.IO and has no public name: looked at here only. */
interface Wire {
  writeBuffer: { data?: unknown }[]
  transport: { socket: WebSocket }
}
type Conn = HubSocket['conn']
const wireOf = (conn: Conn) => conn as unknown as Wire

/** Bytes that wait because the other side does not read: those given to the socket, and those queued before it. */
export function backlogOf(conn: Conn): number {
  const { writeBuffer, transport } = wireOf(conn)
  let bytes = transport.socket.bufferedAmount
  for (const { data } of writeBuffer) if (typeof data === 'string') bytes += data.length
  return bytes
}

export const discardBacklog = (conn: Conn) => void wireOf(conn).writeBuffer.splice(0)
export const terminate = (conn: Conn) => wireOf(conn).transport.socket.terminate()
