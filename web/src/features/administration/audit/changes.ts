import type { AuditEntry } from '@atrium/protocol'
import { fieldName, fieldText, isId } from './fields.ts'

type Said = Record<string, unknown>
/** One field: what it was and what it is. Undefined: there was nothing, or is nothing now. */
export interface Change {
  key: string
  before: unknown
  after: unknown
}

/** What the sentence, its target and the time say already, or what only programs care about. */
const isTold = new Set([
  'id',
  'clientId',
  'grantee',
  'target',
  'targetName',
  'givenBy',
  'givenAt',
  'isExport',
  'limit',
  'sort',
  'isDescending',
  'do',
])
/** Shown as one, though they have fields. */
const isWhole = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || Array.isArray(value) || 'count' in value || 'isLong' in value

/** All fields at the ends of what is within another. */
function flat(said: Said | null): Map<string, unknown> {
  const fields = new Map<string, unknown>()
  for (const [key, value] of Object.entries(said ?? {})) {
    if (isTold.has(key)) continue
    if (isWhole(value)) fields.set(key, value)
    else for (const [inner, one] of flat(value as Said)) fields.set(inner, one)
  }
  return fields
}
const same = (one: unknown, other: unknown) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null)
const isSomething = (value: unknown) =>
  value !== undefined && value !== null && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0)

/** Only what is otherwise than it was; of what was made or asked for, and of what is gone, whatever it had. */
export function changesOf({ operation, target, ...entry }: Pick<AuditEntry, 'operation' | 'target' | 'before' | 'after'>): Change[] {
  // Who was in a list before is no part of the change: it says who came and who went.
  const isOfMembers = operation === 'lists.members.change'
  const before = flat(isOfMembers ? null : entry.before)
  const after = flat(entry.after)
  const isChange = before.size > 0 && after.size > 0
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((key) => ({ key, before: before.get(key), after: after.get(key) }))
    .filter((one) => (isChange ? !same(one.before, one.after) : isSomething(one.before ?? one.after)))
    .filter((one) => !target || (one.after !== target.id && one.before !== target.id))
}

/** All ids in it, to look up what they are called. */
export function idsIn(changes: readonly Change[]): string[] {
  const within = (value: unknown): string[] =>
    isId(value) ? [value] : typeof value === 'object' && value !== null ? Object.values(value).flatMap(within) : []
  return [...new Set(changes.flatMap(({ before, after }) => [...within(before), ...within(after)]))]
}

/** The first changes in few words, for the line of the entry: what needs names that are not known here is left for the details. */
export function brieflyOf(entry: AuditEntry, names: ReadonlyMap<string, string>): string {
  if (entry.before === null || entry.after === null) return ''
  const changes = changesOf(entry)
  const shown = changes.filter((one) => idsIn([one]).every((id) => names.has(id)))
  const told = shown.slice(0, 2).map(({ key, after }) => {
    const value = fieldText(key, after, names)
    return key === 'status' ? value : `${fieldName(key)} ${value}`
  })
  const text = told.join(', ')
  return text.length > 160 || (told.length > 0 && changes.length > told.length) ? `${text.slice(0, 160)}\u00A0…` : text
}
