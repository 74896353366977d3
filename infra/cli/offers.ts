// What the command line offers: each administrative operation of the contract, its arguments read off the schema that checks it.
import type { z } from 'zod'
import { brands, contract, type Brand, type Operation } from '@atrium/protocol'
import { fieldWords, summaries } from '@atrium/protocol/summaries'

/** How something is written at a keyboard. */
export type Kind =
  | { kind: 'text' }
  | { kind: 'secret' }
  | { kind: 'number' }
  | { kind: 'yes' }
  | { kind: 'time' }
  | { kind: 'choice'; choices: readonly string[] }
  | { kind: 'id'; brand: Brand }
  | { kind: 'many'; of: Kind }
  /** `name=value`, again for each; or the whole as JSON in a file. */
  | { kind: 'pairs'; of: Readonly<Record<string, Field>> }
  /** `keep:30`: which of several, and the one thing that it needs. */
  | { kind: 'variant'; by: string; options: Readonly<Record<string, Field | undefined>> }
  | { kind: 'either'; of: readonly Kind[] }
  /** A file with JSON. */
  | { kind: 'json' }
  /** A file with CSV. */
  | { kind: 'rows' }

export interface Field {
  name: string
  as: Kind
  isRequired: boolean
  isNullable: boolean
}
export interface Offer {
  noun: string
  verb: string
  operation: string
  summary: string
  kind: 'query' | 'command'
  /** Said in this order; each may be said as a flag instead. */
  places: readonly Place[]
  fields: readonly Field[]
  /** Answers in pages: which field asks for the next one. */
  pagedBy: 'after' | 'before' | undefined
}
/** A field, or the two that an address is made of. */
export type Place = Field | { name: 'address'; as: { kind: 'address' } }

const nouns: Readonly<Record<string, string>> = {
  accounts: 'account',
  domains: 'domain',
  cos: 'cos',
  lists: 'list',
  resources: 'resource',
  grants: 'grant',
  providers: 'provider',
  audit: 'audit',
}
/** `accounts.password.wipe` is `account wipe-password`. */
function wordsOf(name: string): [noun: string, verb: string] {
  const [slice, ...rest] = name.split('.') as [string, ...string[]]
  const words = rest.toReversed().map((word) => (word === 'get' ? 'show' : kebab(word)))
  return [nouns[slice] ?? slice, words.join('-')]
}
export const kebab = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** `accountId` is `--account`, `isHidden` is `--hidden`, `values` is `--set`. */
export function flagOf({ name, as }: Pick<Field, 'name' | 'as'>): string {
  if (name === 'values') return 'set'
  if (as.kind === 'yes') return kebab(name).replace(/^is-/, '')
  const isId = as.kind === 'id' || (as.kind === 'many' && as.of.kind === 'id') || (as.kind === 'either' && name.endsWith('Ids'))
  return kebab(isId ? name.replace(/Ids?$/, '') : name)
}
export const wordsFor = ({ name }: Pick<Field, 'name'>): string => fieldWords[name] ?? ''

type Schema = z.ZodType & { def: any; minLength?: number | null; format?: string | null }

interface Unwrapped {
  schema: Schema
  isOptional: boolean
  isNullable: boolean
}
function unwrapped(schema: Schema): Unwrapped {
  const { type } = schema.def
  if (type === 'optional' || type === 'default' || type === 'prefault') return { ...unwrapped(schema.def.innerType), isOptional: true }
  if (type === 'nullable') return { ...unwrapped(schema.def.innerType), isNullable: true }
  if (type === 'readonly') return unwrapped(schema.def.innerType)
  if (type === 'pipe') return unwrapped(schema.def.out.def.type === 'transform' ? schema.def.in : schema.def.out)
  return { schema, isOptional: false, isNullable: false }
}

function fieldsOf(shape: Record<string, Schema>): Record<string, Field> {
  return Object.fromEntries(Object.entries(shape).map(([name, schema]) => [name, fieldOf(name, schema)]))
}
function fieldOf(name: string, given: Schema): Field {
  const { schema, isOptional, isNullable } = unwrapped(given)
  const as = kindOf(name, schema)
  // What may be empty is empty where nothing is said.
  const mayBeEmpty = as.kind === 'text' && schema.def.type === 'string' && schema.minLength === null && schema.format === null
  return { name, as, isRequired: !isOptional && !(mayBeEmpty && !pattern(schema)), isNullable }
}
const pattern = (schema: Schema) => (schema.def.checks ?? []).some((check: any) => check._zod.def.format === 'regex')

function kindOf(name: string, schema: Schema): Kind {
  const { def } = schema
  const brand = brands.get(schema)?.brand
  if (brand) return { kind: 'id', brand }
  switch (def.type) {
    case 'string':
      if (schema.format === 'datetime') return { kind: 'time' }
      return /password|secret/i.test(name) ? { kind: 'secret' } : { kind: 'text' }
    case 'number':
      return { kind: 'number' }
    case 'boolean':
      return { kind: 'yes' }
    case 'enum':
      return { kind: 'choice', choices: Object.values(def.entries) }
    case 'literal':
      return { kind: 'choice', choices: def.values.map(String) }
    case 'array': {
      const inner = unwrapped(def.element).schema
      if (inner.def.type === 'record') return { kind: 'rows' }
      return inner.def.type === 'object' ? { kind: 'json' } : { kind: 'many', of: kindOf(name, inner) }
    }
    case 'object':
      return { kind: 'pairs', of: fieldsOf(def.shape) }
    case 'union':
      return def.discriminator
        ? variantOf(def)
        : { kind: 'either', of: def.options.map((one: Schema) => kindOf(name, unwrapped(one).schema)) }
    default:
      return { kind: 'json' }
  }
}

function variantOf({ discriminator: by, options }: { discriminator: string; options: Schema[] }): Kind {
  const each = options.map((option) => {
    const { [by]: which, ...rest } = option.def.shape as Record<string, Schema>
    return { which: String(which!.def.values[0]), rest: Object.values(fieldsOf(rest)) }
  })
  if (each.some(({ rest }) => rest.length > 1)) return { kind: 'json' }
  return { kind: 'variant', by, options: Object.fromEntries(each.map(({ which, rest }) => [which, rest[0]])) }
}

/** What can be said without naming it: of what is required, first what the operation is about. */
function placesOf(fields: readonly Field[], about: string): Place[] {
  const required = fields.filter(({ as, isRequired }) => isRequired && !['yes', 'pairs', 'json', 'secret'].includes(as.kind))
  const hasAddress = ['userName', 'domainId'].every((name) => required.some((field) => field.name === name))
  // What may be said several times comes last.
  const rank = ({ name, as }: Field) => (as.kind === 'many' || as.kind === 'either' ? 2 : name === about ? 0 : 1)
  const others = required.filter(({ name }) => !hasAddress || (name !== 'userName' && name !== 'domainId'))
  const ordered = others.toSorted((one, other) => rank(one) - rank(other))
  if (!hasAddress) return ordered
  const isFirst = about === 'domainId' || about === ''
  const address: Place = { name: 'address', as: { kind: 'address' } }
  return isFirst ? [address, ...ordered] : [ordered[0]!, address, ...ordered.slice(1)]
}

function offerOf(name: string, { kind, input, terms }: Operation): Offer {
  const [noun, verb] = wordsOf(name)
  const fields = Object.values(fieldsOf((input as Schema).def.shape)).filter((field) => field.name !== 'clientId')
  const isPaged = (field: string) => fields.some((one) => one.name === field)
  return {
    ...{ noun, verb, operation: name, kind },
    summary: summaries[name as keyof typeof summaries],
    places: placesOf(fields, terms.needs?.on ?? ''),
    fields,
    pagedBy: isPaged('limit') ? (isPaged('after') ? 'after' : isPaged('before') ? 'before' : undefined) : undefined,
  }
}

/** Not here: what needs a browser. */
export const offers: readonly Offer[] = Object.entries(contract)
  .filter((entry): entry is [string, Operation & (typeof entry)[1]] => entry[1].kind === 'query' || entry[1].kind === 'command')
  .filter(([, { terms }]) => (terms as Operation['terms']).needs && (terms as Operation['terms']).door === undefined)
  .map(([name, operation]) => offerOf(name, operation as Operation))
