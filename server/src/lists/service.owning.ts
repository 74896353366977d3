import { fail, Refusal, type Actor } from '@atrium/platform'
import type { Hub, Input, List, ListRow, Output } from '@atrium/protocol'
import type { Filling } from './filling.ts'
import { comes, isKnown, owns } from './rules.ts'
import { mustBeOurs, noSuchList, type ListDeps, type Showing } from './service.common.ts'
import type { ListsService } from './service.ts'
import { findLists, holdList, listRows, openLists, ownedBy, peopleAmong, type Kept, type Tx } from './store.ts'
import { dropWishes, listWishes, memberPage, membersOf, setWish, wishesOf } from './store.members.ts'

const most = 200

/** What lists are to everybody: those one owns, is in, or may join. */
export function owningService(
  { db, work, now, peopleOf, keptElsewhere }: ListDeps,
  { lists, showing, filling }: { lists: ListsService; showing: Showing; filling: Filling },
) {
  /** LIST-1 and LIST-6: whoever may not know of it is told that there is none. */
  async function known(actor: Actor, listId: string): Promise<Kept & { isOwner: boolean }> {
    const [list] = await findLists(db, [listId])
    if (!list) throw noSuchList()
    const isOwner = owns(list, actor.accountId)
    const isIn = isOwner || !list.isHidden || (await membersOf(db, [listId], [actor.accountId])).size > 0
    if (!isKnown(list, { owns: isOwner, isIn })) throw noSuchList()
    return { ...list, isOwner }
  }
  async function owned(actor: Actor, listId: string): Promise<Kept> {
    const list = await known(actor, listId)
    if (!list.isOwner) throw fail('forbidden', 'lists.isClosed', { field: 'listId' })
    return list
  }
  async function held(tx: Tx, listId: string): Promise<Kept> {
    const list = await holdList(tx, listId)
    if (!list) throw noSuchList()
    return list
  }

  const coming = (wish: 'join' | 'leave', actor: Actor, listId: Kept['id']): Promise<'done' | 'asked'> =>
    work(async (tx, announce) => {
      const list = await held(tx, listId)
      const isIn = (await membersOf(tx, [listId], [actor.accountId])).size > 0
      if (isIn === (wish === 'join')) return 'done'
      await mustBeOurs({ keptElsewhere }, tx, list, ['members'])
      const how = comes(wish === 'join' ? list.joining : list.leaving, actor)
      if (how === 'not') throw fail('forbidden', 'lists.isClosed', { field: 'listId' })
      if (how === 'asks') {
        await setWish(tx, { listId, accountId: actor.accountId, wish, askedAt: now() })
        filling.tell(announce, list, [actor.accountId])
        return 'asked'
      }
      const oneself = { memberId: actor.accountId as string, memberKind: 'account' as const, address: null }
      if (wish === 'join') await filling.add(tx, announce, actor, list, [oneself])
      else await filling.remove(tx, announce, actor, list, { ids: [actor.accountId], addresses: [] })
      return 'done'
    })

  return {
    isKnown: (actor: Actor, listId: string): Promise<boolean> =>
      known(actor, listId).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Refusal) return false
          throw error
        },
      ),
    async mine(actor: Actor): Promise<Output<Hub, 'me.lists'>> {
      const [ids, around, open, asked] = await Promise.all([
        ownedBy(db, actor.accountId),
        lists.listsOf(actor.accountId),
        openLists(db, { accountId: actor.accountId, search: '', limit: most, joinable: true }),
        wishesOf(db, actor.accountId),
      ])
      const member = around.map(({ list, isDirect, via }) => ({ ...list, isDirect, via }))
      const isIn = new Set(member.map(({ id }) => id))
      return {
        owned: await showing.rows(await listRows(db, ids)),
        member,
        open: await showing.rows(open.filter(({ id }) => !isIn.has(id))),
        asked,
      }
    },
    async find(_actor: Actor, { search }: Input<Hub, 'lists.find'>): Promise<ListRow[]> {
      return showing.rows(await openLists(db, { accountId: _actor.accountId, search, limit: 20, joinable: false }))
    },

    async join(actor: Actor, { listId }: Input<Hub, 'me.list.join'>): Promise<Output<Hub, 'me.list.join'>> {
      await known(actor, listId)
      return { state: (await coming('join', actor, listId)) === 'done' ? 'in' : 'asked' }
    },
    async leave(actor: Actor, { listId }: Input<Hub, 'me.list.leave'>): Promise<Output<Hub, 'me.list.leave'>> {
      await known(actor, listId)
      return { state: (await coming('leave', actor, listId)) === 'done' ? 'out' : 'asked' }
    },

    get: async (actor: Actor, { listId }: Input<Hub, 'me.list.get'>): Promise<List> => showing.whole(db, await owned(actor, listId)),
    async members(actor: Actor, { listId, ...asked }: Input<Hub, 'me.list.members'>): Promise<Output<Hub, 'me.list.members'>> {
      const list = await owned(actor, listId)
      const wishes = await listWishes(db, listId)
      const accountIds = wishes.map(({ accountId }) => accountId)
      const people = new Map((await peopleOf(db, accountIds)).map((person) => [person.id, person]))
      const asking = wishes.flatMap(({ accountId, wish }) => (people.has(accountId) ? [{ ...people.get(accountId)!, wish }] : []))
      return { ...(await memberPage(db, list, asked)), asked: asking }
    },
    async change(actor: Actor, { clientId: _, listId, add, remove, refuse, ...settings }: Input<Hub, 'me.list.change'>): Promise<List> {
      await owned(actor, listId)
      const fill = await lists.fill(actor, 'owner', { listId, add, remove })
      const isKnown = await lists.namable(actor, 'owner')
      return lists.changing(listId, async (tx, announce, list) => {
        if (!owns(list, actor.accountId)) throw noSuchList()
        await lists.change(tx, list, settings, isKnown)
        await fill(tx, announce, list)
        const here = await peopleAmong(tx, refuse)
        if (!refuse.every((id) => here.has(id))) throw fail('not_found', 'lists.noSuchPerson', { field: 'refuse' })
        await dropWishes(tx, listId, refuse)
        if (refuse.length > 0) filling.tell(announce, list, refuse)
        return settings
      })
    },
  }
}
