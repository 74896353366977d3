import type { Actor, Announce, Database, Handlers, Reading, Tx } from '@atrium/platform'
import type { RawBuilder } from 'kysely'
import type { AccountId, grants as contract } from '@atrium/protocol'
import { authorityOf } from './authority.ts'
import { reachesBeyond } from './rules.ts'
import { grantsService } from './service.ts'
import { carryingRights, delegates, delegatesAmong, heldBy, type GrantTables } from './store.ts'

export type { Target, Targets, Visible } from './authority.ts'
export type { GrantTables } from './store.ts'

interface Deps extends Database<GrantTables> {
  now: () => Date
  newId: () => string
  isAdministrator: (actor: Pick<Actor, 'accountId'>) => Promise<boolean>
  administersInSql: (accountId: AccountId) => RawBuilder<boolean>
  /** Rights changed in this unit: what somebody began by them may be over. */
  changed: (tx: Tx, announce: Announce) => Promise<void>
}

/** Who may administer what. */
export function grants(deps: Deps) {
  const ruling = authorityOf(deps)
  const service = grantsService({ ...deps, ruling })
  const handlers: Handlers<typeof contract> = {
    'grants.list': service.list,
    'grants.give': service.give,
    'grants.revoke': service.revoke,
    'grants.explain': service.explain,
    'me.rights': service.mine,
  }
  return {
    handlers,
    authority: ruling.authority,
    /** Which of these things somebody has a right over. */
    may: ruling.may,
    mayIn: ruling.mayIn,
    /** Refuses where an operation looks at more than the one thing that its terms name. */
    require: ruling.require,
    visible: ruling.visible,
    seenBy: ruling.seenBy,
    /** Whether there is anything that somebody administers. */
    async mayAdminister(actor: Actor): Promise<boolean> {
      const rights = await ruling.rightsOf(actor)
      return rights === 'all' || rights.anywhere.length > 0
    },
    /** Everybody who was granted something: their accounts are of type `delegated`. */
    delegates: () => delegates(deps.db),
    /** Of these accounts, in SQL. */
    delegatesAmong,
    /** Whether somebody administers anything beyond this domain. */
    reachesBeyond: async (at: Reading<any> | Tx, accountId: string, domainId: string): Promise<boolean> =>
      reachesBeyond((await heldBy(at as never, [accountId])).get(accountId) ?? [], domainId),
    forget: service.forget,
    mayFill: service.mayFill,
    carryingRights: (at: Reading<any> | Tx, listIds: readonly string[]): Promise<string[]> => carryingRights(at as never, listIds),
    membersChanged: service.membersChanged,
  }
}
export type Grants = ReturnType<typeof grants>
