/**
 * Filters of LDAP (RFC 4515), and the addresses that carry them (RFC 4516). Strict: what is not understood whole is refused, with
 * what is wrong and where, for a filter that means something else than its author thinks would let the wrong people in.
 */
export type Filter =
  | { is: 'and' | 'or'; of: readonly Filter[] }
  | { is: 'not'; of: Filter }
  | { is: 'present'; attribute: string }
  | { is: 'equal' | 'approx' | 'atLeast' | 'atMost'; attribute: string; value: string }
  /** Null: anything may stand there. */
  | { is: 'parts'; attribute: string; first: string | null; middle: readonly string[]; last: string | null }

export type Problem =
  'notAUrl' | 'host' | 'base' | 'attributes' | 'scope' | 'extensions' | 'encoding' | 'syntax' | 'unknownAttribute' | 'tooDeep' | 'tooMany'

export class BadFilter extends Error {
  readonly problem: Problem
  /** How many characters of the filter were fine, or the name that nobody knows. */
  readonly at: number | string
  constructor(problem: Problem, at: number | string = 0) {
    super(`${problem} at ${at}`)
    this.problem = problem
    this.at = at
  }
}

const maxDepth = 20
const maxItems = 200

/** `ldap:///??sub?(filter)`. The base is the domain, said or not: a list finds the people of its own domain. */
export function filterOf(url: string, domain: string): Filter {
  const found = /^ldap:\/\/([^/?]*)(?:\/([^?]*))?(?:\?([^?]*))?(?:\?([^?]*))?(?:\?([^?]*))?(?:\?(.*))?$/i.exec(url.trim())
  if (!found) throw new BadFilter('notAUrl')
  const [, host, base = '', attributes = '', scope = '', filter = '', extensions = ''] = found.map((part) => part && decoded(part))
  if (host) throw new BadFilter('host', host)
  if (!isBase(base, domain)) throw new BadFilter('base', base)
  if (attributes && attributes !== '*') throw new BadFilter('attributes', attributes)
  // What a URL means that says nothing here is the base alone, which is nobody.
  if (!['sub', 'one'].includes(scope.toLowerCase())) throw new BadFilter('scope', scope)
  if (extensions) throw new BadFilter('extensions', extensions)
  return parseFilter(filter)
}
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new BadFilter('encoding')
  }
}
function isBase(base: string, domain: string): boolean {
  if (base === '') return true
  const parts = base.split(',').map((part) => part.trim().toLowerCase())
  const names = parts.filter((part) => part.startsWith('dc=')).map((part) => part.slice(3).trim())
  const above = parts.filter((part) => !part.startsWith('dc='))
  return names.join('.') === domain.toLowerCase() && above.every((part) => part === 'ou=people')
}

export function parseFilter(text: string): Filter {
  let at = 0
  let items = 0

  const bad = (problem: Problem = 'syntax', where: number | string = at) => new BadFilter(problem, where)
  function take(sign: string): void {
    if (text[at] !== sign) throw bad()
    at++
  }
  function filter(depth: number): Filter {
    if (depth > maxDepth) throw bad('tooDeep')
    if (++items > maxItems) throw bad('tooMany')
    take('(')
    const found = inner(depth)
    take(')')
    return found
  }
  function inner(depth: number): Filter {
    if (text[at] === '&' || text[at] === '|') {
      const is = text[at++] === '&' ? 'and' : 'or'
      const of: Filter[] = []
      while (text[at] === '(') of.push(filter(depth + 1))
      return { is, of }
    }
    if (text[at] === '!') {
      at++
      return { is: 'not', of: filter(depth + 1) }
    }
    return item()
  }
  function item(): Filter {
    const named = /^[a-z][a-z\d-]*/i.exec(text.slice(at))
    if (!named) throw bad()
    const attribute = named[0].toLowerCase()
    at += attribute.length
    const sign = /^(?:=|~=|>=|<=)/.exec(text.slice(at))
    if (!sign) throw bad()
    at += sign[0].length
    if (sign[0] !== '=') {
      const is = ({ '~=': 'approx', '>=': 'atLeast', '<=': 'atMost' } as const)[sign[0] as '~=']
      const value = assertion()
      if (text[at] === '*') throw bad()
      return { is, attribute, value }
    }
    const parts = [assertion()]
    while (text[at] === '*') {
      at++
      parts.push(assertion())
    }
    if (parts.length === 1) return { is: 'equal', attribute, value: parts[0]! }
    const [first, middle, last] = [parts[0]!, parts.slice(1, -1), parts.at(-1)!]
    if (parts.length === 2 && first === '' && last === '') return { is: 'present', attribute }
    if (middle.includes('')) throw bad()
    return { is: 'parts', attribute, first: first || null, middle, last: last || null }
  }
  /** Bytes may be written `\xx`; together they must be UTF-8. */
  function assertion(): string {
    const found = /^(?:[^\0()*\\]|\\[\da-f]{2})*/i.exec(text.slice(at))![0]
    const began = at
    at += found.length
    if (!found.includes('\\')) return found
    const bytes = found
      .split(/(\\[\da-f]{2})/i)
      .map((part) => (part.startsWith('\\') ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part)))
    try {
      const value = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(bytes))
      if (value.includes('\0')) throw bad('encoding', began)
      return value
    } catch {
      throw bad('encoding', began)
    }
  }

  const whole = filter(1)
  if (at !== text.length) throw bad()
  return whole
}

/** Escapes what would end a value or stand for anything (RFC 4515, 3). */
export const escaped = (value: string): string =>
  value.replaceAll(/[\0()*\\]/g, (sign) => `\\${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** The same for filters that ask the same and differ in how they are written: capitals of attributes, escapes, the encoding of a URL. */
export function keyOf(filter: Filter): string {
  switch (filter.is) {
    case 'and':
    case 'or':
      return `(${filter.is === 'and' ? '&' : '|'}${filter.of.map(keyOf).join('')})`
    case 'not':
      return `(!${keyOf(filter.of)})`
    case 'present':
      return `(${filter.attribute}=*)`
    case 'parts':
      return `(${filter.attribute}=${[filter.first ?? '', ...filter.middle, filter.last ?? ''].map(written).join('*')})`
    default:
      return `(${filter.attribute}${{ equal: '=', approx: '~=', atLeast: '>=', atMost: '<=' }[filter.is]}${written(filter.value)})`
  }
}
const written = (value: string) => escaped(value.trim().toLowerCase())
