import type { AccountRow, Hub, Output, Reply } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { m, sentence } from '#lib/i18n/index.ts'
import { saveAs } from '#lib/saving.ts'
import { toasts } from '#lib/ui/index.ts'
import type { Filter } from './accounts.svelte.ts'
import { csvOf } from './csv.ts'

/** Everybody who fits the filter, page by page, as a file. */
export async function exportAccounts(hub: HubConnection, filter: Filter): Promise<void> {
  const accounts: AccountRow[] = []
  let after: string | null = null
  do {
    const reply: Reply<Output<Hub, 'accounts.list'>> = await hub.call('accounts.list', {
      ...filter,
      limit: 500,
      ...(after === null ? { isExport: true } : { after }),
    })
    if (!reply.ok) return void toasts.show(sentence(reply.error), { kind: 'bad' })
    accounts.push(...reply.data.accounts)
    after = reply.data.next
  } while (after !== null)
  saveAs('accounts.csv', 'text/csv', ['\uFEFF', csvOf(accounts)])
  toasts.show(m.admin_found_people({ count: accounts.length }))
}
