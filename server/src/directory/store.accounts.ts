import { sql } from 'kysely'
import type { Tx } from '@atrium/platform'
import type { AccountId, AccountRow, AccountType, CosId, OwnValues, Person, Profile } from '@atrium/protocol'
import { statusThatHolds } from './store.ts'
import { open, type Db } from './tables.ts'

export interface Row extends Omit<AccountRow, 'seenAt' | 'createdAt' | 'type' | 'lockedOutUntil'> {
  kind: Person['kind']
  isAdministrator: boolean
  isExternal: boolean
  seenAt: Date
  createdAt: Date
  /** What it is sorted by. */
  key: string
}
export interface Whole extends Row {
  given: string
  initials: string
  surname: string
  title: string
  notes: string
  isHidden: boolean
  profile: Partial<Profile>
  ownCosId: CosId | null
  ownValues: OwnValues
  source: 'here' | 'ldap'
  recoveryAddress: string | null
  isRecoveryVerified: boolean
  deletedAt: Date | null
  joinedAt: Date | null
}

const never = new Date(0)
/** DIR-14  An account has one type: the first of these that it is. */
export const typeOf = (row: Pick<Row, 'kind' | 'isAdministrator' | 'isExternal'>, isDelegate: boolean): AccountType => {
  if (row.kind === 'guest') return 'guest'
  if (row.kind !== 'person') return 'system'
  if (row.isAdministrator) return 'administrator'
  if (isDelegate) return 'delegated'
  return row.isExternal ? 'external' : 'normal'
}
export const toRow = (
  { id, name, address, aliases, domainId, cosId, status, effectiveStatus, picture, ...row }: Row,
  more: { isDelegate: boolean; lockedOutUntil: Date | null },
): AccountRow => ({
  ...{ id, name, address, aliases, domainId, cosId, status, effectiveStatus, picture },
  type: typeOf(row, more.isDelegate),
  lockedOutUntil: more.lockedOutUntil?.toISOString() ?? null,
  seenAt: row.seenAt <= never ? null : row.seenAt.toISOString(),
  createdAt: row.createdAt.toISOString(),
})

/** One that is kept for a while is shown as deleted. */
const shown = sql`case when account.deleted_at is null then account.status else 'deleted' end`
/** Of `account`, `main` and `domain`. */
export const rowColumns = sql`account.id, account.kind, account.name, main.address::text as address, account.domain_id,
  coalesce(account.cos_id, domain.default_cos_id) as cos_id, ${shown} as status,
  case when account.deleted_at is null then ${statusThatHolds} else 'deleted' end as effective_status,
  account.is_administrator, account.is_external, account.seen_at, account.created_at, account.picture_id as picture,
  array(select other.address::text from address as other where other.owner_id = account.id and not other.is_primary order by 1) as aliases`
export const joined = sql`account
  join domain on domain.id = account.domain_id
  left join address as main on main.owner_id = account.id and main.is_primary`

export async function findAccount(db: Db | Tx, id: string): Promise<Whole | undefined> {
  const { rows } =
    await sql<Whole>`select ${rowColumns}, '' as key, account.given, account.initials, account.surname, account.title, account.notes,
      account.is_hidden, account.profile, account.cos_id as own_cos_id, account.own_values, account.source, account.recovery_address,
      account.is_recovery_verified, account.deleted_at, account.joined_at
    from ${joined} where account.id = ${id} and account.status <> 'deleted'`.execute(open(db))
  return rows[0]
}

/** User names of this domain that begin so, for the first that is free. */
export async function namesBeginning(db: Db | Tx, domain: string, userName: string): Promise<Set<string>> {
  const { rows } = await sql<{ address: string }>`select lower(address::text) as address from address
    where address::text ilike ${`${userName.replaceAll(/[\\%_]/g, '\\$&')}%@${domain.replaceAll(/[\\%_]/g, '\\$&')}`}`.execute(open(db))
  return new Set(rows.map(({ address }) => address.slice(0, address.lastIndexOf('@'))))
}

export interface Change {
  name?: string | undefined
  given?: string | undefined
  initials?: string | undefined
  surname?: string | undefined
  title?: string | undefined
  notes?: string | undefined
  isHidden?: boolean | undefined
  profile?: Partial<Profile> | undefined
  recoveryAddress?: string | null | undefined
  isRecoveryVerified?: boolean | undefined
  cosId?: CosId | null | undefined
  ownValues?: OwnValues | undefined
  status?: Person['status'] | undefined
  deletedAt?: Date | null | undefined
  domainId?: Row['domainId'] | undefined
  isExternal?: boolean | undefined
}
/** What is not said stays. */
export async function writeAccount(tx: Tx, id: AccountId, change: Change & { sortKey?: string; words?: string }): Promise<void> {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  if (Object.keys(given).length > 0) await open(tx).updateTable('account').set(given).where('id', '=', id).execute()
}

/** The primary address gives way to another; it stays as an alias, or is free again. */
export async function setPrimary(tx: Tx, id: AccountId, address: string, keepsAlias: boolean): Promise<boolean> {
  const owner = { ownerKind: 'account', ownerId: id } as const
  if (keepsAlias)
    await open(tx).updateTable('address').set({ isPrimary: false }).where('ownerId', '=', id).where('isPrimary', '=', true).execute()
  else await open(tx).deleteFrom('address').where('ownerId', '=', id).where('isPrimary', '=', true).execute()
  const { numInsertedOrUpdatedRows } = await open(tx)
    .insertInto('address')
    .values({ ...owner, address, isPrimary: true })
    // What was an alias of theirs becomes the address.
    .onConflict((taken) => taken.column('address').doUpdateSet({ isPrimary: true }).where('address.ownerId', '=', id))
    .executeTakeFirst()
  return Boolean(numInsertedOrUpdatedRows)
}

export async function removeAlias(tx: Tx, id: AccountId, address: string): Promise<boolean> {
  const { numDeletedRows } = await open(tx)
    .deleteFrom('address')
    .where('ownerId', '=', id)
    .where('address', '=', address)
    .where('isPrimary', '=', false)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

export async function isTaken(db: Db | Tx, address: string): Promise<boolean> {
  return (await open(db).selectFrom('address').select('ownerId').where('address', '=', address).executeTakeFirst()) !== undefined
}

/** Those that were kept long enough. */
export async function listOverdue(db: Db, at: Date, limit: number): Promise<AccountId[]> {
  const rows = await open(db)
    .selectFrom('account')
    .select('id')
    .where('deletedAt', '<=', at)
    .where('status', '<>', 'deleted')
    .orderBy('deletedAt')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}
