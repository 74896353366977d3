import { fail } from '@atrium/platform'
import type { AccountId } from '@atrium/protocol'
import type { Mirrored, Mirroring } from '../../directory/index.ts'
import { findProvider, type Db, type MirroredRow, type ProviderRow, type Tx } from '../store.ts'
import type { Ldap, LdapSettings } from './connection.ts'
import { library } from './library.ts'
import type { AccountsMirror, Whose } from './mirror.ts'
import type { Said, Words } from './presets.ts'
import { ofIds } from './filters.ts'
import { accountAttributes, accountOf, type AccountRecord } from './records.ts'
import { mirroredAs, setMirrored } from './store.ts'
import { ldapTrouble, Trouble } from './trouble.ts'

interface Asking {
  db: Db
  domainOf: (row: ProviderRow) => Promise<Whose['domain'] | undefined>
}
interface Deps extends Asking {
  work: <T>(unit: (tx: Tx) => Promise<T>) => Promise<T>
  people: Pick<Mirroring, 'read'>
  accounts: Pick<AccountsMirror, 'take'>
  reach: (row: ProviderRow) => Promise<Ldap>
  now: () => Date
}
export interface Keeper {
  row: ProviderRow
  settings: LdapSettings
  mirrored: MirroredRow
  whose: Whose
}
/** The server that keeps somebody or a list, where it takes what is changed here. */
export async function keeperOf({ db, domainOf }: Asking, kind: MirroredRow['kind'], id: string): Promise<Keeper | undefined> {
  const mirrored = await mirroredAs(db, kind, id)
  const row = mirrored && (await findProvider(db, mirrored.providerId))
  if (!mirrored || row?.settings.kind !== 'ldap' || !row.settings.writesBack) return undefined
  const domain = await domainOf(row)
  return domain && { row, settings: row.settings, mirrored, whose: { providerId: row.id, domain, mayGoInside: row.mayGoInside } }
}
type Kept = Omit<Mirrored, 'id' | 'externalId' | 'address'>

/** What differs there from how it is here, attribute by attribute. Null: it is to be gone. */
function differences(words: Words, here: Kept, there: AccountRecord): Record<string, string | null> {
  const parts = [
    [words.name[0]!, here.name, there.name],
    [words.given, here.given, there.given],
    [words.initials, here.initials, there.initials],
    // No entry of a person is without one.
    ...(here.surname === '' ? [] : [[words.surname, here.surname, there.surname] as const]),
    [words.title, here.title, there.title],
    ...Object.entries(words.profile).map(
      ([field, attribute]) =>
        [attribute, here.profile[field as keyof Kept['profile']] ?? '', there.profile[field as keyof Kept['profile']] ?? ''] as const,
    ),
  ] as const
  const changed = Object.fromEntries(parts.flatMap(([attribute, mine, theirs]) => (mine === theirs ? [] : [[attribute, mine || null]])))
  const isOurs = here.status !== 'invited' && here.status !== 'deleted' && here.status !== there.status
  return { ...changed, ...(isOurs && words.writtenStatus?.(here.status as Said)) }
}

/** What was changed here is written to LDAP, and read back: what holds in the end is what stands there. */
export function writing({ db, work, people, accounts, domainOf, reach, now }: Deps) {
  async function push({ row, settings, mirrored, whose }: Keeper, id: AccountId): Promise<void> {
    const { Attribute, Change } = await library()
    const { externalId } = mirrored
    const ldap = await reach(row)
    try {
      const { words } = ldap
      const { baseDn } = settings
      const read = async () =>
        (
          await ldap.find(baseDn, await ofIds(words, [externalId]), accountAttributes(words)).catch((error: unknown) => {
            throw ldapTrouble(error, 'search')
          })
        )[0]
      const [before, here] = [await read(), await people.read(db, id)]
      const record = before && accountOf(words, before, whose.domain.name, now())
      if (!before || !record || !here) throw fail('conflict', 'providers.notWritten')
      const changes = Object.entries(differences(words, here, record)).map(
        ([type, value]) =>
          new Change({ operation: 'replace', modification: new Attribute({ type, values: value === null ? [] : [value] }) }),
      )
      try {
        if (changes.length > 0)
          await ldap.client.modify(before.dn, changes).catch((error: unknown) => {
            throw ldapTrouble(error, 'write')
          })
      } finally {
        const after = await read()
        // As if it had never been seen: all that stands there holds again, whether it was written or not.
        await work((tx) =>
          setMirrored(tx, mirrored, {
            hash: '',
            held: here.status === 'active' ? null : here.status,
          }),
        )
        if (after) await accounts.take(words, whose, [after])
      }
    } finally {
      ldap.close()
    }
  }

  return async (id: AccountId): Promise<void> => {
    const keeper = await keeperOf({ db, domainOf }, 'account', id)
    if (!keeper) return
    try {
      await push(keeper, id)
    } catch (error) {
      // With the next comparison it is read as it stands there.
      await work((tx) => setMirrored(tx, keeper.mirrored, { hash: '', version: '' }))
      throw error instanceof Trouble ? fail('conflict', 'providers.notWritten') : error
    }
  }
}
