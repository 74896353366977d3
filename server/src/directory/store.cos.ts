import { sql } from 'kysely'
import type { Tx } from '@atrium/platform'
import type { Cos, CosId } from '@atrium/protocol'
import { amongVisible, type Visible } from './store.listing.ts'
import type { Page } from './store.domains.ts'
import { open, type Db, type DirectoryTables } from './tables.ts'

export type CosRow = DirectoryTables['cos'] & { accounts: number }
export const toCos = ({ id, name, description, ownValues, accounts, createdAt }: CosRow): Cos => ({
  ...{ id, name, description, accounts },
  values: ownValues,
  createdAt: createdAt.toISOString(),
})

/** `counted`: whom of those who have it whoever asks may see. */
const classes = (db: Db | Tx, counted: Visible) =>
  open(db)
    .selectFrom('cos')
    .select(['id', 'name', 'description', 'ownValues', 'createdAt'])
    .select(
      sql<number>`(select count(*)::int from account where account.cos_id = cos.id and kind <> 'guest' and account.status <> 'deleted'
          and ${amongVisible(counted)})
        + (select count(*)::int from account join domain on domain.id = account.domain_id
           where account.cos_id is null and domain.default_cos_id = cos.id and kind <> 'guest' and account.status <> 'deleted'
             and ${amongVisible(counted)})`.as('accounts'),
    )

export async function findCos(db: Db | Tx, id: string, counted: Visible = 'all'): Promise<CosRow | undefined> {
  return classes(db, counted)
    .where('id', '=', id as CosId)
    .executeTakeFirst()
}

export async function holdCos(tx: Tx, id: string, counted: Visible = 'all'): Promise<CosRow | undefined> {
  await open(tx)
    .selectFrom('cos')
    .select('id')
    .where('id', '=', id as CosId)
    .forUpdate()
    .execute()
  return findCos(tx, id, counted)
}

/** By name; `only` those, if that is given. */
export async function listClasses(db: Db, { search, after, limit }: Page, counted: Visible, only?: readonly string[]): Promise<CosRow[]> {
  let page = classes(db, counted)
    .orderBy(sql`lower(name)`)
    .limit(limit)
  if (only) page = page.where('id', '=', sql<CosId>`any(${only}::uuid[])`)
  if (search) page = page.where(sql<boolean>`strpos(lower(name || ' ' || description), lower(${search})) > 0`)
  if (after !== undefined) page = page.where(sql<boolean>`lower(name) > lower(${after})`)
  return page.execute()
}

/** False when the name is another's. */
export async function addCos(tx: Tx, cos: DirectoryTables['cos']): Promise<boolean> {
  const { rows } = await sql`insert into cos (id, name, description, own_values, created_at)
    values (${cos.id}, ${cos.name}, ${cos.description}, ${cos.ownValues}, ${cos.createdAt})
    on conflict (lower(name)) do nothing returning id`.execute(open(tx))
  return rows.length > 0
}

/** False when the name is another's. */
export async function changeCos(tx: Tx, { id, name, description, ownValues }: Omit<DirectoryTables['cos'], 'createdAt'>): Promise<boolean> {
  const { rows } = await sql`update cos set name = ${name}, description = ${description}, own_values = ${ownValues}
    where id = ${id} and not exists (select from cos as other where other.id <> ${id} and lower(other.name) = lower(${name})) returning id`.execute(
    open(tx),
  )
  return rows.length > 0
}

export async function isUsedCos(tx: Tx, id: CosId): Promise<boolean> {
  const { rows } = await sql<{ isUsed: boolean }>`select exists (select from account where cos_id = ${id} and status <> 'deleted')
    or exists (select from domain where default_cos_id = ${id}) as is_used`.execute(open(tx))
  return rows[0]!.isUsed
}

export async function deleteCos(tx: Tx, id: CosId): Promise<void> {
  // Who was deleted keeps no class either.
  await open(tx).updateTable('account').set({ cosId: null }).where('cosId', '=', id).execute()
  await open(tx).deleteFrom('cos').where('id', '=', id).execute()
}
