/** RFC 4180, as spreadsheets write it: with commas or semicolons, quoted fields, and a byte order mark. The first row names the columns. */
export function rowsOf(text: string): Record<string, string>[] {
  const source = text.replace(/^\uFEFF/, '')
  const first = source.split('\n', 1)[0] ?? ''
  const separator = first.split(';').length > first.split(',').length ? ';' : ','
  const field = new RegExp(`(?:"((?:[^"]|"")*)"|([^${separator}\\r\\n]*))(${separator}|\\r\\n|\\n|\\r|$)`, 'y')
  const table: string[][] = [[]]
  while (field.lastIndex < source.length) {
    const [whole, quoted, plain = '', end] = field.exec(source) ?? []
    if (whole === undefined) throw new Error('This is no CSV: a quoted field goes on after its quote.')
    table.at(-1)!.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end !== separator) table.push([])
  }
  const [head = [], ...rows] = table.filter((row) => row.some((cell) => cell.trim() !== ''))
  return rows.map((row) => Object.fromEntries(head.flatMap((name, n) => (name.trim() ? [[name.trim(), (row[n] ?? '').trim()]] : []))))
}
