import { fold } from '@atrium/protocol'

export { fold }

/** Scripts that write words without spaces: every sign may begin one. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u
const maxSigns = 40

const wordsOf = (text: string): string[] =>
  fold(text)
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((word) => word !== '')

/** The words somebody may be found by, each with a space before it: a search is for ` word` and whatever follows. */
export function searchableWords(name: string, addresses: readonly string[]): string {
  const words = [...wordsOf(name), ...addresses.flatMap((address) => [fold(address), ...wordsOf(address)]), ...emojiOf(name)]
  const tails = words.flatMap((word) => (unspaced.test(word) ? tailsOf(word) : []))
  return [...new Set([...words, ...tails])].map((word) => ` ${word}`).join('')
}

/** One pattern per word of the search; all must be found. A search of signs only finds whoever has just these, so nobody. */
export function patternsOf(search: string): string[] {
  const given = fold(search)
    .split(/\s+/)
    .filter((word) => word !== '')
  const words = given.flatMap((word) => (word.includes('@') ? [word] : [...wordsOf(word), ...emojiOf(word)]))
  return (words.length > 0 ? words : given).slice(0, 8).map((word) => `% ${word.replaceAll(/[\\%_]/g, '\\$&')}%`)
}

/**
 * Also what stands within a word, from three signs on: fewer are found by no index, and in too many words. A space before it is the
 * beginning of a word.
 */
export const inwardPatternsOf = (search: string): string[] =>
  patternsOf(search).map((pattern) => ([...pattern.slice(2, -1)].length >= 3 ? `%${pattern.slice(2)}` : pattern))

const emojiOf = (text: string): string[] => [...new Set(text.match(/\p{RGI_Emoji}/gv) ?? [])].slice(0, maxSigns)

function tailsOf(word: string): string[] {
  const signs = [...word].slice(0, maxSigns)
  return signs.map((_, i) => signs.slice(i).join(''))
}
