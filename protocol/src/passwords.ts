import { commonPasswords } from './common-passwords.ts'
import type { PasswordPolicy } from './factors.ts'

/**
 * What is wrong with a password, and how much would be right. The page asks this while one types, the server before it takes one;
 * of earlier ones, and of the age of the last, only the server knows.
 */
export type PasswordProblem =
  | { problem: 'tooShort' | 'letters' | 'upper' | 'lower' | 'digits' | 'punctuation'; count: number }
  | { problem: 'characters'; allowed: string }
  /** `common`: others try it first. `telling`: it is made of what everybody knows of its owner. */
  | { problem: 'common' | 'telling' }
type Rules = Omit<PasswordPolicy, 'history' | 'mayChange'>

const kinds = {
  letters: /\p{L}/gu,
  upper: /\p{Lu}/gu,
  lower: /\p{Ll}/gu,
  digits: /\p{Nd}/gu,
  punctuation: /[\p{P}\p{S}]/gu,
} as const

/** Everything that a password lacks, in the order in which forms name it. Compared in one spelling, as hashes are made of it. */
export function problemsOf(password: string, policy: Rules, owner: { address: string; name: string }): PasswordProblem[] {
  const plain = password.normalize('NFKC')
  const problems: PasswordProblem[] = []
  if ([...plain].length < policy.minLength) problems.push({ problem: 'tooShort', count: policy.minLength })
  const least = {
    letters: policy.minLetters,
    upper: policy.minUpper,
    lower: policy.minLower,
    digits: policy.minDigits,
    punctuation: policy.minPunctuation,
  }
  for (const [kind, pattern] of Object.entries(kinds) as [keyof typeof kinds, RegExp][])
    if ((plain.match(pattern)?.length ?? 0) < least[kind]) problems.push({ problem: kind, count: least[kind] })
  const allowed = only(policy.allowedCharacters)
  if (allowed && !allowed.test(plain)) problems.push({ problem: 'characters', allowed: policy.allowedCharacters })
  if (policy.refusesCommon && isCommon(plain)) problems.push({ problem: 'common' })
  if (isTelling(plain, owner)) problems.push({ problem: 'telling' })
  return problems
}

/** A class such as `a-zA-Z0-9`. One that is no class allows everything: nobody could choose a password otherwise. */
function only(characters: string): RegExp | undefined {
  if (characters === '') return undefined
  try {
    return new RegExp(`^[${characters.replaceAll(/[\]\\^[]/g, String.raw`\$&`)}]*$`, 'u')
  } catch {
    return undefined
  }
}

/** Well known, of three signs, or a run of the keyboard. */
export function isCommon(password: string): boolean {
  const plain = password.normalize('NFKC').toLowerCase()
  return new Set(plain).size < 4 || isRun(plain) || commonPasswords.has(plain)
}

/** Little remains of it without what everybody knows of its owner. */
function isTelling(password: string, { address, name }: { address: string; name: string }): boolean {
  const plain = password.toLowerCase()
  const [local = '', domain = ''] = address.toLowerCase().split('@')
  const known = [local, ...local.split(/[._+-]/), domain, domain.split('.')[0]!, ...name.normalize('NFKC').toLowerCase().split(/\s+/)]
  const telling = [address.toLowerCase(), name.toLowerCase().replaceAll(/\s+/g, ''), ...known.filter((word) => [...word].length >= 4)]
  const rest = telling.filter((word) => word !== '').reduce((left, word) => left.replaceAll(word, ''), plain)
  return rest !== plain && [...rest].length < 8
}

/** 1234567890, abcdefghij, and backwards. */
function isRun(text: string): boolean {
  const codes = [...text].map((sign) => sign.codePointAt(0)!)
  const steps = codes.slice(1).map((code, i) => code - codes[i]!)
  return steps.filter((step) => step === steps[0] && Math.abs(step) <= 1).length >= steps.length - 1
}
