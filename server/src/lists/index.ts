import type { Actor, Announce, Handlers, Jobs, Tx as UnderWay } from '@atrium/platform'
import type { AccountId, ListId, ListRow, lists as ofLists, resources as ofResources } from '@atrium/protocol'
import { filling, notifyJob, type Notify } from './filling.ts'
import { welcome } from './letters.ts'
import { noSuchList, showing, type ListDeps } from './service.common.ts'
import { owningService } from './service.owning.ts'
import { resourcesService } from './service.resources.ts'
import { listsService } from './service.ts'
import { findLists, holdList, listRows } from './store.ts'
import { lettersTo, membersOf } from './store.members.ts'

export { following, type Gathering } from './following.ts'
export { listsMirroring, type ListsMirroring } from './mirroring.ts'
export type { ListTables } from './store.ts'

/** Distribution lists, named and dynamic, and what can be booked. */
export function lists(deps: ListDeps) {
  const { db, work, languageOf, organisation, post } = deps
  const shows = showing(deps)
  const fills = filling(deps)
  const service = listsService(deps, { showing: shows, filling: fills })
  const own = owningService(deps, { lists: service, showing: shows, filling: fills })
  const things = resourcesService(deps)
  const handlers: Handlers<typeof ofLists & typeof ofResources> = {
    'lists.list': service.list,
    'lists.get': service.get,
    'lists.members': service.members,
    'lists.preview': service.preview,
    'lists.create': service.create,
    'lists.change': service.configure,
    'lists.members.change': service.changeMembers,
    'lists.alias.add': service.addAlias,
    'lists.alias.remove': service.removeAlias,
    'lists.delete': service.delete,
    'lists.of': service.of,
    'lists.find': own.find,
    'me.lists': own.mine,
    'me.list.join': own.join,
    'me.list.leave': own.leave,
    'me.list.get': own.get,
    'me.list.members': own.members,
    'me.list.change': own.change,
    'resources.list': things.list,
    'resources.get': things.get,
    'resources.create': things.create,
    'resources.change': things.change,
    'resources.delete': things.delete,
  }

  /** Each new member gets a letter in the language they read. */
  async function notify({ listId, accountIds, addresses }: Notify): Promise<void> {
    const [[list], hub] = [await findLists(db, [listId]), await organisation()]
    if (!list) return
    const about = { list: list.name, address: list.address, organisation: hub?.name ?? '' }
    const people = await lettersTo(db, accountIds)
    await work(async (tx) => {
      for (const { id, name, address } of people)
        await post(tx as UnderWay, welcome((await languageOf(tx as UnderWay, id)) ?? 'en', { to: address, name, ...about }))
      for (const address of addresses) await post(tx as UnderWay, welcome('en', { to: address, name: '', ...about }))
    })
  }

  return {
    handlers,
    /** The accounts that are in any of these lists, also by lists in them. Among these, if they are given. */
    membersOf: (listIds: readonly string[], among?: readonly string[]): Promise<Set<AccountId>> => membersOf(db, listIds, among),
    rows: async (ids: readonly string[]): Promise<ListRow[]> => shows.rows(await listRows(db, ids)),
    /** LIST-6 */
    isKnown: own.isKnown,
    /** The lists that others may know somebody is in. */
    async shownOf(accountId: string): Promise<{ id: ListId; name: string }[]> {
      return (await service.listsOf(accountId)).flatMap(({ list }) => (list.isHidden ? [] : [{ id: list.id, name: list.name }]))
    },
    /** Names accounts in a list, for who may change it. */
    async addTo(tx: UnderWay, announce: Announce, actor: Actor, listId: ListId, accountIds: readonly AccountId[]): Promise<void> {
      await deps.require(actor, 'list.change', { kind: 'list', id: listId })
      const list = await holdList(tx as never, listId)
      if (!list) throw noSuchList()
      const members = accountIds.map((id) => ({ memberId: id as string, memberKind: 'account' as const, address: null }))
      await fills.add(tx as never, announce, actor, list, members)
    },
    work: (jobs: Pick<Jobs, 'register'>): void => jobs.register<Notify>(notifyJob, notify),
  }
}
export type Lists = ReturnType<typeof lists>
