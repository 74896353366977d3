import { attributeKeys, fold, type Failure } from '@atrium/protocol'
import { summaries } from '@atrium/protocol/summaries'

/**
 * AUDIT-1  No secret is written down: whatever is called like one is masked before. What only says whether there is one, how long
 * it must be, or which one it is, stays.
 */
export function masked(value: unknown, key = ''): unknown {
  if (isSecret(key) && (typeof value === 'string' || (typeof value === 'object' && value !== null))) return mask
  if (typeof value === 'string') return withoutUser(value.toWellFormed().replaceAll('\0', ''))
  if (Array.isArray(value)) return value.map((one) => masked(one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, masked(one, name)]))
}
const mask = '•••'
const secret = /^(?:password|passphrase|secret|token|code|key|pin|otp|totp|cookie|hash|seed|credential|response)s?$/
const open = new Set<string>(['postalCode', ...attributeKeys])
function isSecret(key: string): boolean {
  if (open.has(key)) return false
  const words = key
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
  return words.some((word) => secret.test(word)) && words.at(-1) !== 'id' && words.at(-1) !== 'ids'
}
/** `rtmp://name:password@host` */
const withoutUser = (text: string): string => text.replaceAll(/(\b[a-z][a-z\d+.-]*:\/\/)[^/\s@]*@/gi, `$1${mask}@`)

/** AUDIT-2  An entry has 32 kB at most of what was and of what is: the hundreds of rows of an import are counted, not kept. */
export function bounded(said: Record<string, unknown>): Record<string, unknown> {
  if (JSON.stringify(said).length <= maxLength) return said
  return Object.fromEntries(Object.entries(said).map(([key, value]) => [key, shortened(value)]))
}
const maxLength = 32_000
function shortened(value: unknown): unknown {
  if (JSON.stringify(value ?? null).length <= 2_000) return value
  return Array.isArray(value)
    ? { count: value.length }
    : typeof value === 'string'
      ? `${value.slice(0, 1_000).toWellFormed()}…`
      : { isLong: true }
}

/** AUDIT-3  Of refusals as many are noted as a person can bring about: a program must not fill the log. */
export const refusals = { times: 60, perMs: 60_000 }
/** Mistakes in writing, having to wait, and having to show the password first are no attempts. */
export const isAttempt = ({ code, key }: Pick<Failure, 'code' | 'key'>): boolean =>
  !['invalid', 'rate_limited', 'unavailable', 'internal', 'too_large'].includes(code) && key !== 'factors.confirmFirst'

/** All operations of these names, and all whose names begin with one of them. */
export const begunWith = (names: readonly string[]): string[] =>
  Object.keys(summaries).filter((operation) => names.some((name) => operation === name || operation.startsWith(`${name}.`)))

export interface Word {
  text: string
  /** The operations whose sentence has it. */
  operations: readonly string[]
}
/** The words of a search, and what each means: as the reader's language says it, or else in English. */
export function wordsOf(search: string, meant: readonly { word: string; operations: readonly string[] }[] = []): Word[] {
  const said = new Map(meant.map(({ word, operations }) => [fold(word), operations]))
  return [...new Set(fold(search).split(/\s+/))]
    .filter((text) => text !== '')
    .slice(0, 8)
    .map((text) => ({ text, operations: said.get(text) ?? inEnglish(text) }))
}
const inEnglish = (text: string) =>
  Object.entries(summaries).flatMap(([operation, summary]) => (`${fold(operation)} ${fold(summary)}`.includes(text) ? [operation] : []))

// AUDIT-4 (what was noted stays as it was) is a trigger of the table: 0016_grants.ts. Nothing in the product removes an entry.
