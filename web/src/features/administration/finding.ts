import type { AccountId, ListId, ResourceId } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

/** Somebody, or a list, whom one finds by name or address; an address that nobody here has stands for itself. */
export type Found = { name: string; address: string; aliases: readonly string[] } & (
  { kind: 'account'; id: AccountId } | { kind: 'list'; id: ListId } | { kind: 'address'; id: string }
)
const outside = (address: string): Found => ({ kind: 'address', id: address, name: address, address, aliases: [] })

export const isAddress = (text: string): boolean => /^[^@\s]+@[^@\s]+$/.test(text)

/** What a search finds among what somebody administers; among the people of the address list where they administer nobody. */
export async function find(hub: HubConnection, search: string, withLists: boolean): Promise<Found[]> {
  const [accounts, lists] = await Promise.all([
    hub.call('accounts.list', { search, limit: 8 }),
    withLists ? hub.call('lists.list', { search, limit: 4 }) : undefined,
  ])
  const people = accounts.ok ? accounts.data.accounts : (await everybody(hub, search)).map((person) => ({ ...person, aliases: [] }))
  return [
    ...people.flatMap(({ id, name, address, aliases }): Found[] => (address ? [{ kind: 'account', id, name, address, aliases }] : [])),
    ...(lists?.ok ? lists.data.lists.map(({ id, name, address }): Found => ({ kind: 'list', id, name, address, aliases: [] })) : []),
  ]
}
async function everybody(hub: HubConnection, search: string) {
  const reply = await hub.call('directory.people', { search, limit: 8 })
  return reply.ok ? reply.data.people : []
}

/** Whom a part of what was typed means: exactly one, or it is for the person to say which. */
export async function meant(
  hub: HubConnection,
  part: string,
  { withLists, withOutside }: { withLists: boolean; withOutside: boolean },
): Promise<Found | 'nobody' | 'several'> {
  const wanted = part.toLowerCase()
  // Whose it is the hub finds out when it takes it: hundreds may be pasted.
  if (withOutside && isAddress(wanted)) return outside(wanted)
  const found = await find(hub, part, withLists)
  const exact = found.filter(
    ({ name, address, aliases }) => address.toLowerCase() === wanted || aliases.includes(wanted) || name.toLowerCase() === wanted,
  )
  if (exact.length === 1) return exact[0]!
  if (found.length === 1) return found[0]!
  return found.length === 0 ? 'nobody' : 'several'
}

/** What somebody typed or pasted, part by part: addresses behind names or without them, and names. */
export function partsOf(text: string): string[] {
  return text
    .split(/[\n\r\t,;]+/)
    .flatMap((part) => addressesIn(part) ?? [part.trim()])
    .filter((part) => part !== '')
}
/** The addresses of a part that has some: what stands beside them is a name, or nothing. */
function addressesIn(part: string): string[] | undefined {
  const found = part.match(/[^\s<>()"'[\]]+@[^\s<>()"'[\]]+/g)
  return found?.map((address) => address.replace(/\.+$/, '').toLowerCase())
}

/** The account with exactly this address, or one of its aliases. */
export async function accountAt(hub: HubConnection, address: string): Promise<AccountId | undefined> {
  const wanted = address.trim().toLowerCase()
  const reply = await hub.call('accounts.list', { search: wanted, limit: 20 })
  return reply.ok ? reply.data.accounts.find(({ address: own, aliases }) => own === wanted || aliases.includes(wanted))?.id : undefined
}

export async function listAt(hub: HubConnection, address: string): Promise<ListId | undefined> {
  const wanted = address.trim().toLowerCase()
  const reply = await hub.call('lists.list', { search: wanted, limit: 20 })
  return reply.ok ? reply.data.lists.find((one) => one.address === wanted)?.id : undefined
}

export async function resourceAt(hub: HubConnection, address: string): Promise<ResourceId | undefined> {
  const wanted = address.trim().toLowerCase()
  const reply = await hub.call('resources.list', { search: wanted, limit: 20 })
  return reply.ok ? reply.data.resources.find((one) => one.address === wanted)?.id : undefined
}
