import type { AccountRow } from '@atrium/protocol'

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
