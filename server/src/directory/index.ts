import type { Actor, Handlers } from '@atrium/platform'
import type { AccountId, accounts as ofAccounts, directory as ofDirectory, domains as ofDomains } from '@atrium/protocol'
import { exportOf, type ExportPart } from './export.ts'
import { guestsNamedForMs } from './rules.ts'
import { accountsService } from './service.accounts.ts'
import type { DirectoryDeps } from './service.common.ts'
import { cosService } from './service.cos.ts'
import { creatingService } from './service.creating.ts'
import { domainsService } from './service.domains.ts'
import { leavingService } from './service.leaving.ts'
import { ownService } from './service.own.ts'
import { showingService } from './service.showing.ts'
import { findAccount } from './store.accounts.ts'
import { closeGuests, findDates, findPerson } from './store.ts'

export { accounts, type Accounts, type Founding } from './accounts.ts'
export { WithContent, type ExportPart } from './export.ts'
export { mirroring, type Mirrored, type Mirroring } from './mirroring.ts'
export { shownTo } from './rules.ts'
export type { DirectoryDeps } from './service.common.ts'
export { shutSince } from './store.domains.ts'
export { findOrganisation, listAdministrators, statusThatHolds, type DirectoryTables } from './store.ts'
export { findRecovery, setRecovery, verifyRecovery } from './store.recovery.ts'
export { homeOf, setWays, waysOf, type DomainWays } from './ways.ts'
export { inwardPatternsOf, patternsOf, searchableWords } from './words.ts'

/** Signing in, and what it leaves behind, is of the slice above. */
type OfSignIn = 'accounts.password.wipe' | 'accounts.sessions' | 'accounts.session.end' | 'accounts.openAs'

export function directory(deps: DirectoryDeps) {
  const showing = showingService(deps)
  const creating = creatingService(deps, showing)
  const changing = accountsService(deps, showing)
  const leaving = leavingService(deps, showing)
  const own = ownService(deps)
  const domains = domainsService(deps)
  const classes = cosService(deps)
  const handlers: Handlers<typeof ofDirectory & typeof ofDomains & Omit<typeof ofAccounts, OfSignIn>> = {
    'directory.me': own.me,
    'directory.people': own.people,
    'directory.people.of': own.of,
    'directory.profile.change': own.changeProfile,
    'directory.person.add': creating.add,
    'directory.person.change': changing.changePerson,
    'directory.person.invite': changing.invite,
    'directory.account.delete': leaving.deleteOwn,
    'domains.list': domains.list,
    'domains.get': domains.get,
    'domains.create': domains.create,
    'domains.change': domains.change,
    'domains.status': domains.status,
    'domains.limits': domains.limits,
    'domains.look': domains.look,
    'domains.delete': domains.delete,
    'hub.look': domains.hubLook,
    'cos.list': classes.list,
    'cos.get': classes.get,
    'cos.create': classes.create,
    'cos.copy': classes.copy,
    'cos.change': classes.change,
    'cos.delete': classes.delete,
    'accounts.list': showing.list,
    'accounts.count': showing.count,
    'accounts.get': showing.get,
    'accounts.userName': creating.userName,
    'accounts.create': creating.create,
    'accounts.import': creating.import,
    'accounts.change': changing.change,
    'accounts.values': changing.values,
    'accounts.status': changing.status,
    'accounts.alias.add': changing.addAlias,
    'accounts.alias.remove': changing.removeAlias,
    'accounts.move': changing.move,
    'accounts.administrator': changing.administrator,
    'accounts.bulk': changing.bulk,
    'accounts.lockout.lift': changing.liftLockout,
    'accounts.password.remove': changing.removePassword,
    'accounts.delete': leaving.delete,
    'accounts.restore': leaving.restore,
    'me.values': own.values,
    'me.preferences': own.preferences,
    'me.profile': own.profile,
    'me.profile.change': own.changeOwnProfile,
    'people.card': own.card,
  }

  const profile: ExportPart = {
    name: 'profile',
    async *of(accountId) {
      const id = accountId as AccountId
      const { profile, ownValues: values } = (await findAccount(deps.db, id)) ?? {}
      yield { ...(await findPerson(deps.db, id)), ...(await findDates(deps.db, id)), profile, values }
    },
  }
  return {
    handlers,
    /** An account as administrators see it, for what else is done to it. */
    account: showing.whole,
    /** For a daily job: who was deleted and kept long enough. */
    finishDeleting: leaving.finish,
    /** For a daily job (DIR-8). */
    closeGuests: (): Promise<void> => deps.work((tx) => closeGuests(tx, new Date(deps.now().getTime() - guestsNamedForMs))),
    /** Everything the hub keeps of the caller, as JSON text. The other slices give their parts. */
    exportOf: (actor: Actor, parts: readonly ExportPart[] = []) => exportOf(actor.accountId, deps.now(), [profile, ...parts]),
  }
}
