import type { Announce, Reading, Tx } from '@atrium/platform'
import type { AccountId, SessionId } from '@atrium/protocol'
import type { Sessions } from './sessions.ts'
import { listLooking } from './store.shut.ts'

/** Into which of these somebody may look: with the right to it, and as it stands where it is asked. */
export type MayLook = (at: Reading<any> | Tx, by: AccountId, into: readonly AccountId[]) => Promise<ReadonlySet<string>>
interface Looking {
  id: SessionId
  accountId: AccountId
  openedBy: AccountId | null
}

/** AUTH-13: of sessions in which somebody looks through another's eyes, those who may no more. Others are left alone. */
export async function overLooked<S extends Looking>(at: Reading<any> | Tx, sessions: readonly S[], mayLook: MayLook): Promise<S[]> {
  const looking = Map.groupBy(
    sessions.filter(({ openedBy }) => openedBy !== null),
    ({ openedBy }) => openedBy!,
  )
  const over = await Promise.all(
    [...looking].map(async ([by, theirs]) => {
      const may = await mayLook(at, by, [...new Set(theirs.map(({ accountId }) => accountId))])
      return theirs.filter(({ accountId }) => !may.has(accountId))
    }),
  )
  return over.flat()
}

/**
 * Rights have changed in this unit: whoever looks by one that is gone is out with its commit, on every screen. Few look at any time,
 * so all of them are asked for, whatever it was that changed.
 */
export const endLooking =
  (deps: { open: Pick<Sessions, 'end'>; mayLook: MayLook; now: () => Date }) => async (tx: Tx, announce: Announce) => {
    for (const { id, accountId } of await overLooked(tx, await listLooking(tx, deps.now()), deps.mayLook))
      await deps.open.end(tx, announce, accountId, 'session_ended', { only: id })
  }
