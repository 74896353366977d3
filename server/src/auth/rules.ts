import type { Person } from '@atrium/protocol'
import { commonPasswords } from '@atrium/protocol/common-passwords'

export type LinkPurpose = 'setup' | 'invitation' | 'reset' | 'admin'

const day = 24 * 60 * 60 * 1_000
export const idleMs = 14 * day
export const lastsMs = 90 * day
export const guestLastsMs = day / 2
/** How often a session says that it is still in use. */
export const touchEveryMs = 60_000
export const linkLivesMs = { setup: 7 * day, invitation: 7 * day, reset: day, admin: day } as const satisfies Record<LinkPurpose, number>

/**
 * AUTH-1  Whoever does not know the password learns nothing: unknown, invited and locked look like a wrong one, and take the
 * same work. Whose account is locked, and who knows its password, is told so.
 */
export const mayProveThemselves = (person: Person | undefined): person is Person =>
  person?.status === 'active' || person?.status === 'locked'
export const canSignIn = (person: Person | undefined): person is Person & { address: string } => person?.status === 'active'

/**
 * AUTH-2  Whoever guesses waits, and longer the more they guess. Where somebody signed in before has a count of its own,
 * so a stranger who guesses at an address elsewhere does not keep its owner out.
 */
export const delays = [
  { times: 5, perMs: 30_000 },
  { times: 15, perMs: 10 * 60_000 },
  { times: 40, perMs: 4 * 60 * 60_000 },
]
export const sourceDelays = [
  { times: 40, perMs: 60_000 },
  { times: 200, perMs: 60 * 60_000 },
]
export const countedAs = (address: string, source: string, isKnownSource: boolean): string =>
  isKnownSource ? `sign-in ${address} from ${source}` : `sign-in ${address}`

/** AUTH-3  A link works once, for a while, and for an account that may still come in. An administrator's own link also unlocks. */
export const opens = (purpose: LinkPurpose, status: Person['status']): boolean =>
  status === 'active' || status === 'invited' || (purpose === 'admin' && status === 'locked')

/** AUTH-4  A session ends after 14 days without use, and after 90 in any case. */
export const isOver = (session: { seenAt: Date; expiresAt: Date; endedAt: Date | null }, now: Date): boolean =>
  session.endedAt !== null || session.expiresAt <= now || now.getTime() - session.seenAt.getTime() > idleMs

// AUTH-5 (signing in begins a session of its own and ends the one this browser had; a new password renews this one's secret
// and ends all others) is `signIn`, `renew` and `end` in sessions.ts and service.ts: it is what they write.

/** AUTH-6  A password is long, and neither well known nor made of what everybody knows about its owner. */
export function isWeak(password: string, { address, name }: { address: string; name: string }): boolean {
  const plain = password.normalize('NFKC').toLowerCase()
  const [local = '', domain = ''] = address.toLowerCase().split('@')
  const known = [local, ...local.split(/[._+-]/), domain, domain.split('.')[0]!, ...name.normalize('NFKC').toLowerCase().split(/\s+/)]
  const telling = [address.toLowerCase(), name.toLowerCase().replaceAll(/\s+/g, ''), ...known.filter((word) => [...word].length >= 4)]
  const rest = telling.filter((word) => word !== '').reduce((left, word) => left.replaceAll(word, ''), plain)
  if (rest !== plain && [...rest].length < 8) return true
  return new Set(plain).size < 4 || isRun(plain) || commonPasswords.has(plain)
}

/** 1234567890, abcdefghij, and backwards. */
function isRun(text: string): boolean {
  const codes = [...text].map((sign) => sign.codePointAt(0)!)
  const steps = codes.slice(1).map((code, i) => code - codes[i]!)
  return steps.filter((step) => step === steps[0] && Math.abs(step) <= 1).length >= steps.length - 1
}

// AUTH-7 (a hub is set up once) is the only row of the table `organisation`: of two at the same moment one finds it there.

/** AUTH-8  The first administrator's address belongs to the organisation's domain. */
export const isInDomain = (address: string, domain: string): boolean => {
  const own = address.slice(address.lastIndexOf('@') + 1)
  return own === domain || own.endsWith(`.${domain}`)
}

// AUTH-9 (a guest's session is good for one meeting, whose link they had, and for twelve hours) is `beginGuest`: it is what it
// writes. What the guest may do there is the rule of meetings.
