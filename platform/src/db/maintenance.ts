import { sql, type Kysely } from 'kysely'
import { forgetReceipts } from '../receipts.ts'
import { forgetStrikes } from '../throttle.ts'
import { dropPartitions, makePartitions } from './partitions.ts'

const maintenanceLock = 0x4d61696e

/** What the database needs every hour: days ahead for the journal, and to forget what is over. Harmless to do twice. */
export async function maintain(db: Kysely<any>): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ isMine: boolean }>`select pg_try_advisory_xact_lock(${maintenanceLock}) as is_mine`.execute(tx)
    if (!rows[0]?.isMine) return
    // To attach and to drop takes a lock that everybody else would queue behind. There is another hour.
    await sql`set local lock_timeout = '2s'`.execute(tx)
    await makePartitions(tx)
    await dropPartitions(tx)
  })
  await forgetReceipts(db)
  await forgetStrikes(db)
}
