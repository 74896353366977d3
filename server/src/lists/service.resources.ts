import { audited, fail, type Actor, type Tx as UnderWay } from '@atrium/platform'
import type { AccountId, Hub, Input, Output, Resource, ResourceId } from '@atrium/protocol'
import { isIn, mustBeHere, type ListDeps } from './service.common.ts'
import { cursorOf, domainName, dropAddresses, findAdded, named, takeAddress, type Tx } from './store.ts'
import { addResource, dropResource, findResources, resourcePage, setResource, toResource } from './store.resources.ts'

const noSuchResource = () => fail('not_found', 'resources.noSuchResource', { field: 'resourceId' })

/** Rooms and things that can be booked: who may have them when. The bookings come with calendars. */
export function resourcesService({ db, work, now, newId, visible, forget }: ListDeps) {
  const managersOf = async (actor: Actor) => {
    const seen = await visible(actor, 'account.see')
    return (tx: Tx, ids: readonly AccountId[] | undefined, before: readonly string[]) =>
      mustBeHere(tx, (account) => isIn(seen, account), { ids, before, field: 'managerIds', key: 'resources.noSuchPerson' })
  }

  return {
    async list(actor: Actor, asked: Input<Hub, 'resources.list'>): Promise<Output<Hub, 'resources.list'>> {
      const found = await resourcePage(db, { ...asked, limit: asked.limit + 1, seen: await visible(actor, 'resource.see') })
      const page = found.slice(0, asked.limit)
      return { resources: page.map(toResource), next: found.length > asked.limit ? cursorOf(page.at(-1)!) : null }
    },
    async get(_actor: Actor, { resourceId }: Input<Hub, 'resources.get'>): Promise<Resource> {
      const [resource] = await findResources(db, [resourceId])
      if (!resource) throw noSuchResource()
      return toResource(resource)
    },

    async create(actor: Actor, draft: Input<Hub, 'resources.create'>): Promise<Resource> {
      const managers = await managersOf(actor)
      return work(async (tx) => {
        const { clientId, domainId, userName, managerIds = [], ...settings } = draft
        const earlier = await findAdded(tx, 'resource', actor.accountId, clientId)
        if (earlier) return toResource((await findResources(tx, [earlier]))[0]!)
        const domain = await domainName(tx, domainId)
        if (domain === undefined) throw fail('not_found', 'lists.noSuchDomain', { field: 'domainId' })
        await managers(tx, managerIds, [])
        const id = newId() as ResourceId
        const address = `${userName.toLowerCase()}@${domain}`
        await addResource(tx, {
          ...{ id, domainId, name: settings.name, kind: settings.kind ?? 'room', capacity: settings.capacity ?? null },
          ...{ location: settings.location ?? '', notes: settings.notes ?? '', policy: settings.policy ?? 'automatic' },
          ...{ refusesRecurring: settings.refusesRecurring ?? false, managerIds, notify: settings.notify ?? [] },
          ...{ isHidden: settings.isHidden ?? false, ...named(settings.name, [address, settings.location ?? '']) },
          ...{ createdAt: now(), addedBy: actor.accountId, clientId },
        })
        if (!(await takeAddress(tx, { address, ownerKind: 'resource', ownerId: id, isPrimary: true })))
          throw fail('conflict', 'resources.addressTaken', { field: 'userName' })
        const resource = toResource((await findResources(tx, [id]))[0]!)
        audited({ target: { kind: 'resource', id, name: resource.name }, domainId, after: { ...resource } })
        return resource
      })
    },

    async change(actor: Actor, { clientId: _, resourceId, ...asked }: Input<Hub, 'resources.change'>): Promise<Resource> {
      const managers = await managersOf(actor)
      return work(async (tx) => {
        const [before] = await findResources(tx, [resourceId], 'hold')
        if (!before) throw noSuchResource()
        await managers(tx, asked.managerIds, before.managerIds)
        const change: Partial<Omit<Resource, 'createdAt' | 'address'>> = Object.fromEntries(
          Object.entries(asked).filter(([, value]) => value !== undefined),
        )
        const [name, location] = [change.name ?? before.name, change.location ?? before.location]
        await setResource(tx, resourceId, { ...change, ...named(name, [before.address, location]) })
        const after = toResource((await findResources(tx, [resourceId]))[0]!)
        const keys = Object.keys(change) as (keyof Resource)[]
        const of = (one: Resource) => Object.fromEntries(keys.map((key) => [key, one[key]]))
        audited({ target: { kind: 'resource', id: resourceId, name: after.name }, before: of(toResource(before)), after: of(after) })
        return after
      })
    },

    delete: (_actor: Actor, { resourceId }: Input<Hub, 'resources.delete'>): Promise<Record<string, never>> =>
      work(async (tx, announce) => {
        const [before] = await findResources(tx, [resourceId], 'hold')
        if (!before) throw noSuchResource()
        await forget(tx as UnderWay, announce, [resourceId])
        await dropAddresses(tx, resourceId)
        await dropResource(tx, resourceId)
        const { id, name, domainId } = before
        audited({ target: { kind: 'resource', id, name }, domainId, before: { ...toResource(before) }, after: null })
        return {}
      }),
  }
}
