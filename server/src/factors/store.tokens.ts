import { sql, type Kysely } from 'kysely'
import type { Tx } from '@atrium/platform'
import type { AccountId, TokenId } from '@atrium/protocol'
import type { Db, FactorTables, TokenRow } from './store.ts'

const open = (db: Db | Tx) => db as unknown as Kysely<FactorTables>
const columns = [
  'id',
  'accountId',
  'kind',
  'name',
  'purpose',
  'scopes',
  'createdAt',
  'expiresAt',
  'usedAt',
  'usedFrom',
  'revokedAt',
] as const
export type KnownToken = Omit<TokenRow, 'secretHash'>

/** Those that were not revoked; an expired one stays in the list, to be replaced. */
export const listTokens = (db: Db | Tx, accountId: AccountId): Promise<KnownToken[]> =>
  open(db)
    .selectFrom('token')
    .select(columns)
    .where('accountId', '=', accountId)
    .where('revokedAt', 'is', null)
    .orderBy('createdAt', 'desc')
    .orderBy('id')
    .execute()
export async function addToken(tx: Tx, token: TokenRow): Promise<void> {
  await open(tx).insertInto('token').values(token).execute()
}
/** By the hashes of their secrets, in base64url. */
export async function findTokens(db: Db, secretHashes: readonly string[]): Promise<Map<string, KnownToken>> {
  const hashes = secretHashes.map((hash) => Buffer.from(hash, 'base64url'))
  const found = await open(db)
    .selectFrom('token')
    .select([...columns, 'secretHash'])
    .where('secretHash', '=', sql<Buffer>`any(${hashes}::bytea[])`)
    .where('revokedAt', 'is', null)
    .execute()
  return new Map(found.map(({ secretHash, ...token }) => [secretHash.toString('base64url'), token]))
}
export async function touchToken(tx: Tx, id: TokenId, usedAt: Date, usedFrom: string): Promise<void> {
  await open(tx).updateTable('token').set({ usedAt, usedFrom }).where('id', '=', id).execute()
}
/** Undefined: it is nobody's, or somebody else's. False: it was revoked before. */
export async function revokeToken(tx: Tx, accountId: AccountId, id: TokenId, at: Date): Promise<boolean | undefined> {
  const row = await open(tx)
    .selectFrom('token')
    .select('revokedAt')
    .where('id', '=', id)
    .where('accountId', '=', accountId)
    .forUpdate()
    .executeTakeFirst()
  if (!row) return undefined
  if (row.revokedAt !== null) return false
  await open(tx).updateTable('token').set({ revokedAt: at }).where('id', '=', id).execute()
  return true
}
export async function dropTokens(tx: Tx, accountId: AccountId): Promise<void> {
  await open(tx).deleteFrom('token').where('accountId', '=', accountId).execute()
}
