import { sql, type Generated, type Kysely } from 'kysely'
import type { Actor, Reading, Tx } from '@atrium/platform'
import type { AccountId, Owed, SessionId } from '@atrium/protocol'
import { idleMs, type LinkPurpose } from './rules.ts'

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
  /** The administrator who looks through this person's eyes. */
  openedBy: AccountId | null
}
export interface LinkRow {
  secretHash: Buffer
  purpose: LinkPurpose
  accountId: AccountId | null
  expiresAt: Date
  usedAt: Date | null
  /** Which command used it: a repetition of that one is no second use. */
  usedByClient: string | null
}
export interface AuthTables {
  credential: { accountId: AccountId; hash: string; changedAt: Date; mustChange: Generated<boolean> }
  session: SessionRow
  link: LinkRow
  knownSource: { accountId: AccountId; source: string; seenAt: Date }
}
type Db = Reading<AuthTables> | Kysely<any>
const open = (db: Db | Tx) => db as unknown as Kysely<AuthTables>

export async function findHash(db: Db | Tx, accountId: AccountId): Promise<string | undefined> {
  const row = await open(db).selectFrom('credential').select('hash').where('accountId', '=', accountId).executeTakeFirst()
  return row?.hash
}

export async function saveHash(tx: Tx, accountId: AccountId, hash: string, changedAt: Date): Promise<void> {
  await open(tx)
    .insertInto('credential')
    .values({ accountId, hash, changedAt })
    .onConflict((already) => already.column('accountId').doUpdateSet({ hash, changedAt }))
    .execute()
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
  'openedBy',
] as const
export type Session = Omit<SessionRow, 'secretHash'>

/** By the hashes of their secrets, in base64url. */
export async function findSessions(db: Db, secretHashes: readonly string[]): Promise<Map<string, Session>> {
  const hashes = secretHashes.map((hash) => Buffer.from(hash, 'base64url'))
  const found = await open(db)
    .selectFrom('session')
    .select([...sessionColumns, 'secretHash'])
    .where('secretHash', '=', sql<Buffer>`any(${hashes}::bytea[])`)
    .execute()
  return new Map(found.map(({ secretHash, ...session }) => [secretHash.toString('base64url'), session]))
}

export async function findSessionsById(db: Db, ids: readonly SessionId[]): Promise<Session[]> {
  return open(db)
    .selectFrom('session')
    .select(sessionColumns)
    .where('id', '=', sql<SessionId>`any(${ids}::uuid[])`)
    .execute()
}

/** Locks the session: its owner's, or nobody's. */
export async function holdSession(tx: Tx, accountId: AccountId, id: SessionId): Promise<Session | undefined> {
  return open(tx)
    .selectFrom('session')
    .select(sessionColumns)
    .where('id', '=', id)
    .where('accountId', '=', accountId)
    .forUpdate()
    .executeTakeFirst()
}

export async function addSession(tx: Tx, session: SessionRow): Promise<void> {
  await open(tx).insertInto('session').values(session).execute()
}

export async function touchSessions(tx: Tx, ids: readonly SessionId[], seenAt: Date): Promise<void> {
  const those = open(tx).updateTable('session').set({ seenAt })
  await those
    .where('id', '=', sql<SessionId>`any(${ids}::uuid[])`)
    .where('seenAt', '<', seenAt)
    .execute()
}

/** The same session with another secret: whoever had the old one has nothing. */
export async function renewSession(tx: Tx, id: SessionId, secretHash: Buffer, expiresAt: Date): Promise<void> {
  await open(tx).updateTable('session').set({ secretHash, expiresAt }).where('id', '=', id).execute()
}

/** Resolves to those that were open until now. */
export async function endSessions(
  tx: Tx,
  accountId: AccountId,
  at: Date,
  which: { except?: SessionId; only?: SessionId } = {},
): Promise<SessionId[]> {
  let ending = open(tx).updateTable('session').set({ endedAt: at }).where('accountId', '=', accountId).where('endedAt', 'is', null)
  if (which.except) ending = ending.where('id', '<>', which.except)
  if (which.only) ending = ending.where('id', '=', which.only)
  return (await ending.returning('id').execute()).map(({ id }) => id)
}

export async function listSessions(db: Db, accountId: AccountId, now: Date): Promise<Session[]> {
  return open(db)
    .selectFrom('session')
    .select(sessionColumns)
    .where('accountId', '=', accountId)
    .where('endedAt', 'is', null)
    .where('expiresAt', '>', now)
    .where('seenAt', '>', new Date(now.getTime() - idleMs))
    .orderBy('seenAt', 'desc')
    .orderBy('id')
    .execute()
}

const linkColumns = ['secretHash', 'purpose', 'accountId', 'expiresAt', 'usedAt', 'usedByClient'] as const

export async function addLink(
  tx: Tx | Kysely<any>,
  link: Pick<LinkRow, 'secretHash' | 'purpose' | 'accountId' | 'expiresAt'>,
): Promise<void> {
  await open(tx)
    .insertInto('link')
    .values({ ...link, usedAt: null, usedByClient: null })
    .execute()
}

export async function findLink(db: Db, secretHash: Buffer): Promise<LinkRow | undefined> {
  return open(db).selectFrom('link').select(linkColumns).where('secretHash', '=', secretHash).executeTakeFirst()
}

/** Uses the link up, or finds it used: of two at once the second waits for the first, and comes too late. */
export async function takeLink(tx: Tx, secretHash: Buffer, clientId: string, now: Date): Promise<LinkRow | undefined> {
  return open(tx)
    .updateTable('link')
    .set({ usedAt: now, usedByClient: clientId })
    .where('secretHash', '=', secretHash)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', now)
    .returning(linkColumns)
    .executeTakeFirst()
}

/** An account has one link at a time. */
export async function forgetLinks(tx: Tx, accountId: AccountId): Promise<void> {
  await open(tx).deleteFrom('link').where('accountId', '=', accountId).where('usedAt', 'is', null).execute()
}

export async function isKnownSource(db: Db, accountId: AccountId, source: string): Promise<boolean> {
  const row = await open(db)
    .selectFrom('knownSource')
    .select('source')
    .where('accountId', '=', accountId)
    .where('source', '=', source)
    .executeTakeFirst()
  return row !== undefined
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
  for (const table of ['credential', 'session', 'link', 'knownSource'] as const)
    await open(tx).deleteFrom(table).where('accountId', '=', accountId).execute()
}

/** What is over for longer than anybody repeats a command. */
export async function sweep(tx: Tx, before: Date): Promise<void> {
  await sql`delete from session where expires_at < ${before} or seen_at < ${new Date(before.getTime() - idleMs)} or ended_at < ${before}`.execute(
    open(tx),
  )
  await sql`delete from link where expires_at < ${before}`.execute(open(tx))
  await sql`delete from known_source where seen_at < ${new Date(before.getTime() - 180 * 24 * 60 * 60 * 1_000)}`.execute(open(tx))
}
