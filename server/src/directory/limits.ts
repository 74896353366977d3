import { fail, type Refusal, type Tx } from '@atrium/platform'
import { catalogue, type AttributeKey, type CosId, type OwnValues, type Values } from '@atrium/protocol'
import type { AccountId } from '@atrium/protocol'
import { countInClass, type DomainRow } from './store.domains.ts'
import { effective, isSame } from './values.ts'

type Held = Omit<DomainRow, 'bytes'>

/** DIR-15  What a domain's limits refuse, nobody below may do: the refusal says what they are. The domain is held by the caller. */
export function mustFit(domain: Held): void {
  if (domain.maxAccounts !== null && domain.accounts >= domain.maxAccounts)
    throw fail('conflict', 'accounts.domainFull', { params: { max: domain.maxAccounts } })
}

/** Of this class no more than the domain may have. Null is its default. */
export async function mustBeAllowed(tx: Tx, domain: Held, cosId: CosId | null, but?: AccountId): Promise<void> {
  if (domain.classes === null) return
  const id = cosId ?? domain.defaultCosId
  const allowed = domain.classes.find((one) => one.cosId === id)
  if (!allowed) throw fail('conflict', 'accounts.classNotAllowed', { field: 'cosId' })
  if (allowed.accounts !== null && (await countInClass(tx, domain.id, id, but)) >= allowed.accounts)
    throw fail('conflict', 'accounts.classFull', { field: 'cosId', params: { max: allowed.accounts } })
}

/** The first of these values that the domain's cap would not let be. */
export function beyondCap(caps: Partial<Values>, values: OwnValues): Refusal | undefined {
  for (const key of Object.keys(values) as AttributeKey[]) {
    const cap = caps[key]
    if (cap === undefined || catalogue[key].cap === 'none') continue
    const held = effective({ defaults: values as Values, caps, ofClass: {}, own: {} })[key]
    if (!isSame(held, values[key]))
      return fail('conflict', 'accounts.beyondCap', { field: `values.${key}`, params: { key, max: String(cap) } })
  }
  return undefined
}
