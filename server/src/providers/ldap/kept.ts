import type { AccountId, ListId } from '@atrium/protocol'
import { findProvider, type Db, type MirroredRow } from '../store.ts'
import { presets, type Words } from './presets.ts'
import { mirroredAs } from './store.ts'

const parts = ['given', 'initials', 'surname', 'name', 'title'] as const
/** What can be written there, in the words of forms. Addresses have consequences that are their server's business. */
const writable = (words: Words): string[] => [...parts, ...(words.writtenStatus ? ['status'] : []), ...Object.keys(words.profile)]

const partsOfLists = ['name', 'description', 'members', 'joining', 'leaving']
const writableOfLists = (words: Words): string[] =>
  words.writtenGroupName === undefined ? partsOfLists.filter((part) => part !== 'name') : partsOfLists

async function settingsOf(db: Db, kind: MirroredRow['kind'], id: string) {
  const mirrored = await mirroredAs(db, kind, id)
  const row = mirrored && (await findProvider(db, mirrored.providerId))
  return row?.settings.kind === 'ldap' ? row.settings : undefined
}

/** Which fields of a mirrored account can be changed only in LDAP: all of them, or what we could not write there either. */
export async function keptOfAccount(db: Db, id: AccountId): Promise<string[]> {
  const settings = await settingsOf(db, 'account', id)
  if (!settings) return []
  const words = presets[settings.preset]
  const all = [...parts, 'status', 'address', 'userName', ...Object.keys(words.profile)]
  const written = settings.writesBack ? writable(words) : []
  return all.filter((field) => !written.includes(field))
}

/** The same of a list. Where its members cannot be changed, nobody comes or goes by themselves. */
export async function keptOfList(db: Db, id: ListId): Promise<string[]> {
  const settings = await settingsOf(db, 'list', id)
  if (!settings) return []
  const written = settings.writesBack ? writableOfLists(presets[settings.preset]) : []
  return [...partsOfLists, 'address'].filter((field) => !written.includes(field))
}
