import { fail, type Actor, type Announce, type Tx as UnderWay } from '@atrium/platform'
import type { AccountId, ListId } from '@atrium/protocol'
import { isCircle, isDynamic, maxMembers } from './rules.ts'
import { carriesRights, isIn, mustBeOurs, type ListDeps } from './service.common.ts'
import type { Kept, Tx } from './store.ts'
import { addMembers, below, dropWishes, holdNesting, keepOut, membersOf, removeMembers, resolve, type Resolved } from './store.members.ts'

export const notifyJob = 'lists.notify'
export interface Notify {
  listId: ListId
  accountIds: AccountId[]
  addresses: string[]
}
/** Who is told at once that a list changed: of more than so many, each page asks when it is opened. */
const mostTold = 500

/** How members come into a list and out of it, within a unit that holds the list. */
export function filling({ db, jobs, now, visible, mayFill, membersChanged, keptElsewhere }: ListDeps) {
  /** LIST-5 */
  async function knownTo(actor: Actor, as: 'administrator' | 'owner'): Promise<(found: Resolved) => boolean> {
    if (as === 'owner') return ({ isHidden }) => !isHidden
    const [accounts, lists] = await Promise.all([visible(actor, 'account.see'), visible(actor, 'list.see')])
    return (found) => isIn(found.kind === 'account' ? accounts : lists, found)
  }

  function tell(announce: Announce, list: Kept, accountIds: readonly AccountId[]): void {
    for (const accountId of new Set([...list.ownerIds, ...accountIds.slice(0, mostTold)]))
      announce(`account:${accountId}`, 'list.changing', { listId: list.id })
  }

  async function add(tx: Tx, announce: Announce, actor: Actor, list: Kept, members: Parameters<typeof addMembers>[2]): Promise<void> {
    if (members.length > 0) await mustBeOurs({ keptElsewhere }, tx, list, ['members'])
    const inner = members.flatMap(({ memberKind, memberId }) => (memberKind === 'list' ? [memberId!] : []))
    if (inner.length > 0) {
      await holdNesting(tx)
      for (const id of inner)
        if (isCircle(list.id, new Set((await below(tx, [id])).map((one) => one.id))))
          throw fail('conflict', 'lists.circle', { field: 'add' })
    }
    if (list.named + members.length > maxMembers) throw fail('conflict', 'lists.tooMany', { field: 'add', params: { most: maxMembers } })
    const added = await addMembers(tx, list.id, members, now())
    if (added.length === 0) return
    if (!(await mayFill(tx as UnderWay, actor, [list.id]))) throw carriesRights()
    const accountIds = added.flatMap(({ memberKind, memberId }) => (memberKind === 'account' ? [memberId as AccountId] : []))
    const addresses = added.flatMap(({ address }) => address ?? [])
    await dropWishes(tx, list.id, accountIds)
    if (list.notifiesMembers && added.length > 0)
      await jobs.enqueue(tx as UnderWay, notifyJob, { listId: list.id, accountIds, addresses } satisfies Notify)
    await membersChanged(
      tx as UnderWay,
      announce,
      [list.id],
      added.flatMap(({ memberId }) => memberId ?? []),
    )
    tell(announce, list, accountIds)
  }

  async function remove(
    tx: Tx,
    announce: Announce,
    actor: Actor,
    list: Kept,
    gone: { ids: readonly string[]; addresses: readonly string[] },
  ): Promise<void> {
    if (gone.ids.length + gone.addresses.length === 0) return
    await mustBeOurs({ keptElsewhere }, tx, list, ['members'])
    const found = isDynamic(list) ? [...(await membersOf(tx, [list.id], gone.ids))] : []
    const removed = await removeMembers(tx, list.id, gone)
    await dropWishes(tx, list.id, gone.ids)
    // Whom the URL finds all the same stays out from now on.
    if (found.length > 0) await keepOut(tx, list.id, found, now())
    const touched = [...new Set([...removed, ...found])]
    if (touched.length === 0) return tell(announce, list, [])
    if (!(await mayFill(tx as UnderWay, actor, [list.id]))) throw carriesRights()
    await membersChanged(tx as UnderWay, announce, [list.id], touched)
    tell(announce, list, touched as AccountId[])
  }

  return {
    tell,
    add,
    remove,
    /** What was typed, as members. */
    async typed(actor: Actor, as: 'administrator' | 'owner', addresses: readonly string[]) {
      const whose = await resolve(db, addresses)
      const isKnown = await knownTo(actor, as)
      return [...new Set(addresses)].map((address) => {
        const found = whose.get(address)
        return found && isKnown(found)
          ? { memberId: found.id, memberKind: found.kind, address: null }
          : { memberId: null, memberKind: 'address' as const, address }
      })
    },
    /** Whoever it is, and what was kept as an address: nothing is told of either. */
    async typedOut(addresses: readonly string[]) {
      const whose = await resolve(db, addresses)
      return { ids: [...whose.values()].map(({ id }) => id), addresses }
    },
  }
}
export type Filling = ReturnType<typeof filling>
