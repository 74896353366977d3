const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const firstOf = (word: string) => letters.segment(word)[Symbol.iterator]().next().value?.segment ?? ''

/** "Piet de Wilde" is PW, "李" is 李, an emoji stays whole, nothing at all is a point. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s·,./_-]+/u).filter((word) => /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(word))
  const [first, last] = [words[0], words.length > 1 ? words.at(-1) : undefined]
  if (!first) return '·'
  return (firstOf(first) + (last && /\p{Script=Latin}|\p{Script=Greek}|\p{Script=Cyrillic}/u.test(last) ? firstOf(last) : '')).toUpperCase()
}

/** One of five colours, the same for a person on every screen. */
export function hueOf(seed: string): 1 | 2 | 3 | 4 | 5 {
  let sum = 7
  for (let index = 0; index < seed.length; index++) sum = (sum * 31 + seed.charCodeAt(index)) >>> 0
  return ((sum % 5) + 1) as 1 | 2 | 3 | 4 | 5
}
