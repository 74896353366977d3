import type { Actor } from '@atrium/platform'
import { type Account, type AccountId, type Hub, type Input, type Output, Profile } from '@atrium/protocol'
import { cursorOf, noSuchPerson, readCursor, type DirectoryDeps } from './service.common.ts'
import { findAccount, toRow } from './store.accounts.ts'
import { countAccounts, findShut, listAccounts, type Filter } from './store.listing.ts'
import type { Db } from './tables.ts'
import type { Tx } from '@atrium/platform'
import { decidedByCap, effective, inherited } from './values.ts'

/** What administrators see of accounts. */
export function showingService(deps: DirectoryDeps) {
  const { db, known } = deps

  /** What is asked for only where the filter needs it: everything else is one statement less. */
  async function asked(filter: Filter) {
    const [delegates, shut] = await Promise.all([filter.types ? deps.delegates() : [], filter.statuses ? findShut(db) : []])
    return { ...filter, delegates, shut, beside: deps.beside }
  }

  /** Everything of one account, with where its values are from. */
  async function whole(id: AccountId, at: Db | Tx = db): Promise<Account> {
    const found = await findAccount(at, id)
    if (!found) throw noSuchPerson()
    const [layers, bytes, secrets, lockouts, delegates, readOnlyFields] = await Promise.all([
      known.layersIn(at, [id]),
      deps.bytesOf(at, id),
      deps.credentialsOf([id]),
      deps.lockoutsOf([id]),
      deps.delegates(),
      deps.keptElsewhere({ id, source: found.source }),
    ])
    const of = layers.get(id)!
    const { given, initials, surname, title, notes, isHidden, source, recoveryAddress } = found
    return {
      ...toRow(found, { isDelegate: delegates.includes(id), lockedOutUntil: lockouts.get(id) ?? null }),
      ...{ given, initials, surname, title, notes, isHidden, source, bytes, readOnlyFields },
      profile: Profile.parse(found.profile),
      values: found.ownValues,
      inherited: inherited(of),
      effective: effective(of),
      capped: decidedByCap(of),
      hasOwnCos: found.ownCosId !== null,
      hasPassword: secrets.has(id),
      mustChangePassword: secrets.get(id)?.mustChange ?? false,
      recovery: recoveryAddress === null ? null : { address: recoveryAddress, isVerified: found.isRecoveryVerified },
      deletedAt: found.deletedAt?.toISOString() ?? null,
    }
  }

  return {
    whole,
    get: (_actor: Actor, { accountId }: Input<Hub, 'accounts.get'>): Promise<Account> => whole(accountId),

    async list(
      actor: Actor,
      { after, limit, sort, isDescending, ...filter }: Input<Hub, 'accounts.list'>,
    ): Promise<Output<Hub, 'accounts.list'>> {
      const [key, id] = after === undefined ? [] : readCursor(after, 2)
      const from = key === undefined ? undefined : { key, id: id! }
      const ask = { ...(await asked(filter)), sort, isDescending, after: from, limit: limit + 1 }
      const rows = await deps.seenBy(actor, 'account.see', (visible) => listAccounts(db, { ...ask, visible }))
      const page = rows.slice(0, limit)
      return {
        accounts: page.map(({ isDelegate, lockedOutUntil, ...row }) => toRow(row, { isDelegate, lockedOutUntil })),
        next: rows.length > limit ? cursorOf(page.at(-1)!.key, page.at(-1)!.id) : null,
      }
    },

    async count(actor: Actor, filter: Input<Hub, 'accounts.count'>): Promise<{ count: number }> {
      const [visible, ask] = await Promise.all([deps.visible(actor, 'account.see'), asked(filter)])
      return { count: await countAccounts(db, { ...ask, visible }) }
    },
  }
}
export type Showing = ReturnType<typeof showingService>
