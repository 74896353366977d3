import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Failure } from '@atrium/protocol'
import { flagOf, type Offer } from './offers.ts'

const folder = join(import.meta.dirname, '../../web/messages')

/** The same English sentence that a page would show, and which argument it is about. */
export function sentenceOf({ key, field, params = {} }: Failure, offer: Offer): string {
  const of = field && argumentOf(field, offer)
  if (key === 'invalid') return `${of ?? 'This'} is not as it must be: ${problem(params)}.`
  const known = englishOf(`sentence_${key.replaceAll('.', '_').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`)
  const said = known?.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? '…')) ?? key
  return of ? `${of}: ${said}` : said
}

/** A path such as `then.days`: what was typed for its first part. */
function argumentOf(path: string, { fields }: Offer): string {
  const [first, ...rest] = path.split('.')
  const field = fields.find(({ name }) => name === first)
  return field ? [`--${flagOf(field)}`, ...rest.filter((part) => !/^\d+$/.test(part))].join(' ') : path
}
const problem = (params: Record<string, string | number>): string =>
  Object.entries(params)
    .map(([name, value]) => (name === 'problem' ? String(value).replaceAll('_', ' ') : `${name} ${value}`))
    .join(', ')

function englishOf(key: string): string | undefined {
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('en.json')) continue
    const { [key]: said } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>
    if (typeof said === 'string') return said
  }
  return undefined
}
