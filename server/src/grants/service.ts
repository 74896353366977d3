import { audited, fail, type Actor, type Announce, type Database, type Tx as UnderWay } from '@atrium/platform'
import { isUuid, rights as allRights, type AccountId, type Grant, type GrantId, type Hub, type Input, type Output } from '@atrium/protocol'
import type { Ruling } from './authority.ts'
import { allowing, denying, holds, mayGive, mayHoldRights, sourcesOf, suits, type Held } from './rules.ts'
import {
  addGrant,
  comeFrom,
  findGrantee,
  findGrants,
  grantsAbout,
  heldBy,
  heldByLists,
  listDomains,
  listGrants,
  namedIn,
  placesOf,
  removeTree,
  type GrantTables,
  type Removed,
} from './store.ts'

export interface ServiceDeps extends Database<GrantTables> {
  ruling: Ruling
  now: () => Date
  newId: () => string
  /** Somebody who administers everything, as sign-in sees it. */
  isAdministrator: (actor: Pick<Actor, 'accountId'>) => Promise<boolean>
  changed: (tx: UnderWay, announce: Announce) => Promise<void>
}
const alone = { alone: true }
const noSuchGrant = () => fail('not_found', 'grants.noSuchGrant', { field: 'grantId' })
const noSuchTarget = () => fail('not_found', 'grants.noSuchTarget', { field: 'target.id' })

export function grantsService({ db, work, ruling, now, newId, isAdministrator, changed }: ServiceDeps) {
  async function tell(tx: UnderWay, announce: Announce, accountIds: Iterable<AccountId>): Promise<void> {
    for (const accountId of new Set(accountIds)) announce(`account:${accountId}`, 'me.rights.changing', { accountId })
    await changed(tx, announce)
  }
  async function grantees(tx: UnderWay, grants: readonly Pick<Removed, 'granteeKind' | 'granteeId'>[]): Promise<AccountId[]> {
    const of = (kind: string) => grants.flatMap(({ granteeKind, granteeId }) => (granteeKind === kind ? [granteeId] : []))
    return [...(of('account') as AccountId[]), ...(await namedIn(tx as never, of('list')))]
  }

  async function mustSee(actor: Actor, { kind, id }: Grant['grantee'], field: string): Promise<void> {
    const seen = await ruling.may(actor, `${kind}.see`, kind, [id])
    if (!seen.has(id) && !(kind === 'account' && id === actor.accountId)) throw fail('not_found', 'grants.noSuchGrantee', { field })
  }

  /** As `revoke` would decide. */
  async function revocableAmong(actor: Actor, grants: readonly Grant[]): Promise<Set<GrantId>> {
    if (await ruling.administers(actor)) return new Set(grants.map(({ id }) => id))
    const mine = await comeFrom(
      db,
      grants.map(({ id }) => id),
      actor.accountId,
    )
    const over = Map.groupBy(
      grants.filter(({ id }) => mine.has(id)),
      ({ target }) => target.kind,
    )
    const held = await ruling.heldOf(actor)
    const found = await Promise.all(
      [...over].map(async ([kind, some]) => {
        const places = await placesOf(
          db,
          kind,
          some.map(({ target }) => target.id),
        )
        return some.filter(({ target }) => places.has(target.id) && holds(held, places.get(target.id)!, 'grant.give'))
      }),
    )
    return new Set(found.flat().map(({ id }) => id))
  }

  return {
    async give(actor: Actor, { grantee, target, rights, isDenied, mayGrant }: Input<Hub, 'grants.give'>): Promise<Grant> {
      const isAll = await ruling.administers(actor)
      if (!isAll) await mustSee(actor, grantee, 'grantee.id')
      return work(async (tx, announce) => {
        const place = (await placesOf(tx, target.kind, [target.id])).get(target.id)
        const mine = isAll ? [] : ((await heldBy(tx, [actor.accountId])).get(actor.accountId) ?? [])
        if (!place || !(isAll || holds(mine, place, `${target.kind}.see`) || holds(mine, place, 'grant.see'))) throw noSuchTarget()
        const who = await findGrantee(tx, grantee)
        if (!who) throw fail('not_found', 'grants.noSuchGrantee', { field: 'grantee.id' })
        if (!mayHoldRights(who)) throw fail('conflict', 'grants.dynamicList', { field: 'grantee.id' })
        if (rights.some((right) => !suits(right, target.kind))) throw fail('invalid', 'grants.rightNotThere', { field: 'rights' })
        if (!isAll) {
          if (!holds(mine, place, 'grant.give') || rights.some((right) => !mayGive(mine, place, right)))
            throw fail('forbidden', 'grants.notYours', { field: 'rights' })
          if (grantee.id === actor.accountId) throw fail('forbidden', 'grants.notYourself', { field: 'grantee.id' })
          if (who.isAdministrator) throw fail('forbidden', 'grants.aboveYou', { field: 'grantee.id' })
        }
        const id = newId() as GrantId
        const sources = isAll ? [] : sourcesOf(mine, place, rights)
        const given = {
          ...{ id, granteeKind: grantee.kind, granteeId: grantee.id, targetKind: target.kind, targetId: target.id },
          ...{ rights: allRights.filter((right) => rights.includes(right)), isDenied, mayGrant: mayGrant && !isDenied },
          ...{ givenBy: actor.accountId, givenAt: now(), sources },
        }
        if (!(await addGrant(tx, given))) throw fail('forbidden', 'grants.notYours', { field: 'rights' })
        await tell(tx, announce, await grantees(tx, [given]))
        const [grant] = await findGrants(tx, [id])
        audited({ target: { ...target, name: grant!.targetName }, after: { ...grant } })
        return grant!
      }, alone)
    },

    async revoke(actor: Actor, { grantId }: Input<Hub, 'grants.revoke'>): Promise<Output<Hub, 'grants.revoke'>> {
      const isAll = await ruling.administers(actor)
      return work(async (tx, announce) => {
        const [grant] = await findGrants(tx, [grantId])
        if (!grant) throw noSuchGrant()
        if (!isAll && !(await comeFrom(tx, [grantId], actor.accountId)).has(grantId)) throw fail('forbidden', 'grants.notYours')
        const removed = await removeTree(tx, [grantId])
        await tell(tx, announce, await grantees(tx, removed))
        audited({ target: { ...grant.target, name: grant.targetName }, before: { ...grant, withIt: removed.length - 1 } })
        return { revoked: removed.map(({ id }) => id) }
      }, alone)
    },

    async list(actor: Actor, { grantee, target, after, limit }: Input<Hub, 'grants.list'>): Promise<Output<Hub, 'grants.list'>> {
      const seen = await ruling.visible(actor, 'grant.see')
      const [at = '', id = ''] = after?.split(' ') ?? []
      if (after !== undefined && !(isUuid(id) && !Number.isNaN(Date.parse(at)))) throw fail('invalid', 'invalid', { field: 'after' })
      const found = await listGrants(db, {
        ...{ granteeId: grantee?.id, targetId: target?.id, limit: limit + 1, seen },
        after: after === undefined ? undefined : { at: new Date(at), id },
      })
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      const revocable = await revocableAmong(actor, page)
      return {
        grants: page.map((grant) => ({ ...grant, mayRevoke: revocable.has(grant.id) })),
        next: last ? `${last.givenAt} ${last.id}` : null,
      }
    },

    async explain(actor: Actor, { accountId, target }: Input<Hub, 'grants.explain'>): Promise<Output<Hub, 'grants.explain'>> {
      const isAll = await ruling.administers(actor)
      const place = (await placesOf(db, target.kind, [target.id])).get(target.id)
      if (!place || !(isAll || holds(await ruling.heldOf(actor), place, 'grant.see'))) throw noSuchTarget()
      await mustSee(actor, { kind: 'account', id: accountId }, 'accountId')
      const held = (await heldBy(db, [accountId])).get(accountId) ?? []
      const rules = await isAdministrator({ accountId })
      const about = new Set<string>()
      const explained = allRights
        .filter((right) => suits(right, target.kind) || rules)
        .map((right) => {
          const [granted, denied] = [allowing(held, place, right), denying(held, place, right)]
          const decisive = rules ? [] : denied.length > 0 ? denied : granted
          for (const { id } of [...granted, ...denied]) about.add(id)
          const because = rules ? 'administrator' : denied.length > 0 ? 'denied' : granted.length > 0 ? 'granted' : 'nothing'
          return {
            right,
            isAllowed: because === 'administrator' || because === 'granted',
            because: because as Output<Hub, 'grants.explain'>['rights'][number]['because'],
            grants: decisive.map(({ id }) => id as GrantId),
          }
        })
      return { rights: explained, grants: await findGrants(db, [...about]) }
    },

    async mine(actor: Actor): Promise<Output<Hub, 'me.rights'>> {
      const rights = await ruling.rightsOf(actor)
      const domains = await listDomains(db, rights === 'all' ? 'all' : [...rights.domains.keys()])
      return {
        isAdministrator: rights === 'all',
        anywhere: rights === 'all' ? [...allRights] : rights.anywhere,
        domains: domains.map((domain) => ({
          ...domain,
          ...(rights === 'all'
            ? { rights: [...allRights], grantable: allRights.filter((right) => suits(right, 'domain')) }
            : rights.domains.get(domain.id)!),
        })),
      }
    },

    /** Of things that are no more: whatever was granted over them, or to them, goes, with what was granted from it. */
    async forget(tx: UnderWay, announce: Announce, ids: readonly string[]): Promise<void> {
      const about = await grantsAbout(tx as never, ids)
      if (about.length > 0) await tell(tx, announce, await grantees(tx, await removeTree(tx as never, about)))
    },

    /**
     * GRANT-10  Who is in a list that holds rights, or in a list in it, is changed only by who could give those rights: or an owner
     * of the list would make administrators.
     */
    async mayFill(at: UnderWay, actor: Actor, listIds: readonly string[]): Promise<boolean> {
      const carried = await heldByLists(at as never, listIds)
      if (carried.length === 0 || (await ruling.administers(actor, at as never))) return true
      const mine: Held[] = await ruling.heldOf(actor, at as never)
      return carried.every(({ rights, target }) => rights.every((right) => mayGive(mine, target, right)))
    },
    /** Somebody came into a list, or left one: what they may do follows. */
    async membersChanged(tx: UnderWay, announce: Announce, listIds: readonly string[], memberIds: readonly string[]): Promise<void> {
      if ((await heldByLists(tx as never, listIds)).length > 0) await tell(tx, announce, await namedIn(tx as never, memberIds))
    },
  }
}
