import type { AccountId } from '@atrium/protocol'
import { findProvider, type Db } from '../store.ts'
import { presets, type Words } from './presets.ts'
import { mirroredAccount } from './store.ts'

const parts = ['given', 'initials', 'surname', 'name', 'title'] as const
/** What can be written there, in the words of forms. Addresses and groups have consequences that are their server's business. */
export const writable = (words: Words): string[] => [...parts, ...(words.writtenStatus ? ['status'] : []), ...Object.keys(words.profile)]

/** Which fields of a mirrored account can be changed only in LDAP: all of them, or what we could not write there either. */
export async function keptElsewhere(db: Db, id: AccountId): Promise<string[]> {
  const mirrored = await mirroredAccount(db, id)
  const row = mirrored && (await findProvider(db, mirrored.providerId))
  if (row?.settings.kind !== 'ldap') return []
  const words = presets[row.settings.preset]
  const all = [...parts, 'status', 'address', 'userName', ...Object.keys(words.profile)]
  const written = row.settings.writesBack ? writable(words) : []
  return all.filter((field) => !written.includes(field))
}
