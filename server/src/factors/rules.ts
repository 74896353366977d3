import type { Scope, Token } from '@atrium/protocol'

/** FACT-1  A code is good for the half minute it belongs to, and for those beside it: clocks differ, and people type slowly. */
export const stepSeconds = 30
export const toleratedSteps = [0, -1, 1] as const
export const stepAt = (now: Date): number => Math.floor(now.getTime() / 1_000 / stepSeconds)

// FACT-2 (a code is good once) is the statement that writes the step it belonged to, and only a later one than the last: of fifty
// at the same moment one finds it free.

/** FACT-3  An authenticator or a passkey that was begun and not finished within this time counts for nothing. */
export const enrolWithinMs = 15 * 60_000
export const maxPasskeys = 20
export const scratchCodes = 10

/** FACT-4  Who must have a second factor keeps one. */
export const isLastRequired = (isRequired: boolean, totp: boolean, passkeys: number): boolean =>
  isRequired && (totp ? 1 : 0) + passkeys <= 1

/** How long a question put to a passkey waits for its answer. */
export const challengeLivesMs = 5 * 60_000

export const maxTokens = 50
/** How often a token says that it was used. */
export const tokenTouchMs = 60_000

const everyday: Scope[] = [
  'chat:read',
  'chat:write',
  'files:read',
  'files:write',
  'documents:read',
  'documents:write',
  'meetings:read',
  'meetings:write',
  'directory:read',
]
/** FACT-5  An application password opens what its purpose is, and never the administration. A token opens what it names. */
export function scopesFor(kind: Token['kind'], purpose: Token['purpose'], asked: readonly Scope[]): Scope[] {
  const named = [...new Set(asked)]
  if (kind === 'script') return named
  const most = purpose === 'webdav' ? everyday.filter((scope) => scope.startsWith('files:')) : everyday
  return named.length === 0 ? most : named.filter((scope) => most.includes(scope))
}
