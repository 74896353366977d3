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
  return new Map(rows.map((row) => [row.id, layersFrom(row, settings)]))
}

export const layersFrom = ({ own, ofClass, caps }: Omit<Row, 'id'>, settings: Partial<Values>): Layers => ({
  defaults: defaultsWith(settings),
  own,
  ofClass: ofClass ?? {},
  caps: caps ?? {},
})
/** What the hub says is the same for everybody, and never another while it runs. */
const known = new WeakMap<Partial<Values>, Values>()
function defaultsWith(settings: Partial<Values>): Values {
  const defaults = known.get(settings) ?? defaultValues(settings)
  known.set(settings, defaults)
  return defaults
}

export async function saveOwnValues(tx: Tx, id: AccountId, ownValues: OwnValues): Promise<void> {
  await open(tx).updateTable('account').set({ ownValues }).where('id', '=', id).execute()
}
