/** Cuts a text where a word begins with one of the words that were searched for. */
export function markedIn(text: string, searched: string): { text: string; isMarked: boolean }[] {
  const words = searched.split(/[^\p{L}\p{N}]+/u).filter(Boolean)
  if (words.length === 0) return [{ text, isMarked: false }]
  const found = new RegExp(`(?<![\\p{L}\\p{N}])(${words.map((word) => RegExp.escape?.(word) ?? word).join('|')})`, 'giu')
  return text.split(found).flatMap((part, at) => (part === '' ? [] : [{ text: part, isMarked: at % 2 === 1 }]))
}
