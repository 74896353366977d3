import { type Owed, type Person, type Values } from '@atrium/protocol'

export type LinkPurpose = 'setup' | 'invitation' | 'reset' | 'admin' | 'forgotten' | 'recovery' | 'phone' | 'enrolment'

const minute = 60_000
const day = 24 * 60 * minute
export const guestLastsMs = day / 2
/** How long somebody may take from the password to the last thing that is owed. */
export const unfinishedLastsMs = 15 * minute
/** How often a session says that it is still in use. */
export const touchEveryMs = minute
export const linkLivesMs = {
  setup: 7 * day,
  invitation: 7 * day,
  reset: day,
  admin: day,
  forgotten: 30 * minute,
  recovery: day,
  phone: 2 * minute,
  enrolment: 7 * day,
} as const satisfies Record<LinkPurpose, number>

/**
 * AUTH-1  Whoever does not know the password learns nothing: unknown, invited and locked look like a wrong one, and take the
 * same work. Whose account is shut, and who knows its password, is told so.
 */
export const mayProveThemselves = (person: Person | undefined): person is Person =>
  person !== undefined && person.kind === 'person' && person.status !== 'invited' && person.status !== 'deleted'
export const canSignIn = (person: Person | undefined): person is Person & { address: string } => person?.status === 'active'

/**
 * AUTH-2  Whoever guesses waits, and longer the more they guess: each network at each address for itself where accounts are
 * locked out after so many guesses (AUTH-10). Where they are not, strangers share one count, and where somebody signed in
 * before has its own, so that a stranger elsewhere does not keep its owner out.
 */
export const delays = [
  { times: 5, perMs: 30_000 },
  { times: 15, perMs: 10 * minute },
  { times: 40, perMs: 4 * 60 * minute },
]
export const sourceDelays = [
  { times: 40, perMs: minute },
  { times: 200, perMs: 60 * minute },
]
export const countedAs = (address: string, source: string, isOfItsOwn: boolean): string =>
  isOfItsOwn ? `sign-in ${address} from ${source}` : `sign-in ${address}`

/** AUTH-3  A link works once, for a while, and for an account that may still come in. An administrator's own link also unlocks. */
export const opens = (purpose: LinkPurpose, status: Person['status']): boolean => {
  switch (purpose) {
    case 'invitation':
    case 'reset':
      return status === 'active' || status === 'invited'
    case 'admin':
      return status === 'active' || status === 'invited' || status === 'locked'
    case 'forgotten':
      return status === 'active'
    default:
      return false
  }
}

/** AUTH-4  A session ends after so many days without use, and after so many in any case, as the values of its account say today. */
export interface Lasting {
  idleMs: number
  longestMs: number
}
export const lastingOf = (values: Pick<Values, 'sessions.idle' | 'sessions.longest'>): Lasting => ({
  idleMs: values['sessions.idle'] * day,
  longestMs: values['sessions.longest'] * day,
})
export const longestIdleMs = 365 * day
export const isOver = (
  session: { seenAt: Date; startedAt: Date; expiresAt: Date; endedAt: Date | null },
  now: Date,
  { idleMs, longestMs }: Lasting,
): boolean =>
  session.endedAt !== null ||
  session.expiresAt <= now ||
  now.getTime() - session.seenAt.getTime() > idleMs ||
  now.getTime() - session.startedAt.getTime() > longestMs

// AUTH-5 (signing in begins a session of its own and ends the one this browser had; a new password renews this one's secret
// and ends all others) is `enterAs`, `renew` and `end` in entering.ts and sessions.ts: it is what they write.

// AUTH-6 (a password is as its owner's policy wants it, and neither well known nor made of what everybody knows about its
// owner) is `problemsOf` of the protocol: the page asks the same.

// AUTH-7 (a hub is set up once) is the only row of the table `organisation`: of two at the same moment one finds it there.

/** AUTH-8  The first administrator's address belongs to the organisation's domain. */
export const isInDomain = (address: string, domain: string): boolean => {
  const own = address.slice(address.lastIndexOf('@') + 1)
  return own === domain || own.endsWith(`.${domain}`)
}

// AUTH-9 (a guest's session is good for one meeting, whose link they had, and for twelve hours) is `beginGuest`: it is what it
// writes. What the guest may do there is the rule of meetings.

/**
 * AUTH-10  After so many different wrong passwords within the window nobody signs in to the account until the period is over,
 * or an administrator lifts it. The same wrong one again counts once, and one network counts for half of them at most: it has to
 * wait (AUTH-2), and cannot keep the owner out.
 */
export interface LockoutPolicy {
  isOn: boolean
  attempts: number
  windowMs: number
  /** Null: until an administrator lifts it. */
  periodMs: number | null
}
export const lockoutOf = (values: Values): LockoutPolicy => ({
  isOn: values['lockout.isOn'],
  attempts: values['lockout.attempts'],
  windowMs: values['lockout.window'] * 1_000,
  periodMs: values['lockout.period'] === 0 ? null : values['lockout.period'] * 1_000,
})
export const shareOfOneNetwork = (attempts: number): number => Math.max(1, Math.floor(attempts / 2))

/** How somebody showed who they are. */
export type ShownBy = 'password' | 'ldap' | 'provider' | 'passkey' | 'link' | 'phone'
/** What is known of the factors of somebody who signs in. */
export interface Proofs {
  totp: boolean
  passkeys: number
  scratchCodes: number
}
export const hasFactor = ({ totp, passkeys }: Proofs): boolean => totp || passkeys > 0

/**
 * AUTH-11  Who has a second factor shows it, however they came, unless this browser is trusted; a passkey alone is both, and a
 * phone was let in by a screen that had shown all. Who must have one and has none enrols now, once the days of grace are over.
 * A password that an administrator chose, or that is too old, is changed before anything else opens.
 */
export function owedBy(by: ShownBy, known: { proofs: Proofs; isTrusted: boolean; mustChange: boolean; mustEnrol: boolean }): Owed[] {
  const owes: Owed[] = []
  const isWhole = by === 'passkey' || by === 'phone'
  if (hasFactor(known.proofs) && !known.isTrusted && !isWhole) owes.push('second_factor')
  if (known.mustChange && by === 'password') owes.push('new_password')
  if (known.mustEnrol && !hasFactor(known.proofs)) owes.push('enrolment')
  return owes
}

/** AUTH-12  A password that an administrator chose is changed at once; one that is too old, too, where its owner may change it. */
export const mustChange = (credential: { changedAt: Date; mustChange: boolean } | undefined, values: Values, now: Date): boolean => {
  if (!credential) return false
  if (credential.mustChange) return true
  const most = values['password.maxAge']
  return typeof most === 'number' && values['password.mayChange'] && now.getTime() - credential.changedAt.getTime() > most * day
}

/** Days until a password may be changed again; 0: now. */
export const daysTooYoung = (changedAt: Date | undefined, values: Values, now: Date): number =>
  changedAt === undefined ? 0 : Math.max(0, Math.ceil(values['password.minAge'] - (now.getTime() - changedAt.getTime()) / day))

export const graceEndsAt = (since: Date, values: Values): Date => new Date(since.getTime() + values['secondFactor.grace'] * day)

/**
 * AUTH-13  Who looks through somebody's eyes sees what they see, for a while, and is seen in the list of sessions; it is over with
 * their own session and with the right to it. Only an administrator of the hub opens another's, and nobody opens their own.
 */
export const mayOpen = (
  by: { accountId: string; isAdministrator: boolean },
  person: Pick<Person, 'id' | 'kind' | 'isAdministrator' | 'status'>,
): boolean =>
  person.kind === 'person' && person.status === 'active' && person.id !== by.accountId && (by.isAdministrator || !person.isAdministrator)

// AUTH-14 (whoever forgot the password gets a letter at the recovery address they verified, and the page says the same for anybody)
// is `forgot`, which only leaves a job behind, and `remind`, for which nobody waits.

// AUTH-15 (what was begun before the domain of its account was shut is over, whatever its own row says) is `stands` and `isGood` of
// store.shut.ts: every statement that finds a session or a link says them.
