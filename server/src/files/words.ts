import { fold } from '@atrium/protocol'

/** The folded name: whatever part of it is typed is found. */
export const wordsOf = (name: string): string => fold(name)

/** One pattern for each word of a search. All must be found. */
export const patternsOf = (search: string): string[] =>
  fold(search)
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, 8)
    .map((word) => `%${word.replaceAll(/[\\%_]/g, '\\$&')}%`)
