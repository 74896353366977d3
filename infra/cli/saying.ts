// From words at a keyboard to the input of an operation.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isUuid, presets, type Brand } from '@atrium/protocol'
import { rowsOf } from './csv.ts'
import { flagOf, kebab, type Field, type Kind, type Offer, type Place } from './offers.ts'
import { askSecret, standardInput } from './prompt.ts'

/** What was typed cannot be meant. */
export class Unclear extends Error {}

export interface Said {
  input: Record<string, string[] | boolean>
  isJson: boolean
  isAll: boolean
}
/** Of all commands. */
export const ofAll = { json: { type: 'boolean' }, all: { type: 'boolean' }, help: { type: 'boolean' }, data: { type: 'string' } } as const

const isSwitch = ({ as }: Field) => as.kind === 'yes' || as.kind === 'secret'

export function read(offer: Offer, args: string[]): Said {
  const own = offer.fields.map((field) => [flagOf(field), isSwitch(field) ? { type: 'boolean' } : { type: 'string', multiple: true }])
  const { values, positionals } = parsed(args, { ...Object.fromEntries(own), ...ofAll })
  const input: Said['input'] = {}
  for (const field of offer.fields) {
    const said = values[flagOf(field)] as string[] | boolean | undefined
    if (said !== undefined) input[field.name] = said
  }
  takePlaces(offer, positionals, input)
  return { input, isJson: values['json'] === true, isAll: values['all'] === true }
}

function parsed(args: string[], options: Record<string, any>) {
  try {
    return parseArgs({ args, options, allowPositionals: true, allowNegative: true })
  } catch (error) {
    throw new Unclear((error as Error).message.split('. To specify')[0]!)
  }
}

function takePlaces({ places }: Offer, words: readonly string[], input: Said['input']): void {
  // What a flag says already leaves its place to the next.
  const free = places.filter((place) => (place.as.kind === 'address' ? !('userName' in input) : !(place.name in input)))
  let left = [...words]
  for (const place of free) {
    if (left.length === 0) throw new Unclear(`${shownPlace(place)} is missing.`)
    const takesAll = place.as.kind === 'many' || place.as.kind === 'either'
    const mine = takesAll ? left : left.slice(0, 1)
    left = takesAll ? [] : left.slice(1)
    if (place.as.kind === 'address') {
      const [userName, domain, more] = mine[0]!.split('@')
      if (!userName || !domain || more !== undefined) throw new Unclear(`${mine[0]} is no address: write <user>@<domain>.`)
      Object.assign(input, { userName: [userName], domainId: [domain] })
    } else input[place.name] = mine
  }
  if (left.length > 0) throw new Unclear(`${left[0]} is more than this takes.`)
}
export const shownPlace = (place: Place): string => {
  if (place.as.kind === 'rows') return '<file.csv>'
  if (place.as.kind === 'choice' && place.as.choices.length <= 6) return `<${place.as.choices.join('|')}>`
  if (place.as.kind === 'either') return '<all | id …>'
  if (place.as.kind === 'address') return '<address>'
  return place.as.kind === 'many' ? `<${flagOf(place as Field)} …>` : `<${flagOf(place as Field)}>`
}

/** Ids are found by what people call things. */
export type Find = (brand: Brand, called: string) => Promise<string>

export async function inputOf(offer: Offer, said: Said, find: Find): Promise<Record<string, unknown>> {
  const input: Record<string, unknown> = offer.kind === 'command' ? { clientId: randomUUID() } : {}
  for (const field of offer.fields) {
    const words = said.input[field.name]
    if (words === undefined) {
      if (!field.isRequired) {
        // An empty text is one.
        if (field.as.kind === 'text' && isAsked(offer, field)) input[field.name] = ''
        continue
      }
      const flag = flagOf(field)
      throw new Unclear(field.as.kind === 'yes' ? `Say --${flag} or --no-${flag}.` : `--${flag} is missing.`)
    }
    input[field.name] = await valueOf(field, words, find)
  }
  return input
}
/** Texts that the contract asks for, though they may be empty. */
const isAsked = ({ operation }: Offer, { name }: Field) => operation === 'accounts.userName' && name !== 'domainId'

async function valueOf(field: Field, said: string[] | boolean, find: Find): Promise<unknown> {
  const { as, name } = field
  if (as.kind === 'secret') return askSecret(`${kebab(name)}: `)
  if (typeof said === 'boolean') return said
  if (field.isNullable && said.length === 1 && said[0] === '') return null
  return from(`--${flagOf(field)}`, as, said, find)
}

async function from(flag: string, as: Kind, said: readonly string[], find: Find): Promise<unknown> {
  const only = (): string => {
    if (said.length !== 1) throw new Unclear(`${flag} is said once.`)
    return said[0]!
  }
  switch (as.kind) {
    case 'text':
      return only()
    case 'secret':
      throw new Unclear(`${flag}: what is secret is not written on the command line.`)
    case 'number': {
      const number = Number(only())
      if (only().trim() === '' || !Number.isFinite(number)) throw new Unclear(`${flag} is a number, not ${only()}.`)
      return number
    }
    case 'yes':
      return yesOrNo(flag, only())
    case 'time': {
      const at = new Date(only())
      if (Number.isNaN(at.getTime())) throw new Unclear(`${flag} is a time, such as 2026-03-01 or 2026-03-01T08:00Z.`)
      return at.toISOString()
    }
    case 'choice':
      if (!as.choices.includes(only())) throw new Unclear(`${flag} is one of: ${as.choices.join(', ')}.`)
      return only()
    case 'id':
      return find(as.brand, only())
    case 'many':
      return many(flag, as.of, said, find)
    case 'either':
      return either(flag, as.of, said, find)
    case 'pairs':
      return pairs(flag, as.of, said, find)
    case 'variant': {
      const [which, ...rest] = only().split(':')
      if (!(which! in as.options)) throw new Unclear(`${flag} is one of: ${variants(as).join(', ')}.`)
      const field = as.options[which!]
      if (!field) return { [as.by]: which }
      if (rest.length === 0) throw new Unclear(`${flag} is one of: ${variants(as).join(', ')}.`)
      const brand = field.name === 'id' ? await find(which as Brand, rest.join(':')) : await valueOf(field, [rest.join(':')], find)
      return { [as.by]: which, [field.name]: brand }
    }
    case 'json':
      return json(flag, fromFile(flag, only()))
    case 'rows': {
      const text = textOf(only())
      return text.trimStart().startsWith('[') ? json(flag, text) : rowsOf(text)
    }
  }
}
export const variants = (as: Extract<Kind, { kind: 'variant' }>): string[] =>
  Object.entries(as.options).map(([which, field]) => (field ? `${which}:<${field.name === 'id' ? nameOf(which) : field.name}>` : which))
const nameOf = (brand: string) => (brand === 'account' || brand === 'list' || brand === 'resource' ? 'address' : 'name')

async function many(flag: string, of: Kind, said: readonly string[], find: Find): Promise<unknown[]> {
  const words = said.flatMap((word) => (word.startsWith('@') ? textOf(word.slice(1)).split(/\s+/) : [word])).filter((word) => word !== '')
  // A preset stands for its rights.
  const each = flag === '--rights' ? words.flatMap((word) => (word in presets ? presets[word as keyof typeof presets] : [word])) : words
  const values = []
  for (const word of new Set(each)) values.push(await from(flag, of, [word], find))
  return values
}

async function either(flag: string, of: readonly Kind[], said: readonly string[], find: Find): Promise<unknown> {
  const choice = of.find((one) => one.kind === 'choice' && said.length === 1 && one.choices.includes(said[0]!))
  if (choice) return said[0]
  const other = of.find((one) => one.kind !== 'choice')!
  return from(flag, other, said, find)
}

async function pairs(flag: string, of: Readonly<Record<string, Field>>, said: readonly string[], find: Find): Promise<unknown> {
  if (said.length === 1 && /^(?:@|-$)/.test(said[0]!)) return json(flag, fromFile(flag, said[0]!))
  const result: Record<string, unknown> = {}
  for (const [name, words] of Map.groupBy(said.map(split(flag)), ([name]) => name)) {
    const values = words.map(([, value]) => value)
    const [first, rest] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)]
    const [field, inner] = [of[name], of[first]]
    if (field) result[name] = await pairValue(`${flag} ${name}`, field, values, find)
    else if (inner?.as.kind === 'pairs' && first !== '') {
      const more = await pairs(
        `${flag} ${first}.…`,
        inner.as.of,
        values.map((value) => `${rest}=${value}`),
        find,
      )
      result[first] = { ...(result[first] as object), ...(more as object) }
    } else throw new Unclear(`${flag} knows no ${name}. It knows: ${Object.keys(of).join(', ')}.`)
  }
  return result
}
/** Nothing after the = takes it away. */
async function pairValue(flag: string, field: Field, said: readonly string[], find: Find): Promise<unknown> {
  if (field.isNullable && said.length === 1 && said[0] === '') return null
  if (field.as.kind === 'json') return json(flag, said.length === 1 && said[0]!.startsWith('@') ? textOf(said[0]!.slice(1)) : said[0]!)
  return from(flag, field.as, field.as.kind === 'many' ? said.flatMap((word) => word.split(',')) : said, find)
}
const split =
  (flag: string) =>
  (word: string): [string, string] => {
    const at = word.indexOf('=')
    if (at < 1) throw new Unclear(`${flag} is written name=value, not ${word}.`)
    return [word.slice(0, at), word.slice(at + 1)]
  }

function yesOrNo(flag: string, word: string): boolean {
  if (word === 'true' || word === 'yes') return true
  if (word === 'false' || word === 'no') return false
  throw new Unclear(`${flag} is yes or no.`)
}

/** Settings may hold secrets: they come from a file or from standard input, where nobody who lists processes sees them. */
function fromFile(flag: string, word: string): string {
  if (word !== '-' && !word.startsWith('@')) throw new Unclear(`${flag} is read from a file: write @file.json, or - for standard input.`)
  return textOf(word.replace(/^@/, ''))
}
function textOf(file: string): string {
  try {
    return file === '-' ? standardInput() : readFileSync(file, 'utf8')
  } catch (error) {
    throw new Unclear(`${file} cannot be read: ${(error as Error).message}`)
  }
}
function json(flag: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Unclear(`${flag} is no JSON.`)
  }
}

/** The calls that find things by what people call them, each over the operations that list them. */
export function finding(
  ask: (name: string, input: unknown) => Promise<any>,
  accountAt: (address: string) => Promise<string | undefined>,
): Find {
  const among = async (what: string, operation: string, of: string, called: string, by: 'name' | 'address'): Promise<string> => {
    const matches: { id: string }[] = []
    for (let after: string | undefined; ;) {
      const page = await ask(operation, { search: called, limit: 200, ...(after && { after }) })
      matches.push(...page[of].filter((one: any) => one[by].toLowerCase() === called.toLowerCase()))
      after = page.next ?? undefined
      if (!after) break
    }
    if (matches.length > 1)
      throw new Unclear(`There are ${matches.length} called ${called}: name one by its id, ${matches.map(({ id }) => id).join(' or ')}.`)
    return matches[0]?.id ?? missing(what, called)
  }
  return async (brand, called) => {
    if (isUuid(called.toLowerCase())) return called.toLowerCase()
    switch (brand) {
      case 'account':
        return (await accountAt(called)) ?? missing('account', called)
      case 'domain':
        return among('domain', 'domains.list', 'domains', called, 'name')
      case 'cos':
        return among('class', 'cos.list', 'classes', called, 'name')
      case 'list':
        return among('list', 'lists.list', 'lists', called, 'address')
      case 'resource':
        return among('resource', 'resources.list', 'resources', called, 'address')
      default:
        throw new Unclear(`${called} is no id: write the one that a list shows.`)
    }
  }
}
export class Missing extends Error {}
function missing(what: string, called: string): never {
  throw new Missing(`There is no ${what} ${called}.`)
}
