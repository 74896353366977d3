export const shortest = 10
export type Strength = { kind: 'short'; missing: number } | { kind: 'weak' | 'fair' | 'good' }

const wellKnown = [
  'password',
  'passwort',
  'kennwort',
  'letmein',
  'welcome',
  'willkommen',
  'atrium',
  'admin',
  'iloveyou',
  'dragon',
  'monkey',
  'football',
  'fussball',
]
const rows = ['abcdefghijklmnopqrstuvwxyz', 'qwertzuiopü', 'qwertyuiop', 'asdfghjklöä', 'yxcvbnm', 'zxcvbnm', '01234567890']

/** What a guesser gets for nothing is taken out: words of this very page, well-known words, runs on the keyboard, repetition. */
function guessable(password: string, context: readonly string[]): string {
  let rest = password.toLowerCase()
  const words = [...wellKnown, ...context.flatMap((text) => text.toLowerCase().split(/[\s@.,_-]+/)).filter((word) => word.length > 2)]
  for (const word of words) rest = rest.replaceAll(word, '•')
  for (const row of rows) {
    for (let length = row.length; length > 2; length--) {
      for (let at = 0; at + length <= row.length; at++) rest = rest.replaceAll(row.slice(at, at + length), '•')
    }
  }
  return rest.replaceAll(/(.+?)\1+/gu, '$1')
}

/** Bits that one more character adds: letters in a row are mostly words, words are cheap, and a change of kind is a surprise. */
function bitsOf(text: string): number {
  let bits = 0
  for (const [, letters, digits, others] of text.matchAll(/(\p{L}+)|(\p{N}+)|([^\p{L}\p{N}]+)/gu)) {
    if (bits > 0) bits += 1.5
    if (letters) bits += Math.min(letters.length, 7) * 2.6 + Math.max(0, letters.length - 7) * 1.6
    else if (digits) bits += digits.length * 2.6
    else if (others) bits += others.trim() === '' ? 1 : Math.min(others.length, 3) * 4
  }
  return bits
}

/** An estimate, and called one: it says when a guess would be easy, and never that a password is unbreakable. */
export function strengthOf(password: string, context: readonly string[] = []): Strength {
  const length = [...password].length
  if (length < shortest) return { kind: 'short', missing: shortest - length }
  const bits = bitsOf(guessable(password, context))
  return { kind: bits < 35 ? 'weak' : bits < 58 ? 'fair' : 'good' }
}
