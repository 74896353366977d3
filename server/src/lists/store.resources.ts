import { sql } from 'kysely'
import type { Resource, ResourceId } from '@atrium/protocol'
import { open, paged, uuids, type Db, type ListTables, type Paged, type Tx } from './store.ts'

type Row = Omit<Resource, 'createdAt'> & { createdAt: Date; sortKey: string }
export const toResource = ({ createdAt, sortKey: _, ...row }: Row): Resource => ({ ...row, createdAt: createdAt.toISOString() })
const columns = sql`resource.id, resource.domain_id, resource.kind, resource.name,
  coalesce((select address::text from address where owner_id = resource.id and is_primary), '') as address, resource.capacity, resource.location,
  resource.notes, resource.policy, resource.refuses_recurring, resource.manager_ids, resource.notify, resource.is_hidden, resource.created_at,
  resource.sort_key`

export async function findResources(db: Db, ids: readonly string[], lock?: 'hold'): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select ${columns} from resource where resource.id = ${uuids(ids)} ${lock ? sql`for no key update` : sql``}`.execute(open(db))
  return rows
}
export async function resourcePage(db: Db, asked: Paged): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select ${columns} from resource where ${paged(asked, sql`resource`)} order by resource.sort_key, resource.id limit ${asked.limit}`.execute(
    open(db),
  )
  return rows
}
export async function addResource(tx: Tx, resource: ListTables['resource']): Promise<void> {
  await tx.insertInto('resource').values(resource).execute()
}
export async function setResource(tx: Tx, id: ResourceId, change: Partial<ListTables['resource']>): Promise<void> {
  await tx.updateTable('resource').set(change).where('id', '=', id).execute()
}
export async function dropResource(tx: Tx, id: ResourceId): Promise<void> {
  await tx.deleteFrom('resource').where('id', '=', id).execute()
}
