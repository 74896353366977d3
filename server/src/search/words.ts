/** Scripts written without spaces between words: every pair of neighbours is a word of its own. */
const unspaced =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}'
const pieces = new RegExp(`([${unspaced}][${unspaced}\\p{M}ー々]*)|((?:(?![${unspaced}])[\\p{L}\\p{N}\\p{M}])+)`, 'gu')
/** PostgreSQL refuses words of more than 2,046 bytes. Nobody looks for one by its second hundred letters. */
const longest = 100
const asWritten: Record<string, string> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i' }

/** What counts as equal: upper and lower case, full and half width, letters with and without accents. */
const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll(/[ßæœøłđðþı]/g, (letter) => asWritten[letter]!)
    .normalize('NFC')

interface Piece {
  text: string
  isUnspaced: boolean
}
const piecesOf = (text: string): Piece[] =>
  [...plain(text).matchAll(pieces)].map(([piece, withoutSpaces]) => ({ text: piece, isUnspaced: withoutSpaces !== undefined }))

const cut = (word: string) => [...word].slice(0, longest).join('')

/** Neighbours in pairs, and the last letter alone: so each letter begins a word, and one letter can be looked for too. */
function pairs(run: string): string[] {
  const letters = [...run]
  return letters.map((letter, i) => letter + (letters[i + 1] ?? ''))
}

/** The words of a text in order, as they are stored and looked for. */
export const wordsOf = (text: string): string[] =>
  piecesOf(text).flatMap((piece) => (piece.isUnspaced ? pairs(piece.text) : [cut(piece.text)]))

const quoted = (word: string) => `'${word}'`
/** PostgreSQL counts positions up to here; a word further on is found, but next to nothing. */
const lastPosition = 16_383

/** As PostgreSQL writes a `tsvector`. Words are letters and digits only, so nothing in them needs escaping; `label` is one that stands nowhere. */
export const vectorOf = (text: string, label: string): string => {
  const places = new Map<string, number[]>()
  for (const [i, word] of wordsOf(text).entries()) {
    const known = places.get(word)
    const position = Math.min(i + 1, lastPosition)
    if (!known) places.set(word, [position])
    else if (known.length < 255) known.push(position)
  }
  return [quoted(label), ...[...places].map(([word, positions]) => `${quoted(word)}:${positions.join()}`)].join(' ')
}

/** As PostgreSQL writes a `tsquery`: all words by their beginnings, letters without spaces side by side. Undefined: nothing to look for. */
export const queryOf = (text: string): string | undefined => {
  const terms = piecesOf(text).map((piece) => {
    if (!piece.isUnspaced) return `${quoted(cut(piece.text))}:*`
    const all = pairs(piece.text)
    return all.length === 1 ? `${quoted(all[0]!)}:*` : `(${all.slice(0, -1).map(quoted).join(' <-> ')})`
  })
  return terms.length === 0 ? undefined : [...new Set(terms)].join(' & ')
}
