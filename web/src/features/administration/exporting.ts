import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { m, sentence } from '#lib/i18n/index.ts'
import { saveAs } from '#lib/saving.ts'
import { toasts } from '#lib/ui/index.ts'
import type { Filter } from './accounts.svelte.ts'
import { csvOf } from './csv.ts'
import { inOnePiece } from './everything.ts'

/** Everybody who fits the filter, page by page, as a file. */
export async function exportAccounts(hub: HubConnection, filter: Filter): Promise<void> {
  const reply = await inOnePiece(
    (page) => hub.call('accounts.list', { ...filter, ...page, limit: 500, ...(page.after === undefined && { isExport: true }) }),
    ({ accounts }) => accounts,
  )
  if (!reply.ok) return void toasts.show(sentence(reply.error), { kind: 'bad' })
  saveAs('accounts.csv', 'text/csv', ['\uFEFF', csvOf(reply.data)])
  toasts.show(m.admin_found_people({ count: reply.data.length }))
}
