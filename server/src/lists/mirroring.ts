import type { Announce, Reading, Tx as UnderWay } from '@atrium/platform'
import type { AccountId, DomainId, ListId } from '@atrium/protocol'
import type { ListDeps } from './service.common.ts'
import { isCircle } from './rules.ts'
import {
  addList,
  addressesOf,
  dropAddresses,
  dropList,
  findLists,
  holdList,
  named,
  release,
  setList,
  takeAddress,
  type Tx,
} from './store.ts'
import { addMembers, below, holdNesting, membersOf, namedIn, removeMembers } from './store.members.ts'

/** A list as another directory has it. */
export interface MirroredList {
  externalId: string
  address: string
  name: string
  description: string
}
export interface MirroredMembers {
  accountIds: readonly string[]
  listIds: readonly string[]
  addresses: readonly string[]
}

interface Deps extends Pick<ListDeps, 'now' | 'newId' | 'membersChanged' | 'forget'> {
  carryingRights: (at: Reading<any> | UnderWay, listIds: readonly string[]) => Promise<string[]>
}

/**
 * What another directory does to lists. Who is in one is its business alone: nobody is asked for a right, and nobody gets a letter.
 * Whether the other directory is trusted, an administrator of the hub said by setting it up.
 */
export function listsMirroring({ now, newId, membersChanged, forget, carryingRights }: Deps) {
  /** GRANT-10: whoever may set up a directory for one domain makes no administrators by it, and frees nobody from a denial. */
  const isOutOfReach = async (tx: UnderWay, id: ListId, isTrusted: boolean) => !isTrusted && (await carryingRights(tx, [id])).length > 0

  return {
    /** As it is here, to be written there. */
    async read(tx: UnderWay, id: ListId): Promise<(Omit<MirroredList, 'externalId'> & MirroredMembers) | undefined> {
      const mine = tx as Tx
      const [list] = await findLists(mine, [id])
      if (!list) return undefined
      const all = await namedIn(mine, id)
      const of = (kind: 'account' | 'list') => all.flatMap(({ memberKind, memberId }) => (memberKind === kind ? memberId! : []))
      const { address, name, description } = list
      return {
        address,
        name,
        description,
        accountIds: of('account'),
        listIds: of('list'),
        addresses: all.flatMap((one) => one.address ?? []),
      }
    },

    /** Those of these that a directory which is not trusted leaves as they are, by what they are called. */
    async outOfReach(at: Reading<any> | UnderWay, ids: readonly string[]): Promise<{ id: ListId; name: string }[]> {
      const kept = await findLists(at as Tx, await carryingRights(at, ids))
      return kept.map(({ id, name }) => ({ id, name })).sort((one, other) => one.name.localeCompare(other.name))
    },

    /** They are kept here from now on, as they are. */
    release: (tx: UnderWay, ids: readonly string[]): Promise<void> => release(tx as Tx, ids),

    /** Its id here; undefined where the address is somebody else's. */
    async put(tx: UnderWay, domainId: DomainId, id: ListId | undefined, { address, ...said }: MirroredList): Promise<ListId | undefined> {
      const mine = tx as Tx
      const one = { externalId: said.externalId, name: said.name, description: said.description }
      if (id === undefined || !(await holdList(mine, id))) {
        const fresh = newId() as ListId
        if (!(await takeAddress(mine, { address, ownerKind: 'list', ownerId: fresh, isPrimary: true }))) return undefined
        await addList(mine, {
          ...{ id: fresh, domainId, url: null, urlKey: null, notes: '', isHidden: false, whoMayWrite: 'everyone', notifiesMembers: false },
          ...{ joining: 'closed', leaving: 'closed', source: 'ldap', addedBy: null, clientId: null, createdAt: now() },
          ...{ ...one, ...named(one.name, [address]) },
        })
        return fresh
      }
      if (!(await addressesOf(mine, id)).includes(address)) {
        // The new one first: where it is another's the old one stays.
        if (await takeAddress(mine, { address, ownerKind: 'list', ownerId: id, isPrimary: false })) {
          await dropAddresses(mine, id)
          await takeAddress(mine, { address, ownerKind: 'list', ownerId: id, isPrimary: true })
        }
      }
      await setList(mine, id, { ...one, ...named(one.name, await addressesOf(mine, id)) })
      return id
    },

    /** From now on these are in it, and nobody else. A list that would close a circle stays out. False: it is out of reach. */
    async fill(tx: UnderWay, announce: Announce, id: ListId, wanted: MirroredMembers, isTrusted: boolean): Promise<boolean> {
      const mine = tx as Tx
      const list = await holdList(mine, id)
      if (!list) return true
      if (await isOutOfReach(tx, id, isTrusted)) return false
      await holdNesting(mine)
      const inner: string[] = []
      for (const one of wanted.listIds) if (!isCircle(id, new Set((await below(mine, [one])).map((list) => list.id)))) inner.push(one)
      const before = await namedIn(mine, id)
      const [ids, addresses] = [new Set([...wanted.accountIds, ...inner]), new Set(wanted.addresses)]
      const gone = {
        ids: before.flatMap(({ memberId }) => (memberId !== null && !ids.has(memberId) ? [memberId] : [])),
        addresses: before.flatMap(({ address }) => (address !== null && !addresses.has(address) ? [address] : [])),
      }
      const removed = await removeMembers(mine, id, gone)
      const added = await addMembers(
        mine,
        id,
        [
          ...wanted.accountIds.map((memberId) => ({ memberId, memberKind: 'account' as const, address: null })),
          ...inner.map((memberId) => ({ memberId, memberKind: 'list' as const, address: null })),
          ...wanted.addresses.map((address) => ({ memberId: null, memberKind: 'address' as const, address })),
        ],
        now(),
      )
      const touched = [...removed, ...added.flatMap(({ memberId }) => memberId ?? [])]
      if (touched.length > 0) await membersChanged(tx, announce, [id], touched)
      return true
    },

    /** False: it is out of reach, and stays. */
    async drop(tx: UnderWay, announce: Announce, id: ListId, isTrusted: boolean): Promise<boolean> {
      const mine = tx as Tx
      if (!(await holdList(mine, id))) return true
      if (await isOutOfReach(tx, id, isTrusted)) return false
      const members = [...(await membersOf(mine, [id]))] as AccountId[]
      await forget(tx, announce, [id])
      await membersChanged(tx, announce, [id], members)
      await dropList(mine, id)
      return true
    },
  }
}
export type ListsMirroring = ReturnType<typeof listsMirroring>
