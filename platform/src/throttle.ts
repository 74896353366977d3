import { sql, type Kysely } from 'kysely'

export interface Rate {
  times: number
  perMs: number
}

/** Keeps callers from asking too often. A rate is a bucket: `times` at once, and it fills up again within `perMs`. */
export interface Throttle {
  /** For this process: 0 if it may go on, and counts it; otherwise the milliseconds to wait. */
  take(key: string, rate: Rate): number
  /** For all processes: 0 if another try is allowed, otherwise the milliseconds to wait. Counts nothing. */
  check(key: string, rate: Rate): Promise<number>
  /** For all processes: counts a try that failed. */
  hit(key: string, rate: Rate): Promise<void>
  /** For all processes: forgets the tries that failed. */
  clear(key: string): Promise<void>
}

const sweepEveryMs = 60_000

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

    async check(key, rate) {
      const { rows } = await sql<{ level: number; ageMs: number }>`
        select level, extract(epoch from clock_timestamp() - at)::float8 * 1000 as age_ms from strike where key = ${key}`.execute(db)
      return rows[0] ? waitFor(leaked(rows[0].level, rows[0].ageMs, rate), rate) : 0
    },

    async hit(key, { times, perMs }) {
      await sql`
        insert into strike as s (key, level, at) values (${key}, 1, clock_timestamp())
        on conflict (key) do update set at = excluded.at,
          level = 1 + greatest(0, s.level - greatest(0, extract(epoch from excluded.at - s.at)::float8) * ${(1_000 * times) / perMs}::float8)`.execute(
        db,
      )
    },

    async clear(key) {
      await sql`delete from strike where key = ${key}`.execute(db)
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
