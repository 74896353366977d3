const plain = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

/**
 * How well something answers what was typed: undefined is not at all, less is better. The whole beginning first, then the
 * beginning of a word, then the letters in order; accents do not matter.
 */
export function match(asked: string, offered: string): number | undefined {
  const wanted = plain(asked.trim())
  const text = plain(offered)
  if (!wanted) return 0
  if (text.startsWith(wanted)) return 0
  const words = wanted.split(/\s+/)
  const begins = text.split(/[\s@._-]+/)
  if (words.every((word) => begins.some((begin) => begin.startsWith(word)))) return 1
  if (text.includes(wanted)) return 2
  let at = -1
  for (const letter of wanted.replaceAll(/\s/g, '')) {
    at = text.indexOf(letter, at + 1)
    if (at < 0) return undefined
  }
  // Letters that lie far apart are no answer.
  return wanted.length > 2 && at < wanted.length * 3 ? 3 : undefined
}
