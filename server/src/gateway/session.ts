import { sql, type Kysely } from 'kysely'
import type { Bus, Event, Log } from '@atrium/platform'
import type { Ending, Hub, Payload } from '@atrium/protocol'
import type { Connection } from './connection.ts'

type Revoked = Payload<Hub, 'directory.right.revoked'>
const topic = 'revocations:all'
/** How long a revocation is remembered, so that a handshake that looked up its session just before is caught too. */
const rememberedMs = 30_000

const endingOf = {
  locked: 'account_locked',
  deleted: 'account_deleted',
  signed_out: 'signed_out',
  session_ended: 'session_ended',
  password_changed: 'password_changed',
} as const satisfies Record<Exclude<Revoked, { kind: 'seat' }>['reason'], Ending>

/**
 * Cuts what depends on a right that was lost: by the bus at once, by a look at the journal within a second. Doing it twice
 * is harmless, so nothing is remembered of what came which way.
 */
export async function revocations(deps: {
  bus: Bus
  db: Kysely<any>
  log: Log
  connections: ReadonlyMap<string, Connection>
  end: (connection: Connection, ending: Ending) => void
  leaveSeat: (accountId: string, topic: string) => void
  everyMs?: number
}) {
  const { bus, db, log, connections, end, leaveSeat, everyMs = 1_000 } = deps
  const recent: { revoked: Revoked; at: number }[] = []
  let last = await standing(db)

  function revoke(revoked: Revoked): void {
    if (revoked.kind === 'seat') return leaveSeat(revoked.accountId, `room:${revoked.roomId}`)
    recent.push({ revoked, at: Date.now() })
    for (const connection of connections.values()) check(connection, revoked)
  }

  function check(connection: Connection, revoked: Revoked): void {
    if (revoked.kind === 'seat' || revoked.accountId !== connection.actor.accountId) return
    if (revoked.kind === 'session' && !revoked.sessionIds.includes(connection.actor.sessionId)) return
    end(connection, endingOf[revoked.reason])
  }

  async function look(): Promise<void> {
    while (recent[0] && recent[0].at < Date.now() - rememberedMs) recent.shift()
    for (const { payload, seq } of await revokedAfter(db, last)) {
      last = seq
      if (payload !== null) revoke(payload)
    }
  }

  const unsubscribe = bus.subscribe(topic, ({ payload }: Event) => payload !== null && revoke(payload as Revoked))
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    look()
      .catch((error) => log.warn({ error }, 'revocations could not be read'))
      .finally(() => (isLooking = false))
  }, everyMs)

  return {
    /** For a connection that was just let in: its right may have gone while we looked. */
    recheck(connection: Connection): void {
      for (const { revoked } of recent) check(connection, revoked)
    },
    stop(): void {
      clearInterval(timer)
      unsubscribe()
    },
  }
}

async function standing(db: Kysely<any>): Promise<number> {
  const { rows } = await sql<{ seq: number }>`select seq from topic where name = ${topic}`.execute(db)
  return rows[0]?.seq ?? 0
}

async function revokedAfter(db: Kysely<any>, last: number) {
  const { rows } = await sql<{ payload: Revoked | null; seq: number }>`
    select payload, seq from journal where topic = ${topic} and seq > ${last} order by seq limit 1000`.execute(db)
  return rows
}
