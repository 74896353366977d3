import { audited, fail, type Actor, type Announce, type Tx as UnderWay } from '@atrium/platform'
import type { Hub, Input, List, ListId, ListRow, Output } from '@atrium/protocol'
import type { Filling } from './filling.ts'
import { isDynamic } from './rules.ts'
import { carriesRights, isIn, mustBeHere, mustBeOurs, noSuchList, urlKeyOf, type ListDeps, type Showing } from './service.common.ts'
import {
  addList,
  cursorOf,
  domainName,
  dropAddress,
  dropList,
  findAdded,
  findLists,
  hasUrl,
  holdList,
  listPage,
  listRows,
  named,
  peopleAmong,
  addressesOf,
  setList,
  setPeople,
  takeAddress,
  type Kept,
  type Tx,
} from './store.ts'
import { above, directListsOf, memberPage, preview } from './store.members.ts'

type Namable = (account: { id: string; domainId: string | null }) => boolean
type Settings = Omit<Input<Hub, 'lists.change'>, 'clientId' | 'listId'>
const alone = { alone: true }
const shownFirst = 50

export function listsService(deps: ListDeps, { showing, filling }: { showing: Showing; filling: Filling }) {
  const { db, work, now, newId, visible, require, mayFill, forget, peopleOf } = deps

  async function existing(id: string): Promise<Kept> {
    const [list] = await findLists(db, [id])
    if (!list) throw noSuchList()
    return list
  }
  async function held(tx: Tx, id: string): Promise<Kept> {
    const list = await holdList(tx, id)
    if (!list) throw noSuchList()
    return list
  }
  /** Whom somebody may name: an administrator those of the domain, an owner whoever is here. */
  async function namable(actor: Actor, as: 'administrator' | 'owner'): Promise<Namable> {
    const seen = as === 'owner' ? 'all' : await visible(actor, 'account.see')
    return (account) => isIn(seen, account)
  }

  /** What a list is from now on. Who is in it changes elsewhere. */
  async function change(tx: Tx, list: Kept, settings: Settings, isKnown: Namable): Promise<void> {
    const { ownerIds, mayWrite, url, ...plain } = settings
    const key = 'lists.noSuchPerson'
    await mustBeHere(tx, isKnown, { ids: ownerIds, before: list.ownerIds, field: 'ownerIds', key })
    await mustBeHere(tx, isKnown, { ids: mayWrite, before: list.mayWrite, field: 'mayWrite', key })
    const asked = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)) as Omit<Settings, 'url'>
    // A form says all it shows: what stays as it is is no change.
    const news = Object.keys(asked).filter((key) => asked[key as keyof typeof asked] !== list[key as keyof Kept])
    await mustBeOurs(deps, tx, list, news)
    if (url !== undefined) {
      if (!isDynamic(list)) throw fail('conflict', 'lists.notDynamic', { field: 'url' })
      const urlKey = urlKeyOf(url, list.domain)
      if (await hasUrl(tx, list.domainId, urlKey, list.id)) throw fail('conflict', 'lists.urlTaken', { field: 'url' })
      await setList(tx, list.id, { url, urlKey })
    }
    await setList(tx, list.id, {
      ...(asked as Partial<Kept>),
      ...(asked.name !== undefined && named(asked.name, await addressesOf(tx, list.id))),
    } as Parameters<typeof setList>[2])
    if (ownerIds) await setPeople(tx, 'listOwner', list.id, ownerIds)
    if (mayWrite) await setPeople(tx, 'listWriter', list.id, mayWrite)
  }
  const said = (settings: Settings, list: Kept) =>
    Object.fromEntries(
      Object.keys(settings).flatMap((key) => (settings[key as keyof Settings] === undefined ? [] : [[key, list[key as keyof Kept]]])),
    )

  /** One change of one list, noted as it was and as it is. */
  const changing = (id: ListId, run: (tx: Tx, announce: Announce, list: Kept) => Promise<Settings | void>): Promise<List> =>
    work(async (tx, announce) => {
      const before = await held(tx, id)
      const settings = await run(tx, announce, before)
      const [after] = await findLists(tx, [id])
      if (settings) {
        audited({ target: { kind: 'list', id, name: after!.name }, before: said(settings, before), after: said(settings, after!) })
        filling.tell(announce, { ...after!, ownerIds: [...new Set([...before.ownerIds, ...after!.ownerIds])] }, [])
      }
      return showing.whole(tx, after!)
    }, alone)

  /** Names and finds: the same for administrators and owners. */
  const fill = async (
    actor: Actor,
    as: 'administrator' | 'owner',
    { listId, add, remove }: { listId: ListId; add: string[]; remove: string[] },
  ) => {
    const [coming, going] = [await filling.typed(actor, as, add), await filling.typedOut(remove)]
    return async (tx: Tx, announce: Announce, list: Kept): Promise<void> => {
      await filling.remove(tx, announce, actor, list, going)
      await filling.add(tx, announce, actor, list, coming)
      if (add.length + remove.length > 0)
        audited({
          target: { kind: 'list', id: listId, name: list.name },
          before: { members: list.named },
          after: { added: add, removed: remove },
        })
    }
  }

  return {
    change,
    namable,
    changing,
    fill,
    existing,

    async list(actor: Actor, asked: Input<Hub, 'lists.list'>): Promise<Output<Hub, 'lists.list'>> {
      const found = await listPage(db, { ...asked, limit: asked.limit + 1, seen: await visible(actor, 'list.see') })
      const page = found.slice(0, asked.limit)
      return { lists: await showing.rows(page), next: found.length > asked.limit ? cursorOf(page.at(-1)!) : null }
    },
    get: async (_actor: Actor, { listId }: Input<Hub, 'lists.get'>): Promise<List> => showing.whole(db, await existing(listId)),
    members: async (_actor: Actor, { listId, ...asked }: Input<Hub, 'lists.members'>): Promise<Output<Hub, 'lists.members'>> =>
      memberPage(db, await existing(listId), asked),

    async preview(_actor: Actor, { domainId, url }: Input<Hub, 'lists.preview'>): Promise<Output<Hub, 'lists.preview'>> {
      const domain = await domainName(db, domainId)
      if (domain === undefined) throw fail('not_found', 'lists.noSuchDomain', { field: 'domainId' })
      urlKeyOf(url, domain)
      const { count, first } = await preview(db, { domainId, domain, url }, shownFirst)
      const people = new Map((await peopleOf(db, first)).map((person) => [person.id, person]))
      return { count, first: first.map((id) => people.get(id)!) }
    },

    async create(actor: Actor, draft: Input<Hub, 'lists.create'>): Promise<List> {
      const { clientId, domainId, userName, members, url, ...settings } = draft
      const [coming, isKnown] = [await filling.typed(actor, 'administrator', members), await namable(actor, 'administrator')]
      return work(async (tx, announce) => {
        const earlier = await findAdded(tx, 'list', actor.accountId, clientId)
        if (earlier) return showing.whole(tx, (await findLists(tx, [earlier]))[0]!)
        const domain = await domainName(tx, domainId)
        if (domain === undefined) throw fail('not_found', 'lists.noSuchDomain', { field: 'domainId' })
        const id = newId() as ListId
        const urlKey = url === undefined ? null : urlKeyOf(url, domain)
        if (urlKey !== null && (await hasUrl(tx, domainId, urlKey, null))) throw fail('conflict', 'lists.urlTaken', { field: 'url' })
        const address = `${userName.toLowerCase()}@${domain}`
        await addList(tx, {
          ...{ id, domainId, url: url ?? null, urlKey, name: settings.name, description: '', notes: '', isHidden: false },
          ...{ whoMayWrite: 'everyone', notifiesMembers: false, joining: 'closed', leaving: 'closed', source: 'here', externalId: null },
          ...{ ...named(settings.name, [address]), createdAt: now(), addedBy: actor.accountId, clientId },
        })
        if (!(await takeAddress(tx, { address, ownerKind: 'list', ownerId: id, isPrimary: true })))
          throw fail('conflict', 'lists.addressTaken', { field: 'userName' })
        const list = await held(tx, id)
        await change(tx, list, settings, isKnown)
        const whole = (await findLists(tx, [id]))[0]!
        await filling.add(tx, announce, actor, whole, coming)
        filling.tell(announce, whole, [])
        audited({ target: { kind: 'list', id, name: whole.name }, domainId, after: { ...settings, address, url: url ?? null, members } })
        return showing.whole(tx, (await findLists(tx, [id]))[0]!)
      }, alone)
    },

    async configure(actor: Actor, { clientId: _, listId, ...settings }: Input<Hub, 'lists.change'>): Promise<List> {
      const isKnown = await namable(actor, 'administrator')
      return changing(listId, async (tx, _announce, list) => {
        await change(tx, list, settings, isKnown)
        return settings
      })
    },

    async changeMembers(actor: Actor, asked: Input<Hub, 'lists.members.change'>): Promise<List> {
      await existing(asked.listId)
      return changing(asked.listId, await fill(actor, 'administrator', asked))
    },

    async addAlias(actor: Actor, { listId, domainId, userName }: Input<Hub, 'lists.alias.add'>): Promise<List> {
      const list = await existing(listId)
      const domain = await domainName(db, domainId)
      if (domain === undefined) throw fail('not_found', 'lists.noSuchDomain', { field: 'domainId' })
      // An address of another domain is that domain's to give.
      if (list.domainId !== domainId) await require(actor, 'list.create', { kind: 'domain', id: domainId })
      return changing(listId, async (tx) => {
        const address = `${userName.toLowerCase()}@${domain}`
        if (!(await takeAddress(tx, { address, ownerKind: 'list', ownerId: listId, isPrimary: false })))
          throw fail('conflict', 'lists.addressTaken', { field: 'userName' })
        await rename(tx, list)
        return { aliases: [] } as Settings
      })
    },
    removeAlias: (_actor: Actor, { listId, address }: Input<Hub, 'lists.alias.remove'>): Promise<List> =>
      changing(listId, async (tx, _announce, list) => {
        await dropAddress(tx, address, listId)
        await rename(tx, list)
        return { aliases: [] } as Settings
      }),

    delete: (actor: Actor, { listId }: Input<Hub, 'lists.delete'>): Promise<Record<string, never>> =>
      work(async (tx, announce) => {
        const list = await held(tx, listId)
        await mustBeOurs(deps, tx, list, ['address'])
        if (!(await mayFill(tx as UnderWay, actor, [listId]))) throw carriesRights()
        const { members } = await showing.whole(tx, list)
        await forget(tx as UnderWay, announce, [listId])
        await dropList(tx, listId)
        filling.tell(announce, list, [])
        const { address, aliases, description, url } = list
        const target = { kind: 'list', id: listId, name: list.name }
        audited({ target, domainId: list.domainId, before: { address, aliases, description, url, members }, after: null })
        return {}
      }, alone),

    async of(actor: Actor, { accountId }: Input<Hub, 'lists.of'>): Promise<Output<Hub, 'lists.of'>> {
      if (!(await peopleAmong(db, [accountId])).has(accountId)) throw fail('not_found', 'lists.noSuchPerson', { field: 'accountId' })
      const seen = await visible(actor, 'list.see')
      const found = await listsOf(accountId)
      // Nor the name of a list between, that one may not see.
      const names = new Set(found.flatMap(({ list }) => (isIn(seen, list) ? [list.name] : [])))
      return found.flatMap((one) => (isIn(seen, one.list) ? [{ ...one, via: one.via.filter((name) => names.has(name)) }] : []))
    },
    listsOf,
  }

  /** All lists somebody is in, and by which: named or found, or by a list in the list. */
  async function listsOf(accountId: string): Promise<{ list: ListRow; isDirect: boolean; via: string[] }[]> {
    const direct = new Set(await directListsOf(db, accountId))
    const indirect = await above(db, [...direct])
    const rows = await showing.rows(await listRows(db, [...new Set([...direct, ...indirect.map(({ id }) => id)])]))
    const nameOf = new Map(rows.map(({ id, name }) => [id, name]))
    return rows.map((list) => ({
      list,
      isDirect: direct.has(list.id),
      via: [...new Set(indirect.flatMap(({ id, via }) => (id === list.id ? (nameOf.get(via) ?? []) : [])))],
    }))
  }
  /** What it is found by. */
  async function rename(tx: Tx, { id, name }: Kept): Promise<void> {
    await setList(tx, id, named(name, await addressesOf(tx, id)))
  }
}
export type ListsService = ReturnType<typeof listsService>
