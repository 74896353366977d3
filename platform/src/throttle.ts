import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import { statement } from './db/statement.ts'

export interface Rate {
  times: number
  perMs: number
}

/** Something that is counted, and how much of it may be. */
export interface Count {
  key: string
  rate: Rate
}

/** Keeps callers from asking too often. A rate is a bucket: `times` at once, and it fills up again within `perMs`. */
export interface Throttle {
  /** For this process: 0 if it may go on, and counts it; otherwise the milliseconds to wait. */
  take(key: string, rate: Rate): number
  /** For all processes: 0 if all of these allow another try, otherwise the milliseconds to wait; and which of them count anything. `at`: asked there. */
  check(counts: readonly Count[], at?: QueryExecutorProvider): Promise<{ retryAfterMs: number; struck: string[] }>
  /** For all processes: counts a try that failed, in each of these. */
  hit(counts: readonly Count[]): Promise<void>
  /** For all processes: forgets the tries that failed. */
  clear(keys: readonly string[]): Promise<void>
}

const sweepEveryMs = 60_000

const findStrikes = statement<{ keys: string[] }, { key: string; level: number; ageMs: number }>(
  ({ keys }) => sql`
    select key, level, extract(epoch from clock_timestamp() - at)::float8 * 1000 as age_ms from strike where key = any(${keys}::text[])`,
)

export function throttle(db: Kysely<any>, now: () => number = () => performance.now()): Throttle {
  // A level counts what was taken and leaks away with time: whoever is at 0 need not be remembered.
  const buckets = new Map<string, { level: number; at: number; rate: Rate }>()
  let sweptAt = now()

  function sweep(at: number): void {
    if (at - sweptAt < sweepEveryMs) return
    sweptAt = at
    for (const [key, bucket] of buckets) if (leaked(bucket.level, at - bucket.at, bucket.rate) === 0) buckets.delete(key)
  }

  return {
    take(key, rate) {
      const at = now()
      sweep(at)
      const bucket = buckets.get(key)
      const level = bucket ? leaked(bucket.level, at - bucket.at, rate) : 0
      const waitMs = waitFor(level, rate)
      if (waitMs === 0) buckets.set(key, { level: level + 1, at, rate })
      return waitMs
    },

    async check(counts, at = db) {
      const rows = await findStrikes(at, { keys: counts.map(({ key }) => key) })
      const found = new Map(rows.map((row) => [row.key, row]))
      const waits = counts.map(({ key, rate }) => {
        const { level, ageMs } = found.get(key) ?? { level: 0, ageMs: 0 }
        return waitFor(leaked(level, ageMs, rate), rate)
      })
      return { retryAfterMs: Math.max(0, ...waits), struck: [...found.keys()] }
    },

    async hit(counts) {
      // Sorted: two who count the same never wait for each other.
      const sorted = counts.toSorted((one, other) => (one.key < other.key ? -1 : 1))
      const [keys, leaks] = [sorted.map(({ key }) => key), sorted.map(({ rate: { times, perMs } }) => (1_000 * times) / perMs)]
      await sql`
        with given as (select key, leak from unnest(${keys}::text[], ${leaks}::float8[]) as given (key, leak))
        insert into strike as s (key, level, at) select key, 1, clock_timestamp() from given
        on conflict (key) do update set at = excluded.at, level = 1 + greatest(0, s.level
          - greatest(0, extract(epoch from excluded.at - s.at)::float8) * (select leak from given where given.key = excluded.key))`.execute(
        db,
      )
    },

    async clear(keys) {
      await sql`delete from strike where key = any(${keys}::text[])`.execute(db)
    },
  }
}

/** For a maintenance job: a day later, no strike counts. */
export async function forgetStrikes(db: Kysely<any>): Promise<void> {
  await sql`delete from strike where at < now() - interval '1 day'`.execute(db)
}

const leaked = (level: number, afterMs: number, { times, perMs }: Rate): number =>
  Math.max(0, level - (Math.max(0, afterMs) * times) / perMs)
/** Until there is room for one more. */
const waitFor = (level: number, { times, perMs }: Rate): number =>
  level + 1 <= times ? 0 : Math.ceil(((level + 1 - times) * perMs) / times)
