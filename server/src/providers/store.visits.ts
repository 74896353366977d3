import { sql } from 'kysely'
import type { AccountId, ProviderId, SessionId } from '@atrium/protocol'
import { open, type Db, type Tx } from './store.ts'

/** A sign-in under way: what we said when it began, and what came back of it. */
export interface Visit<Kept = Record<string, unknown>, Arrived = unknown> {
  id: Buffer
  providerId: ProviderId
  /** The browser that began it, by the hash of its secret. Null: it was begun by the provider. */
  browser: Buffer | null
  kept: Kept
  arrived: Arrived | null
  expiresAt: Date
}

export async function addVisit(tx: Tx, { kept, ...visit }: Omit<Visit, 'arrived'>): Promise<void> {
  await open(tx)
    .insertInto('providerVisit')
    .values({ ...visit, kept: JSON.stringify(kept) })
    .execute()
}

const columns = ['id', 'providerId', 'browser', 'kept', 'arrived', 'expiresAt'] as const

export const findVisit = (db: Db, id: Buffer): Promise<Visit | undefined> =>
  open(db).selectFrom('providerVisit').select(columns).where('id', '=', id).executeTakeFirst() as Promise<Visit | undefined>

/** What came back is kept until the browser itself asks for it. False: something came already. */
export async function fillVisit(tx: Tx, id: Buffer, arrived: unknown): Promise<boolean> {
  const { numUpdatedRows } = await open(tx)
    .updateTable('providerVisit')
    .set({ arrived: JSON.stringify(arrived) })
    .where('id', '=', id)
    .where('arrived', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows > 0
}

/** Of two at once, one has it. */
export const takeVisit = (tx: Tx, id: Buffer): Promise<Visit | undefined> =>
  open(tx).deleteFrom('providerVisit').where('id', '=', id).returning(columns).executeTakeFirst() as Promise<Visit | undefined>

/** False: it was taken before. */
export async function spend(tx: Tx, providerId: ProviderId, id: string, until: Date): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await open(tx)
    .insertInto('providerSpent')
    .values({ providerId, id, until })
    .onConflict((spent) => spent.columns(['providerId', 'id']).doNothing())
    .executeTakeFirst()
  return Boolean(numInsertedOrUpdatedRows)
}

export const findIdentity = async (db: Db, providerId: ProviderId, subject: string): Promise<AccountId | undefined> =>
  (
    await open(db)
      .selectFrom('identity')
      .select('accountId')
      .where('providerId', '=', providerId)
      .where('subject', '=', subject)
      .executeTakeFirst()
  )?.accountId

/** False: the account has another identity with this provider. */
export async function link(tx: Tx, providerId: ProviderId, subject: string, accountId: AccountId, at: Date): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await open(tx)
    .insertInto('identity')
    .values({ providerId, subject, accountId, linkedAt: at, usedAt: at })
    .onConflict((known) => known.doNothing())
    .executeTakeFirst()
  return Boolean(numInsertedOrUpdatedRows)
}
export async function useIdentity(tx: Tx, providerId: ProviderId, subject: string, at: Date): Promise<void> {
  await open(tx).updateTable('identity').set({ usedAt: at }).where('providerId', '=', providerId).where('subject', '=', subject).execute()
}

/** By which session over there a session here began. */
export interface Tie {
  sessionId: SessionId
  providerId: ProviderId
  accountId: AccountId
  subject: string
  index: string | null
  kept: unknown
  beganAt: Date
}
export async function tie(tx: Tx, { kept, ...row }: Tie): Promise<void> {
  await open(tx)
    .insertInto('providerSession')
    .values({ ...row, kept: JSON.stringify(kept) })
    .execute()
}
/** Whoever signs out is led on once. */
export const takeTie = (tx: Tx, sessionId: SessionId): Promise<Pick<Tie, 'providerId' | 'subject' | 'index' | 'kept'> | undefined> =>
  open(tx)
    .deleteFrom('providerSession')
    .where('sessionId', '=', sessionId)
    .returning(['providerId', 'subject', 'index', 'kept'])
    .executeTakeFirst()
/** Of somebody who is no more: what providers said of them. */
export async function forgetIdentities(tx: Tx, accountId: AccountId): Promise<void> {
  await open(tx).deleteFrom('identity').where('accountId', '=', accountId).execute()
  await open(tx).deleteFrom('providerSession').where('accountId', '=', accountId).execute()
}

/** Those that end with it: of this one session there, or of all that this identity has. */
export async function untie(
  tx: Tx,
  providerId: ProviderId,
  which: { subject?: string | undefined; index?: string | undefined },
): Promise<{ sessionId: SessionId; accountId: AccountId }[]> {
  let those = open(tx).deleteFrom('providerSession').where('providerId', '=', providerId)
  if (which.subject !== undefined) those = those.where('subject', '=', which.subject)
  if (which.index !== undefined) those = those.where('index', '=', which.index)
  return those.returning(['sessionId', 'accountId']).execute()
}

export async function sweepVisits(tx: Tx, now: Date): Promise<void> {
  await open(tx).deleteFrom('providerVisit').where('expiresAt', '<', now).execute()
  await open(tx).deleteFrom('providerSpent').where('until', '<', now).execute()
  await sql`delete from provider_session where began_at < ${new Date(now.getTime() - 400 * 86_400_000)}`.execute(open(tx))
}
