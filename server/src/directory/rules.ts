import type { Person } from '@atrium/protocol'

/** What a rule is told of an account. */
export interface Standing {
  id: string
  status: Person['status']
  isAdministrator: boolean
  hasJoined: boolean
}
export interface Change {
  isAdministrator?: boolean | undefined
  status?: 'active' | 'locked' | undefined
}

/** DIR-1  Only administrators add, change and invite people. */
export const canAdminister = (me: Standing | undefined): boolean => me?.status === 'active' && me.isAdministrator

/** DIR-2  A hub is never without somebody who administers it: the last administrator is neither locked, demoted nor deleted. */
export const leavesNobody = (account: Standing, change: Change | 'delete', otherAdministrators: number): boolean =>
  otherAdministrators === 0 && canAdminister(account) && (change === 'delete' || endsAdministration(change))

/** What takes an administrator away needs the organisation to itself, or two of them could remove each other at once. */
export const endsAdministration = (change: Change): boolean => change.isAdministrator === false || change.status === 'locked'

/** DIR-3  Nobody locks themselves out. */
export const locksOneself = (me: { accountId: string }, account: Standing, change: Change): boolean =>
  me.accountId === account.id && change.status === 'locked'

/** DIR-4  Closed is final: the name is gone, and nothing brings it back. */
export const canChange = (account: Standing): boolean => account.status !== 'deleted'

/** DIR-5  Who is unlocked is what they were: somebody without a password is still only invited. */
export const statusAfter = (account: Standing, asked: 'active' | 'locked'): Person['status'] =>
  asked === 'locked' ? 'locked' : account.hasJoined ? 'active' : 'invited'

/** DIR-6  Who is locked or deleted is out, on every screen. */
export const loses = (before: Person['status'], after: Person['status']): boolean =>
  before !== after && (after === 'locked' || after === 'deleted')

/** DIR-7  A link to choose a password is given for accounts that are open and not locked. */
export const canInvite = (account: Standing): boolean => account.status === 'active' || account.status === 'invited'

/** DIR-8  A guest's name is kept for 30 days; then what they said has no name any more. */
export const guestsNamedForMs = 30 * 24 * 60 * 60 * 1_000

/** DIR-9  Of people a guest sees the name, the title and the picture, not how to write to them. */
export const shownTo = (reader: { kind: Person['kind'] }, people: readonly Person[]): Person[] =>
  reader.kind === 'guest' ? people.map((person) => ({ ...person, address: null, isAdministrator: false })) : [...people]
