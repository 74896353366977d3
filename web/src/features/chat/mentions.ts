import type { AccountId, Person } from '@atrium/protocol'

type Named = Pick<Person, 'id' | 'name'>
export type Part = { text: string; of: AccountId | undefined }

const forms = ({ id, name }: Named) => [name, name.split(' ')[0]!].map((form) => ({ id, sign: `@${form}` }))
const isWord = (letter: string | undefined) => letter !== undefined && /[\p{L}\p{N}_]/u.test(letter)

/** Cuts a text where it names the people who are mentioned in it: "@Anna Berg" before "@Anna". */
export function partsOf(text: string, mentioned: readonly Named[]): Part[] {
  const signs = mentioned
    .filter((person) => person.name !== '')
    .flatMap(forms)
    .sort((a, b) => b.sign.length - a.sign.length)
  const parts: Part[] = []
  let rest = text
  let words = ''
  for (let at = rest.indexOf('@'); at !== -1 && signs.length > 0; at = rest.indexOf('@')) {
    const found = signs.find(({ sign }) => rest.startsWith(sign, at) && !isWord(rest[at + sign.length]))
    words += rest.slice(0, at)
    if (found) {
      if (words !== '') parts.push({ text: words, of: undefined })
      words = ''
      parts.push({ text: found.sign, of: found.id })
      rest = rest.slice(at + found.sign.length)
    } else {
      words += '@'
      rest = rest.slice(at + 1)
    }
  }
  if (words + rest !== '') parts.push({ text: words + rest, of: undefined })
  return parts
}

/** Of the people chosen while writing, those whose names still stand in the text. */
export const mentionedIn = (text: string, chosen: readonly Named[]): AccountId[] => [
  ...new Set(partsOf(text, chosen).flatMap(({ of }) => of ?? [])),
]

/** The "@an" being typed before the cursor, if any: letters after an @ that begins a word. */
export function askedFor(text: string, cursor: number): { from: number; words: string } | undefined {
  const before = text.slice(0, cursor)
  const found = /(?:^|[\s(])@([\p{L}\p{N}][\p{L}\p{N}.'-]*(?: [\p{L}\p{N}.'-]*)?|)$/u.exec(before)
  return found ? { from: cursor - found[1]!.length - 1, words: found[1]! } : undefined
}
