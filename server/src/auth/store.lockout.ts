import { sql, type Kysely, type RawBuilder } from 'kysely'
import { statement, type Reading, type Tx } from '@atrium/platform'
import type { AccountId } from '@atrium/protocol'
import type { AuthTables } from './store.ts'

type Db = Reading<AuthTables> | Kysely<any>
const open = (db: Db | Tx) => db as unknown as Kysely<AuthTables>

export interface Try {
  /** Whose account it is tried at. */
  key: Buffer
  /** A keyed hash of what was tried. */
  mac: string
  from: string
  at: number
}

export interface Begun {
  /** Locked out already: nothing was counted. */
  standing: { until: Date | null } | undefined
  /** What is being looked at, and what was, within the window; undefined where nobody counts. */
  tries: Record<string, [number, string]> | undefined
  /** What the password is compared with. */
  hash: string | undefined
}
type Counting = Try & { accountId: AccountId; now: Date; since: number; isOn: boolean; attempts: number; share: number }
// Seen by every process at once, and on disk within the second: nobody who waits to sign in waits for that.
const begin = statement<Counting, { isOut: boolean; until: Date | null; tries: Begun['tries'] | null; hash: string | null }>(
  ({ accountId, key, mac, from, at, now, since, isOn, attempts, share }) => sql`
    with standing as (select until from lockout where key = ${key} and (until is null or until > ${now})),
    counted as (
      insert into guess as g (key, tries, seen_at)
      select ${key}, jsonb_build_object(${mac}::text, jsonb_build_array(${at}::float8, ${from}::text)), clock_timestamp()
      where ${isOn}::boolean and not exists (select from standing)
      on conflict (key) do update set seen_at = excluded.seen_at, tries = (
        select case
          when kept ? ${mac}::text then kept
          when (select count(*) from jsonb_object_keys(kept)) >= ${attempts}::int then kept
          when (select count(*) from jsonb_each(kept) as one where one.value ->> 1 = ${from}::text) >= ${share}::int then kept
          else kept || excluded.tries end
        from (select coalesce(jsonb_object_agg(one.key, one.value), '{}'::jsonb) as kept
          from jsonb_each(g.tries) as one where (one.value ->> 0)::float8 > ${since}::float8) as recent)
      returning tries)
    select exists (select from standing) as is_out, (select until from standing) as until, (select tries from counted) as tries,
      (select hash from credential where account_id = ${accountId}) as hash, set_config('synchronous_commit', 'off', true)`,
)
/**
 * Counts a try before it is looked at, in one statement, so that of fifty at once no more are looked at than may be. What was
 * tried before is there already; a network that has its share, and a count that is full, take no more.
 */
export async function beginTry(
  db: Db,
  accountId: AccountId,
  tried: Try,
  { isOn, attempts, windowMs, share }: { isOn: boolean; attempts: number; windowMs: number; share: number },
): Promise<Begun> {
  const { at } = tried
  const [row] = await begin(db, { ...tried, accountId, now: new Date(at), since: at - windowMs, isOn, attempts, share })
  const { isOut, until, tries, hash } = row!
  return { standing: isOut ? { until } : undefined, tries: tries ?? undefined, hash: hash ?? undefined }
}
/** It was right, or could not be looked at. */
export async function uncountTry(db: Db, key: Buffer, mac: string): Promise<void> {
  await sql`update guess set tries = tries - ${mac}::text where key = ${key}`.execute(open(db))
}
export async function forgetTries(db: Db | Tx, key: Buffer): Promise<void> {
  await sql`delete from guess where key = ${key}`.execute(open(db))
}

/** Of these accounts, those that are locked out. */
export async function findLockouts(
  db: Db | Tx,
  ids: readonly AccountId[],
  now: Date,
): Promise<{ accountId: AccountId; until: Date | null }[]> {
  const { rows } = await sql<{ accountId: AccountId; until: Date | null }>`
    select account_id, until from lockout where account_id = any(${ids}::uuid[]) and (until is null or until > ${now})`.execute(open(db))
  return rows
}
/** Until when an account is locked out, null where it is not. */
export const lockedOutUntil = (accountId: RawBuilder<unknown>, forever: Date, now: Date) => sql<Date | null>`(
  select coalesce(until, ${forever}) from lockout where lockout.account_id = ${accountId} and (until is null or until > ${now}))`
/** All who are locked out: a few, who are looked up. */
export const lockedOut = (now: Date) => sql<AccountId>`(
  select account_id from lockout where account_id is not null and (until is null or until > ${now}))`
/** `accountId`: undefined where it is of an address that nobody has. */
export async function lockOut(
  db: Db,
  { key, accountId, since, until }: { key: Buffer; accountId: AccountId | undefined; since: Date; until: Date | null },
): Promise<void> {
  await sql`insert into lockout as l (key, account_id, since, until) values (${key}, ${accountId ?? null}, ${since}, ${until})
    on conflict (key) do update set account_id = excluded.account_id, since = excluded.since, until = excluded.until
    where l.until is not null and l.until <= excluded.since`.execute(open(db))
  await forgetTries(db, key)
}
export async function liftLockout(db: Db | Tx, key: Buffer): Promise<void> {
  await sql`delete from lockout where key = ${key}`.execute(open(db))
  await forgetTries(db, key)
}
