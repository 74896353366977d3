import type { Socket } from 'socket.io'
import type { Actor, Metrics } from '@atrium/platform'
import type { ClientToServer, Ending, Hub, ServerToClient } from '@atrium/protocol'
import { discardBacklog, letGo, terminate } from './wire.ts'

export interface About {
  actor: Actor
  /** When its session was looked up, by the clock of this process. */
  lookedAt: number
  source: string
  userAgent: string
  /** Where the person sees us. */
  origin: string
  /** What the handshake asked to watch: the input of `sync.watch`, or undefined. */
  watch: unknown
}
export type HubSocket = Socket<ClientToServer<Hub>, ServerToClient<Hub>, Record<string, never>, About>

/** One signed-in socket, and what it has on screen. */
export interface Connection {
  id: string
  actor: Actor
  socket: HubSocket
  watching: Set<string>
  /** Resolves when what was last asked to be on screen is. */
  watched: Promise<unknown>
  /** Operations that were asked for and not answered yet. */
  underWay: number
  /** When its session was last looked at, by the clock of this process, and how often. */
  lookedAt: number
  looks: number
  ending: Ending | undefined
}

const patienceMs = 2_000

/** Says why, then cuts. What waits is written first; who does not read is cut all the same. */
export function end(connection: Connection, ending: Ending, endings: Metrics['endings']): void {
  if (connection.ending) return
  connection.ending = ending
  endings.inc({ kind: 'socket', reason: ending })
  const { socket } = connection
  letGo(socket.conn)
  if (ending === 'too_slow') discardBacklog(socket.conn)
  socket.emit('hub.ending', { ending }, `account:${connection.actor.accountId}`)
  // Whoever is only moved away sees a transport that closed, and comes back by itself. Others are told to stay away.
  if (ending === 'draining' || ending === 'too_slow') socket.conn.close()
  else socket.disconnect(true)
  setTimeout(terminate, patienceMs, socket.conn).unref()
}
