import type { Actor } from '@atrium/platform'
import type { AccountId, ChosenStatus, DomainId, Person } from '@atrium/protocol'

/** What a rule is told of an account. */
export interface Standing {
  id: AccountId
  /** What holds. */
  status: Person['status']
  /** What was set for the account itself. */
  ownStatus: Person['status']
  isAdministrator: boolean
  hasJoined: boolean
  domainId: DomainId | null
}
export interface Change {
  isAdministrator?: boolean | undefined
  status?: ChosenStatus | undefined
}

/** DIR-1  Only administrators add, change and invite people. */
export const canAdminister = (me: Standing | undefined): boolean => me?.status === 'active' && me.isAdministrator

/** DIR-2  A hub is never without somebody who administers it: the last administrator is neither locked, demoted nor deleted. */
export const leavesNobody = (account: Standing, change: Change | 'delete', otherAdministrators: number): boolean =>
  otherAdministrators === 0 && canAdminister(account) && (change === 'delete' || endsAdministration(change))

/** What takes an administrator away needs the organisation to itself, or two of them could remove each other at once. */
export const endsAdministration = (change: Change): boolean =>
  change.isAdministrator === false || (change.status !== undefined && change.status !== 'active')

/** DIR-3  Nobody locks themselves out. Who sits at the hub's own machine is nobody in particular. */
export const locksOneself = (me: Pick<Actor, 'accountId' | 'through'>, account: Standing, change: Change): boolean =>
  me.through?.kind !== 'console' && me.accountId === account.id && change.status !== undefined && change.status !== 'active'

/** DIR-4  Closed is final: the name is gone, and nothing brings it back. */
export const canChange = (account: Standing): boolean => account.ownStatus !== 'deleted'

/** DIR-5  Who is unlocked is what they were: somebody without a password is still only invited. */
export const statusAfter = (account: Pick<Standing, 'hasJoined'>, asked: ChosenStatus): Person['status'] =>
  asked !== 'active' || account.hasJoined ? asked : 'invited'

/** DIR-6  Whose door is shut is out, on every screen. */
export const isShut = (status: Person['status']): boolean => status !== 'active' && status !== 'invited'
export const loses = (before: Person['status'], after: Person['status']): boolean => !isShut(before) && isShut(after)

/** DIR-7  A link to choose a password is given for accounts that are open and not locked. */
export const canInvite = (account: Standing): boolean => account.status === 'active' || account.status === 'invited'

/** DIR-8  A guest's name is kept for 30 days; then what they said has no name any more. */
export const guestsNamedForMs = 30 * 24 * 60 * 60 * 1_000

/** DIR-9  Of people a guest sees the name, the title and the picture, not how to write to them. */
export const shownTo = (reader: { kind: Person['kind'] }, people: readonly Person[]): Person[] =>
  reader.kind === 'guest' ? people.map((person) => ({ ...person, address: null, isAdministrator: false })) : [...people]

/** DIR-10  Of a domain's status and an account's the stricter holds: what stands later here. */
export const ladder = [
  'active',
  'invited',
  'maintenance',
  'locked',
  'pending',
  'closed',
  'deleted',
] as const satisfies readonly Person['status'][]
export const stricter = (one: Person['status'], other: Person['status']): Person['status'] =>
  ladder[Math.max(ladder.indexOf(one), ladder.indexOf(other))]!

/**
 * DIR-11  What is sent to somebody in maintenance or locked waits for them; to who is closed, or not there yet, nothing is sent, and
 * nothing of theirs is shown: shares and links.
 */
export const takesMessages = ['active', 'invited', 'maintenance', 'locked'] as const satisfies readonly Person['status'][]
export const isHidden = (status: Person['status']): boolean => status === 'pending' || status === 'closed'
/** DIR-12  The address list has everybody who is here, or comes back: not who is locked out of it, and nobody before they are open. */
export const isListed = (status: Person['status']): boolean => (listed as readonly string[]).includes(status)
export const listed = ['active', 'invited', 'maintenance'] as const satisfies readonly Person['status'][]
