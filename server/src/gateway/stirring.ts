import type { Event } from '@atrium/platform'
import { runningOf, type Hub, type Payload, type Running, type Stirring } from '@atrium/protocol'
import type { Connection } from './connection.ts'
import type { Interest } from './interest.ts'

type Said = { seq: number; authorId: string; excerpt: string; sentAt: string; mentions: readonly string[] }
interface Stirred {
  sent: Said[]
  isStale: boolean
  /** Undefined: nobody came to its meeting, or left. */
  running: Running | null | undefined
}
type Entry = Stirring['rooms'][number]
/** What one socket is told of one room. */
interface Line {
  room: string
  mentioned: boolean
  isShown: boolean
  of: Stirred
  accountId: string
}

/** What changes nothing that the list of rooms shows. */
const leavesTheListAlone: ReadonlySet<string> = new Set(['chat.message.reacted'])

/** More than that a screen does not need to hear of one by one: it asks. */
const enough = 100

/**
 * Tells sockets what happened in their rooms that are not on screen, merged, at most once a second. A message costs nothing
 * here but a note; once a second each stirred room's people are gone through, and equal letters are written once.
 */
export function stirring(deps: {
  interest: Pick<Interest, 'seatedIn'>
  excerptOf: (message: Payload<Hub, 'chat.message.sent'>) => string
  send: (connections: Connection[], payload: Stirring) => void
}) {
  const { interest, excerptOf, send } = deps
  const rooms = new Map<string, Stirred>()

  function note(topic: string): Stirred {
    const known = rooms.get(topic)
    if (known) return known
    const fresh: Stirred = { sent: [], isStale: false, running: undefined }
    rooms.set(topic, fresh)
    return fresh
  }

  return {
    /** True when there is something to tell. */
    heard(event: Event): boolean {
      if (event.name === 'chat.message.sent' && event.payload !== null) {
        const message = event.payload as Payload<Hub, 'chat.message.sent'>
        const { seq, authorId, sentAt, mentions } = message
        const stirred = note(event.topic)
        if (stirred.sent.length < enough) stirred.sent.push({ seq, authorId, excerpt: excerptOf(message), sentAt, mentions })
        else stirred.isStale = true
      } else if (event.name === 'meetings.meeting.changed') {
        if (event.payload === null) return false
        note(event.topic).running = runningOf(event.payload as Payload<Hub, 'meetings.meeting.changed'>)
      } else if (event.topic.startsWith('room:') && event.seq !== null && !leavesTheListAlone.has(event.name))
        note(event.topic).isStale = true
      else return false
      return true
    },

    /** Something may have happened there unheard: whoever has the room in a list asks. */
    doubt(topic: string): void {
      note(topic).isStale = true
    },

    flush(): void {
      const letters = new Map<Connection, Line[]>()
      for (const [topic, of] of rooms)
        for (const { actor, connections } of interest.seatedIn(topic)) {
          const mentioned = of.sent.some((said) => said.mentions.includes(actor.accountId))
          for (const connection of connections) {
            // What is said in a room on screen is seen there; where people meet is asked of one place only.
            const isShown = connection.watching.has(topic)
            if (isShown && of.running === undefined) continue
            const line = { room: topic.slice('room:'.length), mentioned, isShown, of, accountId: actor.accountId }
            const lines = letters.get(connection)
            if (lines) lines.push(line)
            else letters.set(connection, [line])
          }
        }
      rooms.clear()

      const alike = new Map<string, { connections: Connection[]; payload: Stirring }>()
      for (const [connection, lines] of letters) {
        const key = lines
          .map(({ room, mentioned, isShown, accountId }) => (isShown ? `${room} shown` : mentioned ? `${room} ${accountId}` : room))
          .join()
        const known = alike.get(key)
        if (known) known.connections.push(connection)
        else
          alike.set(key, {
            connections: [connection],
            payload: { rooms: lines.map((line) => entryFor(line)) },
          })
      }
      for (const { connections, payload } of alike.values()) send(connections, payload)
    },
  }
}

const entryFor = ({ room, of, isShown, accountId }: Line): Entry => ({
  roomId: room as Entry['roomId'],
  sent: isShown ? [] : (of.sent.map(({ mentions, ...said }) => ({ ...said, mentionsMe: mentions.includes(accountId) })) as Entry['sent']),
  isStale: of.isStale && !isShown,
  ...(of.running !== undefined && { running: of.running }),
})
