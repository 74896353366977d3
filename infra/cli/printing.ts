// What an operation answered, for people: tables of lists, lines of everything else.
import { offers, flagOf, wordsFor, type Field, type Offer } from './offers.ts'
import { shownPlace, variants } from './saying.ts'

/** The columns that say most, of each kind of list. */
const columns: Readonly<Record<string, readonly string[]>> = {
  accounts: ['address', 'name', 'type', 'effectiveStatus', 'seenAt', 'id'],
  domains: ['name', 'status', 'accounts', 'description', 'id'],
  classes: ['name', 'accounts', 'description', 'id'],
  lists: ['address', 'name', 'members', 'isDynamic', 'id'],
  members: ['address', 'name', 'kind'],
  owners: ['address', 'name'],
  first: ['address', 'name', 'does'],
  resources: ['address', 'name', 'kind', 'capacity', 'location', 'id'],
  grants: ['granteeName', 'targetName', 'isDenied', 'mayGrant', 'rights', 'id'],
  entries: ['at', 'door', 'actor', 'source', 'operation', 'target', 'outcome'],
  rows: ['state', 'address', 'field', 'key', 'invitation'],
  rights: ['right', 'isAllowed', 'because'],
  steps: ['what', 'isFine', 'trouble', 'said'],
}

type Row = Record<string, unknown>
const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)
const isTable = (value: unknown): value is Row[] => Array.isArray(value) && value.length > 0 && value.every(isRow)

/** What others wrote is one line, and says nothing to a terminal. */
export const plain = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ')
/** The same as JSON, which escapes some of it only. */
export const asJson = (data: unknown): string =>
  JSON.stringify(data, null, 2).replaceAll(
    /[\u007F-\u009F\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

export function printed(data: unknown, link: (path: string) => string): string {
  if (Array.isArray(data)) return isTable(data) ? table(data, undefined, link) : 'None.'
  if (!isRow(data)) return plain(String(data))
  const lists = Object.entries(data).filter(([, value]) => Array.isArray(value) && (value.length === 0 || isRow(value[0])))
  const rest = Object.fromEntries(Object.entries(data).filter(([name]) => !lists.some(([list]) => list === name) && name !== 'hasMore'))
  const { next, ...about } = rest
  const said = lines(about, link)
  const titled = (name: string, text: string) => (said === '' && lists.length === 1 ? text : `\n${name}\n${text}`)
  const parts = [
    said,
    ...lists.map(([name, rows]) =>
      (rows as Row[]).length > 0
        ? titled(name, table(rows as Row[], columns[name], link))
        : lists.length === 1 && said === ''
          ? 'None.'
          : '',
    ),
    typeof next === 'string' ? `There is more: --after '${next}', or --all.` : data['hasMore'] === true ? 'There is more: --all.' : '',
  ]
  return parts.filter((part) => part !== '').join('\n') || 'Done.'
}

function table(rows: readonly Row[], wanted: readonly string[] | undefined, link: (path: string) => string): string {
  const names = (wanted ?? Object.keys(rows[0]!).filter((name) => !isRow(rows[0]![name]))).filter((name) => rows.some((row) => name in row))
  const cells = [names, ...rows.map((row) => names.map((name) => cell(row[name], link)))]
  const widths = names.map((_, n) => Math.min(60, Math.max(...cells.map((row) => row[n]!.length))))
  return cells
    .map((row) =>
      row
        .map((text, n) => (n === row.length - 1 ? text : text.padEnd(widths[n]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const isEntity = (value: Row) => 'id' in value && 'createdAt' in value

/** `name: value`, what lies deeper by its path. Long maps, such as all values that hold, only as JSON. */
function lines(row: Row, link: (path: string) => string, before = ''): string {
  return Object.entries(row)
    .flatMap(([name, value]) => {
      if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return []
      if (isRow(value) && 'path' in value && 'expiresAt' in value) return [`${before}${name}: ${cell(value, link)}`]
      if (!isRow(value)) return [`${before}${name}: ${name === 'path' ? link(String(value)) : cell(value, link)}`]
      const names = Object.keys(value)
      const size = names.length
      if (size > 15 && names[0]!.includes('.')) return [`${before}${name}: ${size} values, which --json shows`]
      return size === 0 ? [] : [lines(value, link, isEntity(value) ? before : `${before}${name}.`)]
    })
    .filter((line) => line !== '')
    .join('\n')
}

function cell(value: unknown, link: (path: string) => string): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map((one) => cell(one, link)).join(' ')
  if (!isRow(value)) return plain(String(value))
  if (typeof value['path'] === 'string') return link(value['path'])
  return plain(String(value['name'] ?? value['address'] ?? value['id'] ?? JSON.stringify(value)))
}

/** All nouns, the verbs of one, or all about one command. */
export function help(noun?: string, offer?: Offer): string {
  if (offer) return helpOf(offer)
  if (noun !== undefined) {
    const own = offers.filter((one) => one.noun === noun)
    const width = Math.max(...own.map((one) => usage(one).length))
    return [
      ...own.map((one) => `${usage(one).padEnd(width)}  ${one.summary}`),
      '',
      `npm run atrium -- ${noun} <verb> --help says more of each. --json answers as JSON.`,
    ].join('\n')
  }
  return [...new Set(offers.map((one) => one.noun))].map((one) => `npm run atrium -- ${one}`).join('\n')
}

const usage = ({ noun, verb, places }: Offer) => [noun, verb, ...places.map(shownPlace)].join(' ')

function helpOf(offer: Offer): string {
  const flags: [string, string][] = [
    ...offer.fields.map((field): [string, string] => [`--${flagOf(field)}${written(field)}`, noteOn(field)]),
    ['--json', 'Answers as JSON, as the API does.'],
    ...(offer.pagedBy ? [['--all', 'All pages, not only the first.'] as [string, string]] : []),
    ['--data <folder>', 'Of another hub than the one in data/.'],
  ]
  const width = Math.min(44, Math.max(...flags.map(([flag]) => flag.length)))
  return [
    offer.summary,
    '',
    `  npm run atrium -- ${usage(offer)}`,
    '',
    ...flags.map(([flag, note]) => `  ${flag.padEnd(width)}  ${note}`.trimEnd()),
    '',
    `The same as ${offer.operation} of the API.`,
  ].join('\n')
}

function written({ as }: Field): string {
  switch (as.kind) {
    case 'yes':
    case 'secret':
      return ''
    case 'choice':
      return ` <${as.choices.join('|')}>`
    case 'variant':
      return ` <${variants(as).join('|')}>`
    case 'pairs':
      return ' <name>=<value>'
    case 'json':
      return ' @<file.json>'
    case 'rows':
      return ' <file.csv>'
    case 'id':
      return ` <${as.brand === 'account' || as.brand === 'list' || as.brand === 'resource' ? 'address' : as.brand === 'domain' || as.brand === 'cos' ? 'name' : 'id'}>`
    case 'many':
      return `${written({ as: as.of } as Field)} …`
    default:
      return ` <${as.kind === 'either' ? 'all|id' : as.kind}>`
  }
}

function noteOn(field: Field): string {
  const { as } = field
  const notes = [wordsFor(field)]
  if (as.kind === 'secret') notes.push('Asked for, or the first line of standard input: never an argument.')
  if (as.kind === 'pairs' && Object.keys(as.of).length > 0) notes.push(`Again for each. Names: ${Object.keys(as.of).join(', ')}.`)
  if (as.kind === 'many') notes.push('Again for each, or @file with one a line.')
  if (as.kind === 'rows') notes.push('- reads standard input.')
  if (field.isNullable) notes.push('"" takes it away.')
  return notes.filter((note) => note !== '').join(' ')
}
