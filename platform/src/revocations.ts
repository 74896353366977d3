import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout } from 'node:timers/promises'
import { sql, type Kysely } from 'kysely'
import { ticketLivesMs, type Hub, type Payload, type Ticket } from '@atrium/protocol'
import type { Bus } from './bus/index.ts'
import type { Log } from './log.ts'
import { every } from './rounds.ts'
import { factsAfter, standingsOf } from './sync.ts'
import { clockToleranceMs } from './tickets.ts'
import type { Reading } from './work.ts'

type Fact = Payload<Hub, 'directory.right.revoked'>
/** As a process is told: of a domain, everybody who is at home in it. */
export type Revoked =
  | Exclude<Fact, { kind: 'domain' }>
  | { kind: 'accounts'; accountIds: ReadonlySet<string>; reason: Extract<Fact, { kind: 'domain' }>['reason'] }
const topic = 'revocations:all'
const most = 1_000
const againMs = 200

/** `seq`: its number in the journal. */
type Listener = (revoked: Revoked, seq: number) => void
/** Hears of each right that is lost, until what it answers is called. */
export type OnRevoked = (listener: Listener) => () => void

/**
 * The number of the last right that was lost. Read before the look at somebody's rights, it says which losses that look knew of:
 * by the order of the journal, whatever the clocks of two machines say.
 */
export const lostUpTo = async (db: Reading<any>): Promise<number> => (await standingsOf(db, [topic])).get(topic) ?? 0

/**
 * Tells whoever listens of each right that was lost, once: by the bus at once, by a look at the journal within a second.
 * It begins with what is lost after this call.
 */
export async function revocations(deps: { db: Kysely<any>; bus: Pick<Bus, 'subscribe'>; log: Log; everyMs?: number }) {
  const { db, bus, log, everyMs = 1_000 } = deps
  const listeners = new Set<Listener>()
  const here = AsyncLocalStorage.snapshot()
  let last: number | undefined
  /** Told already, though one before them is missing. */
  const ahead = new Set<number>()

  function tell(seq: number, payload: unknown): void {
    if (last === undefined || seq <= last || ahead.has(seq)) return
    ahead.add(seq)
    while (ahead.delete(last + 1)) last++
    if (payload === null) return
    const fact = payload as Fact
    if (fact.kind === 'domain') void shut(fact, seq)
    else for (const listener of listeners) here(() => listener(fact, seq))
  }

  /** One fact for fifty thousand people: who they are is looked up once in each process. Until that answers, nobody is served anyway. */
  async function shut({ domainId, reason }: Extract<Fact, { kind: 'domain' }>, seq: number): Promise<void> {
    while (!isStopped)
      try {
        // One text: fifty thousand rows would keep everybody else waiting while they are read.
        const { rows } = await sql<{ ids: string | null }>`
          select string_agg(id::text, ',') as ids from account where domain_id = ${domainId} and kind <> 'guest'`.execute(db)
        const revoked: Revoked = { kind: 'accounts', accountIds: new Set(rows[0]?.ids?.split(',')), reason }
        for (const listener of listeners) here(() => listener(revoked, seq))
        return
      } catch (error) {
        log.warn({ error }, 'whose door was shut cannot be read')
        await setTimeout(againMs, undefined, { ref: false })
      }
  }

  async function look(): Promise<void> {
    const facts = await factsAfter(db, [{ topic, seq: last! }], most)
    // Numbers have no gaps: if the next one is not there, it was pruned, and nobody has been connected for that long.
    if (facts[0] && !ahead.has(last! + 1)) last = facts[0].seq! - 1
    for (const { seq, payload } of facts) tell(seq!, payload)
  }

  const unsubscribe = bus.subscribe(topic, ({ seq, payload }) => seq !== null && tell(seq, payload))
  last = await lostUpTo(db)

  let isStopped = false
  const stopLooking = every(everyMs, look, (error) => log.warn({ error }, 'revocations cannot be read'))

  const since = last
  return {
    /** The last that was lost before: of that and what came before it nobody is told. */
    since,
    onRevoked(listener: Listener): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stop(): void {
      isStopped = true
      stopLooking()
      unsubscribe()
    },
  }
}

/** When a ticket was signed, and which losses were known when what it gives was looked at. */
type Signed = Pick<Extract<Ticket, { purpose: 'media' }>, 'issuedAt' | 'asOf'>

/** A loss is kept for longer than a ticket lives: its clock may be ahead when it is signed and behind when it ends, and machines are slow. */
const slackMs = 2 * clockToleranceMs + 30_000
/** The signer hears of it a moment later, and its clock may be ahead of ours. */
const suspectMs = 5_000
const isGone = ({ kind }: Revoked) => kind === 'account' || kind === 'accounts' || kind === 'session'

/**
 * Losses of late, for whom tickets of this purpose let in. What lies in rows (a seat, a file) was looked at for the ticket: the
 * journal's order says whether before or after the loss. That a person or a session is gone is told to whoever signs: there, a
 * moment passes.
 */
export function recentLosses(purpose: 'media' | 'document', now: () => Date) {
  const lost: { revoked: Revoked; seq: number; at: number }[] = []
  return {
    add(revoked: Revoked, seq: number): void {
      const at = now().getTime()
      while (lost[0] && lost[0].at < at - ticketLivesMs[purpose] - slackMs) lost.shift()
      lost.push({ revoked, seq, at })
    },
    /** The first that this ticket is from before, and its number. */
    unknownTo: ({ issuedAt, asOf }: Signed, concerns: (revoked: Revoked) => boolean): { revoked: Revoked; seq: number } | undefined =>
      lost.find(({ revoked, seq, at }) => (asOf < seq || (isGone(revoked) && issuedAt <= at + suspectMs)) && concerns(revoked)),
  }
}

/** Whether a loss that is heard of now ends what a ticket has opened. */
export const isCutBy = ({ asOf }: Pick<Signed, 'asOf'>, revoked: Revoked, seq: number): boolean => isGone(revoked) || asOf < seq
