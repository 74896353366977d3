import { sql } from 'kysely'
import type { Tx } from '@atrium/platform'
import type { AccountId, OwnValues, Values } from '@atrium/protocol'
import { open, type Db } from './tables.ts'
import { defaultValues, type Layers } from './values.ts'

type Row = { id: AccountId; own: OwnValues; ofClass: OwnValues | null; caps: Partial<Values> | null }

/** What the values of these accounts are made of: one statement, whatever their number. */
export async function layersOf(db: Db | Tx, ids: readonly string[], settings: Partial<Values> = {}): Promise<Map<string, Layers>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<Row>`select account.id, account.own_values as own, cos.own_values as of_class, domain.caps
    from account
    left join domain on domain.id = account.domain_id
    left join cos on cos.id = coalesce(account.cos_id, domain.default_cos_id)
    where account.id = any(${ids}::uuid[])`.execute(open(db))
  const defaults = defaultValues(settings)
  return new Map(rows.map(({ id, own, ofClass, caps }) => [id, { defaults, own, ofClass: ofClass ?? {}, caps: caps ?? {} }]))
}

export async function saveOwnValues(tx: Tx, id: AccountId, ownValues: OwnValues): Promise<void> {
  await open(tx).updateTable('account').set({ ownValues }).where('id', '=', id).execute()
}
