import { sql, type Kysely } from 'kysely'
import { statement, type Reading, type Tx } from '@atrium/platform'
import type { AccountId, DeviceId, FactorId, Scope, SessionId, Token, TokenId } from '@atrium/protocol'
import type { Proofs } from '../auth/index.ts'

export interface FactorRow {
  id: FactorId
  accountId: AccountId
  kind: 'totp' | 'passkey'
  name: string
  createdAt: Date
  /** Null: begun, and not finished yet. */
  confirmedAt: Date | null
  usedAt: Date | null
  /** An authenticator's. */
  sealedSecret: Buffer | null
  lastStep: number
  /** A passkey's. */
  credentialId: string | null
  publicKey: Buffer | null
  counter: number
  transports: string[]
}
export interface TokenRow {
  id: TokenId
  accountId: AccountId
  kind: Token['kind']
  name: string
  purpose: Token['purpose']
  scopes: Scope[]
  secretHash: Buffer
  createdAt: Date
  expiresAt: Date | null
  usedAt: Date | null
  usedFrom: string | null
  revokedAt: Date | null
}
export interface DeviceRow {
  id: DeviceId
  accountId: AccountId
  secretHash: Buffer
  device: string
  trustedAt: Date
  expiresAt: Date
}
export type ChallengePurpose = 'enrol' | 'step' | 'alone' | 'confirm'
export interface FactorTables {
  factor: FactorRow
  scratchCode: { accountId: AccountId; hash: Buffer; usedAt: Date | null }
  trustedDevice: DeviceRow
  passkeyChallenge: { hash: Buffer; purpose: ChallengePurpose; sessionId: SessionId | null; expiresAt: Date }
  token: TokenRow
}
export type Db = Reading<any> | Kysely<any>
const open = (db: Db | Tx) => db as unknown as Kysely<FactorTables>

const factorColumns = [
  'id',
  'accountId',
  'kind',
  'name',
  'createdAt',
  'confirmedAt',
  'usedAt',
  'sealedSecret',
  'lastStep',
  'credentialId',
  'publicKey',
  'counter',
  'transports',
] as const

/** Those that count. */
export const listFactors = (db: Db | Tx, accountId: AccountId): Promise<FactorRow[]> =>
  open(db)
    .selectFrom('factor')
    .select(factorColumns)
    .where('accountId', '=', accountId)
    .where('confirmedAt', 'is not', null)
    .orderBy('createdAt')
    .orderBy('id')
    .execute()

const proofs = statement<{ accountId: AccountId }, { totp: boolean; passkeys: number; scratchCodes: number }>(
  ({ accountId }) => sql`
    select coalesce(bool_or(kind = 'totp'), false) as totp, count(*) filter (where kind = 'passkey')::int as passkeys,
      case when count(*) > 0 then (select count(*)::int from scratch_code where account_id = ${accountId} and used_at is null) else 0 end
        as scratch_codes
    from factor where account_id = ${accountId} and confirmed_at is not null`,
)
/** What somebody can show besides a password: one statement. */
export const proofsOf = async (db: Db | Tx, accountId: AccountId): Promise<Proofs> => (await proofs(open(db), { accountId }))[0]!

/** The authenticator that counts, or the one that was begun; and what time it is for the database, whose clock all processes share. */
export const findTotp = (db: Db | Tx, accountId: AccountId, isConfirmed: boolean): Promise<(FactorRow & { at: Date }) | undefined> =>
  open(db)
    .selectFrom('factor')
    .select(factorColumns)
    .select(sql<Date>`clock_timestamp()`.as('at'))
    .where('accountId', '=', accountId)
    .where('kind', '=', 'totp')
    .where('confirmedAt', isConfirmed ? 'is not' : 'is', null)
    .executeTakeFirst()
export const findByCredential = (db: Db | Tx, credentialId: string): Promise<FactorRow | undefined> =>
  open(db)
    .selectFrom('factor')
    .select(factorColumns)
    .where('credentialId', '=', credentialId)
    .where('confirmedAt', 'is not', null)
    .executeTakeFirst()
export const findFactor = (db: Db | Tx, accountId: AccountId, id: FactorId): Promise<FactorRow | undefined> =>
  open(db)
    .selectFrom('factor')
    .select(factorColumns)
    .where('id', '=', id)
    .where('accountId', '=', accountId)
    .where('confirmedAt', 'is not', null)
    .executeTakeFirst()

/** Whoever changes somebody's factors waits for the others who do. */
export async function holdFactors(tx: Tx, accountId: AccountId): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`factors ${accountId}`}, 0))`.execute(open(tx))
}
export async function addFactor(tx: Tx, factor: FactorRow): Promise<void> {
  await open(tx).insertInto('factor').values(factor).execute()
}
export async function confirmTotp(tx: Tx, id: FactorId, step: number, at: Date): Promise<void> {
  await open(tx).updateTable('factor').set({ confirmedAt: at, lastStep: step }).where('id', '=', id).execute()
}
/** FACT-2: false for a code that was used, or belongs to an earlier step than one that was. */
export async function useStep(tx: Tx, id: FactorId, step: number, at: Date): Promise<boolean> {
  const done = await open(tx)
    .updateTable('factor')
    .set({ lastStep: step, usedAt: at })
    .where('id', '=', id)
    .where('lastStep', '<', step)
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}
/** False for an answer that was given before: an authenticator that counts has counted further, or it is a copy. */
export async function usePasskey(tx: Tx, id: FactorId, counter: number, at: Date): Promise<boolean> {
  const done = await open(tx)
    .updateTable('factor')
    .set({ counter, usedAt: at })
    .where('id', '=', id)
    .where((is) => is.or([is('counter', '<', counter), is.and([is('counter', '=', 0), is.val(counter === 0)])]))
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}
export async function renameFactor(tx: Tx, id: FactorId, name: string): Promise<void> {
  await open(tx).updateTable('factor').set({ name }).where('id', '=', id).execute()
}
export async function dropFactor(tx: Tx, id: FactorId): Promise<void> {
  await open(tx).deleteFrom('factor').where('id', '=', id).execute()
}
export async function dropTotp(tx: Tx, accountId: AccountId, isConfirmed: boolean): Promise<void> {
  await open(tx)
    .deleteFrom('factor')
    .where('accountId', '=', accountId)
    .where('kind', '=', 'totp')
    .where('confirmedAt', isConfirmed ? 'is not' : 'is', null)
    .execute()
}
export async function dropFactors(tx: Tx, accountId: AccountId): Promise<void> {
  for (const table of ['factor', 'scratchCode', 'trustedDevice'] as const)
    await open(tx).deleteFrom(table).where('accountId', '=', accountId).execute()
}

export async function countScratchCodes(db: Db | Tx, accountId: AccountId): Promise<number> {
  const { count } = await open(db)
    .selectFrom('scratchCode')
    .select((row) => row.fn.countAll<string>().as('count'))
    .where('accountId', '=', accountId)
    .where('usedAt', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}
export async function replaceScratchCodes(tx: Tx, accountId: AccountId, hashes: readonly Buffer[]): Promise<void> {
  await open(tx).deleteFrom('scratchCode').where('accountId', '=', accountId).execute()
  if (hashes.length === 0) return
  await open(tx)
    .insertInto('scratchCode')
    .values(hashes.map((hash) => ({ accountId, hash, usedAt: null })))
    .execute()
}
export async function useScratchCode(tx: Tx, accountId: AccountId, hash: Buffer, at: Date): Promise<boolean> {
  const done = await open(tx)
    .updateTable('scratchCode')
    .set({ usedAt: at })
    .where('accountId', '=', accountId)
    .where('hash', '=', hash)
    .where('usedAt', 'is', null)
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

export const listDevices = (db: Db | Tx, accountId: AccountId, now: Date): Promise<Omit<DeviceRow, 'secretHash'>[]> =>
  open(db)
    .selectFrom('trustedDevice')
    .select(['id', 'accountId', 'device', 'trustedAt', 'expiresAt'])
    .where('accountId', '=', accountId)
    .where('expiresAt', '>', now)
    .orderBy('trustedAt', 'desc')
    .orderBy('id')
    .execute()
export async function isTrustedDevice(tx: Tx, accountId: AccountId, secretHash: Buffer, now: Date): Promise<boolean> {
  const row = await open(tx)
    .selectFrom('trustedDevice')
    .select('id')
    .where('accountId', '=', accountId)
    .where('secretHash', '=', secretHash)
    .where('expiresAt', '>', now)
    .executeTakeFirst()
  return row !== undefined
}
export async function addDevice(tx: Tx, device: DeviceRow): Promise<void> {
  await open(tx).insertInto('trustedDevice').values(device).execute()
}
export async function dropDevice(tx: Tx, accountId: AccountId, id: DeviceId): Promise<boolean> {
  const done = await open(tx).deleteFrom('trustedDevice').where('accountId', '=', accountId).where('id', '=', id).executeTakeFirst()
  return done.numDeletedRows > 0n
}
export async function dropDevices(tx: Tx, accountId: AccountId): Promise<void> {
  await open(tx).deleteFrom('trustedDevice').where('accountId', '=', accountId).execute()
}

export async function addChallenge(tx: Tx, challenge: FactorTables['passkeyChallenge']): Promise<void> {
  await open(tx).insertInto('passkeyChallenge').values(challenge).execute()
}
/** A question is answered once. */
export async function takeChallenge(
  tx: Tx,
  { hash, purpose, sessionId }: Omit<FactorTables['passkeyChallenge'], 'expiresAt'>,
  now: Date,
): Promise<boolean> {
  const done = await open(tx)
    .deleteFrom('passkeyChallenge')
    .where('hash', '=', hash)
    .where('purpose', '=', purpose)
    .where('sessionId', sessionId === null ? 'is' : '=', sessionId)
    .where('expiresAt', '>', now)
    .executeTakeFirst()
  return done.numDeletedRows > 0n
}
export async function sweepFactors(tx: Tx, now: Date): Promise<void> {
  await open(tx).deleteFrom('passkeyChallenge').where('expiresAt', '<', now).execute()
  await open(tx).deleteFrom('trustedDevice').where('expiresAt', '<', now).execute()
}
