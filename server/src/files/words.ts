import { fold } from '../directory/index.ts'

/** As people sort: `Plan 2` before `Plan 10`, whatever the capitals. */
export const sortKeyOf = (name: string): string =>
  fold(name).replaceAll(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, '').padStart(12, '0'))

/** The folded name: whatever part of it is typed is found. */
export const wordsOf = (name: string): string => fold(name)

/** One pattern for each word of a search. All must be found. */
export const patternsOf = (search: string): string[] =>
  fold(search)
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, 8)
    .map((word) => `%${word.replaceAll(/[\\%_]/g, '\\$&')}%`)
