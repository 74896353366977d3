import type { Actor, Database } from '@atrium/platform'
import type { AccountId, Hub, Input, Output, Presence } from '@atrium/protocol'
import { stateOf } from './rules.ts'
import { OpenScreens } from './screens.ts'
import { findChoice, findSeen, forgetExpired, forgetProcess, renewScreens, saveChoice, saveScreens, type PresenceTables } from './store.ts'

export interface PresenceDeps extends Database<PresenceTables> {
  /** This process among the others, and this run of it. */
  process: string
  /** Those of them who exist and are not closed. */
  activeAccounts: (accountIds: readonly string[]) => Promise<AccountId[]>
  /** Of these, who does not want to be seen here. */
  hidden: (accountIds: readonly AccountId[]) => Promise<ReadonlySet<string>>
  /** Tells every process that has this person on a screen to look. */
  changed: (accountId: AccountId) => void
}

export function presenceService({ db, work, process, activeAccounts, hidden, changed }: PresenceDeps) {
  const screens = new OpenScreens()

  async function of(accountIds: readonly AccountId[]): Promise<Presence[]> {
    const seen = await findSeen(db, accountIds)
    const here = seen.filter(({ isOpen }) => isOpen).map(({ accountId }) => accountId)
    const unseen = here.length > 0 ? await hidden(here) : new Set<string>()
    return seen.map(({ accountId, choice, ...rest }) => ({ accountId, state: unseen.has(accountId) ? 'offline' : stateOf(rest, choice) }))
  }

  return {
    of,
    async visible(accountIds: readonly AccountId[]): Promise<Presence[]> {
      return of(await activeAccounts(accountIds))
    },
    async mine(actor: Actor): Promise<Output<Hub, 'presence.mine'>> {
      return { choice: await findChoice(db, actor.accountId) }
    },
    async choose(actor: Actor, { choice }: Input<Hub, 'presence.choose'>): Promise<Output<Hub, 'presence.choose'>> {
      await work((tx) => saveChoice(tx, actor.accountId, choice))
      changed(actor.accountId)
      return { choice }
    },

    opened: (actor: Actor, screen: string) => screens.open(actor.accountId, screen),
    touched: (actor: Actor, screen: string, isActive: boolean) => screens.touch(actor.accountId, screen, isActive),
    closed: (actor: Actor, screen: string) => screens.close(actor.accountId, screen),

    /** Writes what changed since the last time, however often it did, and says whose presence to look at again. */
    async tell(): Promise<void> {
      const changes = screens.takeChanges()
      if (changes.open.length + changes.closed.length === 0) return
      try {
        await work((tx) => saveScreens(tx, process, changes.open, changes.closed))
      } catch (error) {
        screens.giveBack(changes)
        throw error
      }
      for (const { accountId } of changes.open) changed(accountId)
      for (const accountId of changes.closed) changed(accountId)
    },

    /** Keeps our rows alive and takes away those of processes that died. */
    async renew(): Promise<void> {
      const [kept, expired] = await work(async (tx) => [await renewScreens(tx, process), await forgetExpired(tx)] as const)
      if (kept < screens.size) screens.forgetTold()
      for (const accountId of expired) changed(accountId)
      await this.tell()
    },

    async leave(): Promise<void> {
      await work((tx) => forgetProcess(tx, process))
    },
  }
}
