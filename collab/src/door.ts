import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { Refusal, type Log, type Metrics, type Tickets } from '@atrium/platform'
import { DocumentGreeting, type DocumentEnding } from '@atrium/protocol'

/** Within the range that applications may use; told apart by the reason, which is the ending's name. */
const closeCode: Record<DocumentEnding, number> = {
  draining: 4001,
  ticket_refused: 4003,
  not_found: 4004,
  too_large: 4009,
  malformed: 4007,
  shut_out: 4029,
  closed: 4000,
}
const closeWithinMs = 1_000
/** Who says nothing for so long is no page of ours. */
const greetingWithinMs = 5_000

interface Needs {
  tickets: Tickets
  endings: Metrics['endings']
  log: Log
}

/**
 * Lets in who greets with a ticket for a document on this node. There are no documents here yet, so whoever is let in is
 * told by name that there is none.
 */
export function documentDoor({ tickets, endings, log }: Needs) {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 16 << 10 })
  const open = new Set<WebSocket>()

  function close(socket: WebSocket, ending: DocumentEnding): void {
    endings.inc({ kind: 'document', reason: ending })
    socket.close(closeCode[ending], ending)
  }

  async function endingFor(text: string): Promise<DocumentEnding> {
    const greeting = DocumentGreeting.safeParse(parsed(text))
    if (!greeting.success) return 'ticket_refused'
    const { fileId, ticket } = greeting.data
    try {
      await tickets.verify(ticket, 'document', { fileId })
      return 'not_found'
    } catch (error) {
      if (error instanceof Refusal) return 'ticket_refused'
      log.error({ operation: 'document.enter', error })
      return 'closed'
    }
  }

  return {
    enter(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
      sockets.handleUpgrade(request, duplex, head, (socket) => {
        open.add(socket)
        socket.on('error', () => {}) // It is closed right after, and that is what is looked at.
        socket.on('close', () => open.delete(socket))
        const silent = setTimeout(() => close(socket, 'ticket_refused'), greetingWithinMs)
        socket.once('message', (data) => {
          clearTimeout(silent)
          void endingFor(String(data)).then((ending) => close(socket, ending))
        })
        socket.once('close', () => clearTimeout(silent))
      })
    },
    /** Tells everybody why, and waits for them a moment. */
    async end(ending: DocumentEnding): Promise<void> {
      const leaving = [...open].map((socket) => once(socket, 'close'))
      for (const socket of open) close(socket, ending)
      const cut = setTimeout(() => open.forEach((socket) => socket.terminate()), closeWithinMs)
      await Promise.all(leaving)
      clearTimeout(cut)
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
