import type { AccountId, ListId, ResourceId } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

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
