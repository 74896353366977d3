import type { AccountId } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

/** The account with exactly this address, or one of its aliases. */
export async function accountAt(hub: HubConnection, address: string): Promise<AccountId | undefined> {
  const wanted = address.trim().toLowerCase()
  const reply = await hub.call('accounts.list', { search: wanted, limit: 20 })
  return reply.ok ? reply.data.accounts.find(({ address: own, aliases }) => own === wanted || aliases.includes(wanted))?.id : undefined
}
