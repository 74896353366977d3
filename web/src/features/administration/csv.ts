import type { AccountRow, Hub, Output, Reply } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { m, sentence } from '#lib/i18n/index.ts'
import { toasts } from '#lib/ui/index.ts'
import type { Filter } from './accounts.svelte.ts'

/** RFC 4180, as spreadsheets write it: with commas or semicolons, quoted fields, and a byte order mark. */
export function rowsOf(text: string): Record<string, string>[] {
  const source = text.replace(/^\uFEFF/, '')
  const first = source.split('\n', 1)[0] ?? ''
  const separator = first.split(';').length > first.split(',').length ? ';' : ','
  const table: string[][] = [[]]
  let field = ''
  let isQuoted = false
  for (let at = 0; at < source.length; at++) {
    const sign = source[at]!
    if (isQuoted) {
      if (sign !== '"') field += sign
      else if (source[at + 1] === '"') field += source[++at]
      else isQuoted = false
    } else if (sign === '"' && field === '') isQuoted = true
    else if (sign === separator) {
      table.at(-1)!.push(field)
      field = ''
    } else if (sign === '\n' || sign === '\r') {
      if (sign === '\r' && source[at + 1] === '\n') at++
      table.at(-1)!.push(field)
      field = ''
      table.push([])
    } else field += sign
  }
  table.at(-1)!.push(field)
  const [head = [], ...rows] = table.filter((row) => row.some((cell) => cell.trim() !== ''))
  return rows.map((row) => Object.fromEntries(head.flatMap((name, n) => (name.trim() ? [[name.trim(), (row[n] ?? '').trim()]] : []))))
}

/** A spreadsheet would run what begins like a formula. */
const cell = (text: string): string => {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",;\n\r]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

export const csvOf = (accounts: readonly AccountRow[]): string =>
  [
    ['name', 'address', 'aliases', 'type', 'status', 'createdAt', 'seenAt'],
    ...accounts.map(({ name, address, aliases, type, effectiveStatus, createdAt, seenAt }) => [
      ...[name, address ?? '', aliases.join(' '), type, effectiveStatus, createdAt, seenAt ?? ''],
    ]),
  ]
    .map((row) => row.map(cell).join(','))
    .join('\r\n')

/** Everybody who fits the filter, page by page, as a file. */
export async function exportAccounts(hub: HubConnection, filter: Filter): Promise<void> {
  const accounts: AccountRow[] = []
  let after: string | null = null
  do {
    const reply: Reply<Output<Hub, 'accounts.list'>> = await hub.call('accounts.list', {
      ...filter,
      limit: 500,
      ...(after !== null && { after }),
    })
    if (!reply.ok) return void toasts.show(sentence(reply.error), { kind: 'bad' })
    accounts.push(...reply.data.accounts)
    after = reply.data.next
  } while (after !== null)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob(['\uFEFF', csvOf(accounts)], { type: 'text/csv' }))
  link.download = 'accounts.csv'
  link.click()
  URL.revokeObjectURL(link.href)
  toasts.show(m.admin_found_people({ count: String(accounts.length) }))
}
