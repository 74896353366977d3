import { sql, type Generated, type Kysely, type RawBuilder } from 'kysely'
import { behind, statement, type Actor, type Reading, type Tx } from '@atrium/platform'
import type { AccountId, Owed, Session as Shown, SessionId } from '@atrium/protocol'
import { longestIdleMs, type LinkPurpose } from './rules.ts'
import { isGood, stands } from './store.shut.ts'

export interface SessionRow {
  id: SessionId
  accountId: AccountId
  accountKind: Actor['kind']
  scope: string | null
  secretHash: Buffer
  device: string
  source: string
  startedAt: Date
  seenAt: Date
  expiresAt: Date
  endedAt: Date | null
  /** Before it opens anything. */
  owes: Owed[]
  /** When the password was last shown. */
  confirmedAt: Date | null
  kind: Shown['kind']
  /** The administrator who looks through this person's eyes, and the session that comes back afterwards. */
  openedBy: AccountId | null
  openedFrom: SessionId | null
}
export interface Credential {
  hash: string
  changedAt: Date
  mustChange: boolean
}
export interface LinkRow {
  secretHash: Buffer
  purpose: LinkPurpose
  accountId: AccountId | null
  expiresAt: Date
  usedAt: Date | null
  /** Which command used it: a repetition of that one is no second use. */
  usedByClient: string | null
  /** What it is about besides its account. */
  detail: LinkDetail | null
}
export interface LinkDetail {
  address?: string
  what?: 'totp' | 'passkey' | 'application'
}
export interface AuthTables {
  credential: { accountId: AccountId; hash: string; changedAt: Date; mustChange: Generated<boolean> }
  session: SessionRow & { openedAt: Generated<Date> }
  passwordHistory: { accountId: AccountId; hash: string; changedAt: Date }
  link: LinkRow & { madeAt: Generated<Date> }
  guess: { key: Buffer; tries: Record<string, [number, string]>; seenAt: Date }
  /** `accountId`: null where it is of an address that nobody has. */
  lockout: { key: Buffer; accountId: AccountId | null; since: Date; until: Date | null }
  factorGrace: { accountId: AccountId; since: Date }
  knownSource: { accountId: AccountId; source: string; seenAt: Date }
}
type Db = Reading<AuthTables> | Kysely<any>
const open = (db: Db | Tx) => db as unknown as Kysely<AuthTables>

export async function findCredential(db: Db | Tx, accountId: AccountId): Promise<Credential | undefined> {
  return open(db).selectFrom('credential').select(['hash', 'changedAt', 'mustChange']).where('accountId', '=', accountId).executeTakeFirst()
}

/** The one before goes into the history, of which so many are kept. */
export async function saveCredential(
  tx: Tx,
  accountId: AccountId,
  { hash, changedAt, mustChange }: Credential,
  history: number,
): Promise<void> {
  await sql`insert into password_history (account_id, hash, changed_at)
    select account_id, hash, changed_at from credential where account_id = ${accountId} and ${history} > 0
    on conflict do nothing`.execute(open(tx))
  await sql`delete from password_history where account_id = ${accountId} and changed_at not in (
    select changed_at from password_history where account_id = ${accountId} order by changed_at desc limit ${history})`.execute(open(tx))
  await open(tx)
    .insertInto('credential')
    .values({ accountId, hash, changedAt, mustChange })
    .onConflict((already) => already.column('accountId').doUpdateSet({ hash, changedAt, mustChange }))
    .execute()
}
export async function dropCredential(tx: Tx, accountId: AccountId): Promise<void> {
  await open(tx).deleteFrom('credential').where('accountId', '=', accountId).execute()
}
/** The newest first. */
export async function earlierHashes(db: Db, accountId: AccountId, most: number): Promise<string[]> {
  const rows = await open(db)
    .selectFrom('passwordHistory')
    .select('hash')
    .where('accountId', '=', accountId)
    .orderBy('changedAt', 'desc')
    .limit(most)
    .execute()
  return rows.map(({ hash }) => hash)
}
/** Of these, who has a password of ours, and whether it must be changed. */
export async function credentialsOf(
  db: Db | Tx,
  ids: readonly AccountId[],
): Promise<Map<AccountId, { changedAt: Date; mustChange: boolean }>> {
  const rows = await open(db)
    .selectFrom('credential')
    .select(['accountId', 'changedAt', 'mustChange'])
    .where('accountId', '=', sql<AccountId>`any(${ids}::uuid[])`)
    .execute()
  return new Map(rows.map(({ accountId, ...rest }) => [accountId, rest]))
}

export interface Entrance {
  credential: Credential | undefined
  /** Locked out by wrong passwords. */
  lockout: { until: Date | null } | undefined
  /** Since when they sign in without a second factor that they must have. */
  graceSince: Date | undefined
}
const entrance = statement<
  { accountId: AccountId; now: Date },
  { hash: string | null; changedAt: Date | null; mustChange: boolean | null; isOut: boolean; until: Date | null; since: Date | null }
>(
  ({ accountId, now }) => sql`
    select credential.hash, credential.changed_at, credential.must_change, lockout.account_id is not null as is_out, lockout.until, grace.since
    from (select ${accountId}::uuid as id) as coming
    left join credential on credential.account_id = coming.id
    left join lockout on lockout.account_id = coming.id and (lockout.until is null or lockout.until > ${now})
    left join factor_grace as grace on grace.account_id = coming.id`,
)
/** What is kept here of somebody who comes in: one statement. */
export async function findEntrance(tx: Tx, accountId: AccountId, now: Date): Promise<Entrance> {
  const [row] = await entrance(open(tx), { accountId, now })
  const { hash, changedAt, mustChange, isOut, until, since } = row!
  return {
    credential: hash === null ? undefined : { hash, changedAt: changedAt!, mustChange: mustChange! },
    lockout: isOut ? { until } : undefined,
    graceSince: since ?? undefined,
  }
}

/** Since when somebody signs in without the second factor they must have: from now on, if this is the first time. */
export async function graceSince(tx: Tx, accountId: AccountId, now: Date): Promise<Date> {
  const { since } = await open(tx)
    .insertInto('factorGrace')
    .values({ accountId, since: now })
    .onConflict((already) => already.column('accountId').doUpdateSet({ since: sql`factor_grace.since` }))
    .returning('since')
    .executeTakeFirstOrThrow()
  return since
}
export async function findGrace(db: Db | Tx, accountId: AccountId): Promise<Date | undefined> {
  return (await open(db).selectFrom('factorGrace').select('since').where('accountId', '=', accountId).executeTakeFirst())?.since
}
/** Nothing is asked of them any more: if it is again one day, the days of grace begin anew. */
export async function endGrace(tx: Tx, accountId: AccountId): Promise<void> {
  await open(tx).deleteFrom('factorGrace').where('accountId', '=', accountId).execute()
}

const sessionColumns = [
  'id',
  'accountId',
  'accountKind',
  'scope',
  'device',
  'source',
  'startedAt',
  'seenAt',
  'expiresAt',
  'endedAt',
  'owes',
  'confirmedAt',
  'kind',
  'openedBy',
  'openedFrom',
] as const
export type Session = Omit<SessionRow, 'secretHash'>

/** By the hashes of their secrets, in base64url. */
export async function findSessions(db: Db, secretHashes: readonly string[]): Promise<Map<string, Session>> {
  const hashes = secretHashes.map((hash) => Buffer.from(hash, 'base64url'))
  const found = await open(db)
    .selectFrom('session')
    .select([...sessionColumns, 'secretHash'])
    .where('secretHash', '=', sql<Buffer>`any(${hashes}::bytea[])`)
    .where(stands)
    .execute()
  return new Map(found.map(({ secretHash, ...session }) => [secretHash.toString('base64url'), session]))
}

export async function findSessionsById(db: Db, ids: readonly SessionId[]): Promise<Session[]> {
  return open(db)
    .selectFrom('session')
    .select(sessionColumns)
    .where('id', '=', sql<SessionId>`any(${ids}::uuid[])`)
    .where(stands)
    .execute()
}

/** Locks the session: its owner's, or nobody's. */
export async function holdSession(tx: Tx, accountId: AccountId, id: SessionId): Promise<Session | undefined> {
  return open(tx)
    .selectFrom('session')
    .select(sessionColumns)
    .where('id', '=', id)
    .where('accountId', '=', accountId)
    .where(stands)
    .forUpdate()
    .executeTakeFirst()
}

interface Besides {
  from?: string | undefined
  guess?: Buffer | undefined
}
const insertSession = (has: { from: boolean; guess: boolean }) =>
  statement<SessionRow & Besides, unknown>((it) => {
    const known = sql`known as (
      insert into known_source (account_id, source, seen_at) values (${it.accountId}, ${it.from}, ${it.seenAt})
      on conflict (account_id, source) do update set seen_at = excluded.seen_at)`
    const forgotten = sql`forgotten as (delete from guess where key = ${it.guess})`
    const asWell = [...(has.from ? [known] : []), ...(has.guess ? [forgotten] : [])]
    return sql`${behind}${asWell.length > 0 ? sql`with ${sql.join(asWell)}` : sql``}
      insert into session (id, account_id, account_kind, scope, secret_hash, device, source, started_at, seen_at, expires_at,
        ended_at, owes, confirmed_at, kind, opened_by, opened_from)
      values (${it.id}, ${it.accountId}, ${it.accountKind}, ${it.scope}, ${it.secretHash}, ${it.device}, ${it.source}, ${it.startedAt},
        ${it.seenAt}, ${it.expiresAt}, ${it.endedAt}, ${it.owes}::text[], ${it.confirmedAt}, ${it.kind}, ${it.openedBy}, ${it.openedFrom})`
  })
const insertions = [false, true].map((from) => [false, true].map((guess) => insertSession({ from, guess })))
/** `from`: somebody signed in from that network, so it is nowhere strange any more. `guess`: what was tried there counts no more. */
export async function addSession(tx: Tx, session: SessionRow, { from, guess }: Besides = {}): Promise<void> {
  await insertions[Number(from !== undefined)]![Number(guess !== undefined)]!(open(tx), { ...session, from, guess })
}

export async function touchSessions(tx: Tx, ids: readonly SessionId[], seenAt: Date): Promise<void> {
  const those = open(tx).updateTable('session').set({ seenAt })
  await those
    .where('id', '=', sql<SessionId>`any(${ids}::uuid[])`)
    .where('seenAt', '<', seenAt)
    .execute()
}

/**
 * When people were last here, as the list of accounts says it: taken from their sessions, and written for each at most once in
 * some minutes. Who looks through somebody's eyes is not them.
 */
export async function noteSeen(tx: Tx, since: Date, coarseMs: number): Promise<void> {
  await sql`update account set seen_at = used.seen_at
    from (select account_id, max(seen_at) as seen_at from session
      where seen_at > ${since} and account_kind = 'person' and owes = '{}' and opened_by is null group by account_id) as used
    where account.id = used.account_id and used.seen_at - account.seen_at >= make_interval(secs => ${coarseMs / 1_000})`.execute(open(tx))
}

/** The same session with another secret: whoever had the old one has nothing. */
export async function renewSession(
  tx: Tx,
  id: SessionId,
  renewed: Pick<SessionRow, 'secretHash' | 'expiresAt' | 'owes' | 'confirmedAt'>,
): Promise<void> {
  await open(tx).updateTable('session').set(renewed).where('id', '=', id).execute()
}
export async function confirmSession(tx: Tx, id: SessionId, confirmedAt: Date): Promise<void> {
  await open(tx).updateTable('session').set({ confirmedAt }).where('id', '=', id).execute()
}

export interface Which {
  except?: SessionId
  only?: SessionId | readonly SessionId[]
}
/** Resolves to those that were open until now. */
export async function endSessions(tx: Tx, accountId: AccountId, at: Date, which: Which = {}): Promise<SessionId[]> {
  let ending = open(tx).updateTable('session').set({ endedAt: at }).where('accountId', '=', accountId).where('endedAt', 'is', null)
  if (which.except) ending = ending.where('id', '<>', which.except)
  if (which.only) ending = ending.where('id', '=', sql<SessionId>`any(${[which.only].flat()}::uuid[])`)
  return (await ending.returning('id').execute()).map(({ id }) => id)
}

/** Those that have begun and not ended; which of them time has ended is a rule. */
export async function listSessions(db: Db, accountId: AccountId, now: Date): Promise<Session[]> {
  return open(db)
    .selectFrom('session')
    .select(sessionColumns)
    .where('accountId', '=', accountId)
    .where('endedAt', 'is', null)
    .where('expiresAt', '>', now)
    .where(sql<boolean>`owes = '{}'`)
    .where(stands)
    .orderBy('seenAt', 'desc')
    .orderBy('id')
    .execute()
}

const linkColumns = ['secretHash', 'purpose', 'accountId', 'expiresAt', 'usedAt', 'usedByClient', 'detail'] as const

export async function addLink(
  tx: Tx | Kysely<any>,
  link: Pick<LinkRow, 'secretHash' | 'purpose' | 'accountId' | 'expiresAt' | 'detail'>,
): Promise<void> {
  await open(tx)
    .insertInto('link')
    .values({ ...link, usedAt: null, usedByClient: null })
    .execute()
}

export async function findLink(db: Db, secretHash: Buffer): Promise<LinkRow | undefined> {
  return open(db).selectFrom('link').select(linkColumns).where('secretHash', '=', secretHash).where(isGood).executeTakeFirst()
}

/** Uses the link up, or finds it used: of two at once the second waits for the first, and comes too late. */
export async function takeLink(tx: Tx, secretHash: Buffer, clientId: string, now: Date): Promise<LinkRow | undefined> {
  return open(tx)
    .updateTable('link')
    .set({ usedAt: now, usedByClient: clientId })
    .where('secretHash', '=', secretHash)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', now)
    .where(isGood)
    .returning(linkColumns)
    .executeTakeFirst()
}

/** An account has one link of a purpose at a time, and none is good after what it was for has happened otherwise. */
export async function forgetLinks(tx: Tx, accountId: AccountId, purposes: readonly LinkPurpose[]): Promise<void> {
  await open(tx)
    .deleteFrom('link')
    .where('accountId', '=', accountId)
    .where('usedAt', 'is', null)
    .where('purpose', 'in', purposes)
    .execute()
}

/** Whether somebody signed in from there before, to the account that has an address: `accountAt` finds it. */
export function knownSources(accountAt: (address: RawBuilder<string>) => RawBuilder<AccountId>) {
  const find = statement<{ address: string; source: string }, { seenAt: Date }>(
    ({ address, source }) => sql`select seen_at from known_source where account_id = ${accountAt(address)} and source = ${source}`,
  )
  return async (db: Db, address: string, source: string): Promise<boolean> => (await find(open(db), { address, source })).length > 0
}

export async function knowSource(tx: Tx, accountId: AccountId, source: string, seenAt: Date): Promise<void> {
  await open(tx)
    .insertInto('knownSource')
    .values({ accountId, source, seenAt })
    .onConflict((already) => already.columns(['accountId', 'source']).doUpdateSet({ seenAt }))
    .execute()
}

/** Nothing is left that could sign in, or say from where somebody did. */
export async function forgetSecrets(tx: Tx, accountId: AccountId): Promise<void> {
  for (const table of ['credential', 'passwordHistory', 'session', 'link', 'knownSource', 'factorGrace'] as const)
    await open(tx).deleteFrom(table).where('accountId', '=', accountId).execute()
}

/** What is over for longer than anybody repeats a command. */
export async function sweep(tx: Tx, before: Date): Promise<void> {
  await sql`delete from session where expires_at < ${before} or seen_at < ${new Date(before.getTime() - longestIdleMs)} or ended_at < ${before}`.execute(
    open(tx),
  )
  await sql`delete from guess where seen_at < ${before}`.execute(open(tx))
  await sql`delete from lockout where until < ${before}`.execute(open(tx))
  await sql`delete from link where expires_at < ${before}`.execute(open(tx))
  await sql`delete from known_source where seen_at < ${new Date(before.getTime() - 180 * 24 * 60 * 60 * 1_000)}`.execute(open(tx))
}
