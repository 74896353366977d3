import type { Actor, Handlers } from '@atrium/platform'
import type { AccountId, accounts as ofAccounts, directory as ofDirectory, domains as ofDomains } from '@atrium/protocol'
import { exportOf, type ExportPart } from './export.ts'
import { guestsNamedForMs } from './rules.ts'
import { directoryService, type DirectoryDeps } from './service.ts'
import { pendingHandlers } from './pending.ts'
import { closeGuests, findDates, findPerson } from './store.ts'
import { layersOf } from './store.values.ts'

export { accounts, type Accounts, type Founding } from './accounts.ts'
export { WithContent, type ExportPart } from './export.ts'
export { shownTo } from './rules.ts'
export { homeOf, setWays, waysOf, type DomainWays } from './ways.ts'
export { fold } from './words.ts'
export { findOrganisation, listAdministrators, type DirectoryTables } from './store.ts'

export function directory(deps: DirectoryDeps) {
  const service = directoryService(deps)
  const handlers: Handlers<typeof ofDirectory & typeof ofDomains & typeof ofAccounts> = {
    ...pendingHandlers,
    'directory.me': service.me,
    'directory.people': service.people,
    'directory.people.of': service.of,
    'directory.profile.change': service.changeProfile,
    'directory.person.add': service.add,
    'directory.person.change': service.change,
    'directory.person.invite': service.invite,
    'directory.account.delete': service.delete,
  }

  const profile: ExportPart = {
    name: 'profile',
    async *of(accountId) {
      const id = accountId as AccountId
      const values = (await layersOf(deps.db, [id])).get(id)?.own
      yield { ...(await findPerson(deps.db, id)), ...(await findDates(deps.db, id)), values }
    },
  }
  return {
    handlers,
    /** For a daily job (DIR-8). */
    closeGuests: (): Promise<void> => deps.work((tx) => closeGuests(tx, new Date(deps.now().getTime() - guestsNamedForMs))),
    /** Everything the hub keeps of the caller, as JSON text. The other slices give their parts. */
    exportOf: (actor: Actor, parts: readonly ExportPart[] = []) => exportOf(actor.accountId, deps.now(), [profile, ...parts]),
  }
}
