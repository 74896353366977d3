import { AsyncLocalStorage } from 'node:async_hooks'
import { sql, type Kysely } from 'kysely'
import type { Bus } from './bus/index.ts'
import type { Log } from './log.ts'
import type { Tracer } from './trace.ts'
import { afterCommit, within, type Tx } from './unit.ts'

/** Work for later: committed with the change that asks for it, done at least once by whichever process gets to it. */
export interface Jobs {
  enqueue(tx: Tx, kind: string, payload: unknown, how?: { runAt?: Date }): Promise<void>
  /** Takes back the jobs of a kind whose payload says the same, those that were given up included: nothing of them is kept. */
  withdraw(tx: Tx, kind: string, like: Record<string, string>): Promise<void>
  /** Says how jobs of a kind are done, and begins with those that wait. After a crash a job may be done a second time. */
  register<Payload>(kind: string, handler: (payload: Payload) => Promise<void>): void
  /** Does something again and again, each time in one process of the hub. */
  every(kind: string, everyMs: number, run: () => Promise<void>): void
  /** Takes no more; resolves when those under way are done. */
  drain(): Promise<void>
}

interface Job {
  id: number
  kind: string
  payload: unknown
  tries: number
}

export const maxTries = 5
const topic = 'jobs:all'
/** How long a job belongs to a process that says nothing more. */
const leaseMs = 30_000
const atOnce = 4

/** Commits a job with the change that asks for it. */
export async function enqueue(tx: Tx, kind: string, payload: unknown, { runAt }: { runAt?: Date } = {}): Promise<void> {
  await sql`insert into job (kind, payload, run_at) values (${kind}, ${JSON.stringify(payload)}::jsonb, coalesce(${runAt ?? null}::timestamptz, now()))`.execute(
    within(tx),
  )
  afterCommit({ topic, name: 'jobs.enqueued', payload: null, seq: null })
}

export async function withdraw(tx: Tx, kind: string, like: Record<string, string>): Promise<void> {
  await sql`delete from job where kind = ${kind} and payload @> ${JSON.stringify(like)}::jsonb`.execute(within(tx))
}

export function jobs(deps: {
  db: Kysely<any>
  bus: Pick<Bus, 'publish' | 'subscribe'>
  log: Log
  span?: Tracer
  lookEveryMs?: number
  /** How long a job waits after its nth try failed. */
  pauseMs?: (tries: number) => number
}): Jobs {
  const { db, bus, log, lookEveryMs = 5_000, pauseMs = (tries) => 1_000 * 5 ** tries } = deps
  const span: Tracer = deps.span ?? ((_kind, _name, run) => run())
  const handlers = new Map<string, (payload: any) => Promise<void>>()
  const underWay = new Map<Job, Promise<void>>()
  // Whoever wakes us does so under its own request.
  const here = AsyncLocalStorage.snapshot()
  const timers: NodeJS.Timeout[] = [setInterval(wake, lookEveryMs)]
  const renewing = setInterval(() => void renew().catch(troubled), leaseMs / 3)
  const unsubscribe = bus.subscribe(topic, wake)
  let looking: Promise<void> | undefined
  let isAskedAgain = false
  let isOver = false

  const troubled = (error: unknown) => log.warn({ error }, 'jobs cannot be looked for')

  function wake(): void {
    if (isOver || handlers.size === 0) return
    if (looking) {
      isAskedAgain = true
      return
    }
    looking = here(look)
      .catch(troubled)
      .finally(() => {
        looking = undefined
        if (isAskedAgain) {
          isAskedAgain = false
          wake()
        }
      })
  }

  async function look(): Promise<void> {
    const free = atOnce - underWay.size
    if (free <= 0) return
    const jobs = await claim(db, [...handlers.keys()], free)
    if (isOver) await giveBack(db, jobs)
    else for (const job of jobs) underWay.set(job, perform(job))
  }

  async function perform(job: Job): Promise<void> {
    try {
      await span('job', job.kind, () => handlers.get(job.kind)!(job.payload))
      await forget(db, job)
    } catch (error) {
      log.error({ operation: `job ${job.kind}`, error, tries: job.tries }, 'a job failed')
      // Even this may fail, for the same reason: then its lease ends, and it is tried again.
      await putOff(db, job, error, pauseMs(job.tries)).catch(troubled)
    }
    underWay.delete(job)
    wake()
  }

  async function renew(): Promise<void> {
    if (underWay.size > 0)
      await sql`update job set run_at = ${inMs(leaseMs)} where id = any(${[...underWay.keys()].map(({ id }) => id)}::bigint[])`.execute(db)
  }

  return {
    enqueue,
    withdraw,
    register(kind, handler) {
      handlers.set(kind, handler)
      wake()
    },
    every(kind, everyMs, run) {
      let isRunning = false
      const turn = async () => {
        if (isRunning || isOver) return
        isRunning = true
        try {
          if (await takeRound(db, kind, everyMs)) await span('job', kind, run)
        } catch (error) {
          log.warn({ operation: `job ${kind}`, error }, 'a round failed')
        }
        isRunning = false
      }
      void turn()
      timers.push(setInterval(() => void turn(), Math.min(everyMs, 60_000)))
    },
    async drain() {
      isOver = true
      unsubscribe()
      for (const timer of timers) clearInterval(timer)
      await looking
      await Promise.all(underWay.values())
      clearInterval(renewing)
    },
  }
}

const inMs = (ms: number) => sql`now() + make_interval(secs => ${ms / 1_000})`

/** Takes jobs that are due, for the time of a lease. A job that ended its process five times is parked like one that failed. */
async function claim(db: Kysely<any>, kinds: string[], most: number): Promise<Job[]> {
  const { rows } = await sql<Job & { isParked: boolean }>`
    update job set tries = tries + 1, run_at = ${inMs(leaseMs)}, parked_at = case when tries >= ${maxTries} then now() end
    where id in (
      select id from job where parked_at is null and run_at <= now() and kind = any(${kinds}::text[])
      order by run_at limit ${most} for update skip locked
    ) returning id, kind, payload, tries, parked_at is not null as is_parked`.execute(db)
  return rows.filter(({ isParked }) => !isParked)
}

/** The claim counted a try that nobody began, and would keep them for a lease. */
async function giveBack(db: Kysely<any>, jobs: readonly Job[]): Promise<void> {
  if (jobs.length === 0) return
  const [ids, tries] = [jobs.map(({ id }) => id), jobs.map((job) => job.tries)]
  await sql`
    update job set tries = job.tries - 1, run_at = now() from unnest(${ids}::bigint[], ${tries}::int[]) as mine (id, tries)
    where job.id = mine.id and job.tries = mine.tries`.execute(db)
}

async function forget(db: Kysely<any>, { id }: Job): Promise<void> {
  await sql`delete from job where id = ${id}`.execute(db)
}

async function putOff(db: Kysely<any>, { id, tries }: Job, error: unknown, pauseMs: number): Promise<void> {
  const fault = String(error).slice(0, 1_000)
  await sql`
    update job set fault = ${fault}, run_at = ${inMs(pauseMs)}, parked_at = case when tries >= ${maxTries} then now() end
    where id = ${id} and tries = ${tries}`.execute(db)
}

async function takeRound(db: Kysely<any>, kind: string, everyMs: number): Promise<boolean> {
  const { rows } = await sql`
    insert into job_round as round (kind, due_at) values (${kind}, ${inMs(everyMs)})
    on conflict (kind) do update set due_at = excluded.due_at where round.due_at <= now() returning 1`.execute(db)
  return rows.length > 0
}
