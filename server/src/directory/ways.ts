import { sql, type Kysely } from 'kysely'
import type { Reading, Tx } from '@atrium/platform'
import type { AccountId, DomainId } from '@atrium/protocol'

interface Tables {
  domain: { id: DomainId; name: string; allowsPassword: boolean; allowsPasskey: boolean; maxAccounts: number | null }
  account: { id: AccountId; domainId: DomainId | null; isAdministrator: boolean; status: string }
}
const open = (db: Reading<any> | Tx) => db as unknown as Kysely<Tables>

export interface DomainWays {
  id: DomainId
  name: string
  allowsPassword: boolean
  allowsPasskey: boolean
}
const columns = ['id', 'name', 'allowsPassword', 'allowsPasskey'] as const

/** How people of a domain sign in, by its name or its id. */
export const waysOf = (db: Reading<any> | Tx, domain: { name: string } | { id: DomainId }): Promise<DomainWays | undefined> =>
  open(db)
    .selectFrom('domain')
    .select(columns)
    .where((is) => ('id' in domain ? is('id', '=', domain.id) : is(sql`name::text`, '=', domain.name)))
    .executeTakeFirst()

export async function setWays(
  tx: Tx,
  id: DomainId,
  ways: Pick<DomainWays, 'allowsPassword' | 'allowsPasskey'>,
): Promise<DomainWays | undefined> {
  return open(tx).updateTable('domain').set(ways).where('id', '=', id).returning(columns).executeTakeFirst()
}

/** Whose home it is, and whether they administer the hub. */
export const homeOf = (
  db: Reading<any> | Tx,
  id: AccountId,
): Promise<{ domainId: DomainId | null; isAdministrator: boolean } | undefined> =>
  open(db).selectFrom('account').select(['domainId', 'isAdministrator']).where('id', '=', id).executeTakeFirst()
