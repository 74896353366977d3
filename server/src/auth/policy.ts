import { fail, type Refusal } from '@atrium/platform'
import type { PasswordPolicy, Sentence, Values } from '@atrium/protocol'
import { problemsOf, type PasswordProblem } from '@atrium/protocol/passwords'

export const policyOf = (values: Values): PasswordPolicy => ({
  minLength: values['password.minLength'],
  minLetters: values['password.minLetters'],
  minUpper: values['password.minUpper'],
  minLower: values['password.minLower'],
  minDigits: values['password.minDigits'],
  minPunctuation: values['password.minPunctuation'],
  allowedCharacters: values['password.allowedCharacters'],
  history: values['password.history'],
  refusesCommon: values['password.refuseCommon'],
  mayChange: values['password.mayChange'],
})

const sentences: Record<PasswordProblem['problem'], Sentence> = {
  tooShort: 'factors.passwordTooShort',
  letters: 'factors.passwordLetters',
  upper: 'factors.passwordUpper',
  lower: 'factors.passwordLower',
  digits: 'factors.passwordDigits',
  punctuation: 'factors.passwordPunctuation',
  characters: 'factors.passwordCharacters',
  common: 'auth.weakPassword',
  telling: 'auth.weakPassword',
}

/** AUTH-6: the first thing that is wrong with a password, as a refusal. */
export function refuseWeak(password: string, values: Values, owner: { address: string; name: string }, field: string): void {
  const [first] = problemsOf(password, policyOf(values), owner)
  if (first) throw problem(first, field)
}

function problem(wrong: PasswordProblem, field: string): Refusal {
  const params: Record<string, string | number> | undefined =
    'count' in wrong ? { count: wrong.count } : 'allowed' in wrong ? { allowed: wrong.allowed } : undefined
  return fail('invalid', sentences[wrong.problem], { field, ...(params && { params }) })
}
