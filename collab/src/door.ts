import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { Refusal, type Log, type Metrics, type Rate, type Throttle, type Tickets } from '@atrium/platform'
import { ticketLivesMs, type DocumentEnding, type DocumentGreeting, type FileId } from '@atrium/protocol'
import type { Documents } from './documents.ts'
import { addressed, addressOf, message, say, tokenIn } from './frames.ts'
import { greetingOf, isEarly } from './greeting.ts'
import type { Rights } from './rights.ts'
import { limits } from './thread/guard.ts'
import { closeCode, Visit, type Claims } from './visit.ts'
import { send } from './wire.ts'

const closeWithinMs = 1_000
/** Who says nothing for so long is no page of ours. */
const greetingWithinMs = 5_000
/** A ticket that has lived this part of its life is to be replaced. */
const renewAt = ticketLivesMs.document / 2
/** A connection says something at least this often: both wires take longer silence for its end. */
const pingEveryMs = 12_000

/** Nobody has so many documents on screen. */
const maxVisitsOfAccount = 200
/** A page sends some sixty frames a second while somebody drags over its text. */
export const usualPace: Pace = { times: 1_000, perMs: 4_000, restMs: 250 }
/** So many frames of a visit are heard without a rest. */
export interface Pace extends Rate {
  restMs: number
}

interface Needs {
  tickets: Tickets
  endings: Metrics['endings']
  log: Log
  now: () => Date
  throttle: Pick<Throttle, 'take'>
  pace: Pace
  rights: (visits: ReadonlySet<Visit>) => Rights
  documents: Pick<Documents, 'enter' | 'hear' | 'leave' | 'turn'>
  homes: { isElsewhere: (fileId: FileId) => boolean }
}

/** Lets in who greets with a ticket for a document on this node, and looks at it again before it ends. */
export function documentDoor({ tickets, endings, log, now, throttle, pace, documents, homes, ...needs }: Needs) {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: limits.bytes + 1_024 })
  const strangers = new Set<WebSocket>()
  const visits = new Set<Visit>()
  const rights = needs.rights(visits)
  let lastId = 0

  function refuse(socket: WebSocket, ending: DocumentEnding, greeting?: DocumentGreeting): void {
    endings.inc({ kind: 'document', reason: ending })
    strangers.delete(socket)
    // Closed without a word, Hocuspocus' provider tries again and connects anew as well: twice at once.
    if (greeting?.speaks === 'hocuspocus') send(socket, addressed(addressOf(greeting.fileId), say.denied(ending)))
    socket.close(closeCode[ending], ending)
  }

  /** What a ticket says, or why it is not good. */
  async function claimsOf(token: string, fileId: FileId): Promise<Claims | DocumentEnding> {
    try {
      const { accountId, sessionId, mode, asOf, issuedAt, expiresAt } = await tickets.verify(token, 'document', { fileId })
      const claims = { fileId, accountId, sessionId, mode, asOf, issuedAt, expiresAt }
      return rights.lostSince(claims) ?? (homes.isElsewhere(fileId) ? 'moved' : claims)
    } catch (error) {
      if (error instanceof Refusal) return 'ticket_refused'
      log.error({ operation: 'document.enter', error })
      return 'closed'
    }
  }

  function greeted(socket: WebSocket): void {
    const silent = setTimeout(() => refuse(socket, 'ticket_refused'), greetingWithinMs)
    /** What follows the greeting waits until that was looked at. */
    const waiting: Buffer[] = []
    let hear: (data: Buffer, isBinary: boolean) => void = (bytes, isBinary) => {
      if (isEarly(bytes, isBinary)) return
      clearTimeout(silent)
      hear = (data) => void waiting.push(data)
      void admit(socket, greetingOf(bytes, isBinary)).then((visit) => {
        if (!visit) return
        hear = paced(visit)
        for (const data of waiting) hear(data, true)
      })
    }
    socket.on('message', (data: Buffer, isBinary) => hear(data, isBinary))
    socket.on('close', () => {
      clearTimeout(silent)
      strangers.delete(socket)
    })
  }

  async function admit(socket: WebSocket, greeting: DocumentGreeting | undefined): Promise<Visit | undefined> {
    // Not more than a greeting and what a page sends right after it.
    socket.pause()
    const claims = greeting ? await claimsOf(greeting.ticket, greeting.fileId) : 'ticket_refused'
    socket.resume()
    if (!greeting || typeof claims === 'string') return void refuse(socket, claims as DocumentEnding, greeting)
    if (!strangers.has(socket)) return undefined
    const theirs = [...visits].filter((visit) => visit.claims.accountId === claims.accountId)
    if (theirs.length >= maxVisitsOfAccount) return void refuse(socket, 'too_many', greeting)
    strangers.delete(socket)
    const visit: Visit = new Visit(++lastId, socket, greeting.speaks, claims, (ending) => left(visit, ending))
    visits.add(visit)
    socket.on('close', (code) => visit.end(code === 1009 ? 'too_large' : 'closed'))
    visit.say(say.authenticated(claims.mode))
    await documents.enter(visit)
    return visit
  }

  function left(visit: Visit, ending: DocumentEnding): void {
    endings.inc({ kind: 'document', reason: ending })
    visits.delete(visit)
    documents.leave(visit)
  }

  /**
   * What came is heard, in its order and to the end: whoever sends too much is read a piece at a time (of 64 KiB), with rests between.
   * What one account sends through many visits at once is read no faster than through one.
   */
  function paced(visit: Visit): (data: Buffer) => void {
    const key = `frames of visit ${visit.id}`
    return (data) => {
      heard(visit, data)
      if (visit.isOver || visit.socket.isPaused || throttle.take(key, pace) === 0) return
      const resting = [...visits].filter(({ socket, claims }) => socket.isPaused && claims.accountId === visit.claims.accountId).length
      visit.socket.pause()
      setTimeout(() => visit.socket.resume(), pace.restMs * (resting + 1)).unref()
    }
  }

  function heard(visit: Visit, data: Buffer): void {
    if (visit.isOver) return
    const frame = visit.read(data)
    if (!frame) return visit.end('ticket_refused')
    if (frame[0] === message.auth) void renew(visit, frame)
    else documents.hear(visit, frame)
  }

  /** A fresh ticket: it must be the same person's, and may allow less or more. */
  async function renew(visit: Visit, frame: Uint8Array): Promise<void> {
    let token: string | undefined
    try {
      token = tokenIn(frame)
    } catch {
      return visit.end('malformed')
    }
    const claims = token === undefined ? 'ticket_refused' : await claimsOf(token, visit.claims.fileId)
    if (visit.isOver) return
    if (typeof claims === 'string') return visit.end(claims)
    if (claims.accountId !== visit.claims.accountId) return visit.end('ticket_refused')
    const isTurned = claims.mode !== visit.claims.mode
    visit.claims = claims
    visit.askedAt = undefined
    if (isTurned) documents.turn(visit)
    visit.say(say.authenticated(claims.mode))
  }

  /** Tickets that near their end are asked for again; who cannot be asked comes again. */
  function lookAtTickets(): void {
    const time = now().getTime()
    for (const visit of [...visits])
      if (visit.claims.expiresAt <= time) visit.end('ticket_refused')
      else if (visit.claims.issuedAt + renewAt <= time && visit.askedAt !== visit.claims.issuedAt) {
        visit.askedAt = visit.claims.issuedAt
        visit.say(say.tokenWanted())
      }
  }

  const looking = setInterval(lookAtTickets, 1_000)
  const pinging = setInterval(() => {
    for (const visit of [...visits]) visit.ping()
  }, pingEveryMs)

  return {
    enter(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
      sockets.handleUpgrade(request, duplex, head, (socket) => {
        strangers.add(socket)
        socket.on('error', () => {}) // It is closed right after, and that is what is looked at.
        greeted(socket)
      })
    },
    /** Tells everybody why, and waits for them a moment. */
    async end(ending: DocumentEnding): Promise<void> {
      clearInterval(looking)
      clearInterval(pinging)
      rights.stop()
      const all = [...strangers, ...[...visits].map(({ socket }) => socket)]
      const leaving = all.map((socket) => once(socket, 'close'))
      for (const socket of [...strangers]) refuse(socket, ending)
      for (const visit of [...visits]) visit.end(ending)
      const cut = setTimeout(() => all.forEach((socket) => socket.terminate()), closeWithinMs)
      await Promise.all(leaving)
      clearTimeout(cut)
    },
  }
}
