import type { Tx } from '@atrium/platform'
import type { AccountId } from '@atrium/protocol'
import { open, type Db } from './tables.ts'

export async function findRecovery(db: Db | Tx, id: AccountId): Promise<{ address: string; isVerified: boolean } | null> {
  const row = await open(db).selectFrom('account').select(['recoveryAddress', 'isRecoveryVerified']).where('id', '=', id).executeTakeFirst()
  return row?.recoveryAddress ? { address: row.recoveryAddress, isVerified: row.isRecoveryVerified } : null
}

/** Another address is not verified until its reader says so. */
export async function setRecovery(tx: Tx, id: AccountId, recoveryAddress: string | null): Promise<void> {
  await open(tx).updateTable('account').set({ recoveryAddress, isRecoveryVerified: false }).where('id', '=', id).execute()
}

/** False when it is another by now. */
export async function verifyRecovery(tx: Tx, id: AccountId, address: string): Promise<boolean> {
  const { numUpdatedRows } = await open(tx)
    .updateTable('account')
    .set({ isRecoveryVerified: true })
    .where('id', '=', id)
    .where('recoveryAddress', '=', address)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}
