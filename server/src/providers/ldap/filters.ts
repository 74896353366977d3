import type { Filter } from 'ldapts'
import { library } from './library.ts'
import type { Words } from './presets.ts'

/** RFC 4515: nothing in a value is taken for a part of the filter. */
export const escaped = (value: string): string =>
  value.replaceAll(/[*()\\\0]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`)

/**
 * The library takes an escaped byte for a character: whoever wrote `\c3\a9` means an é, and is read so. What is no text is left.
 */
const inLetters = (filter: string): string =>
  filter.replaceAll(/(?:\\[89a-f][\da-f])+/gi, (bytes) => {
    const text = Buffer.from(bytes.replaceAll('\\', ''), 'hex').toString('utf8')
    return text.includes('\uFFFD') ? bytes : text
  })

/** As an administrator wrote it, with the brackets that may be left out. */
export const bracketed = (filter: string): string => inLetters(filter.startsWith('(') ? filter : `(${filter})`)

/** Those of these ids, and of what the filter wants. Ids may be bytes, which no text of a filter can name here. */
export async function ofIds(words: Words, ids: readonly string[], wanted = '(objectClass=*)'): Promise<Filter> {
  const { AndFilter, EqualityFilter, FilterParser, OrFilter } = await library()
  const each = ids.map((id) => new EqualityFilter({ attribute: words.id, value: words.isBinaryId ? Buffer.from(id, 'hex') : id }))
  return new AndFilter({ filters: [FilterParser.parseString(bracketed(wanted)), new OrFilter({ filters: each })] })
}
