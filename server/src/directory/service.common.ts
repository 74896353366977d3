import { fail, type Actor, type Announce, type Database, type Tx } from '@atrium/platform'
import type { Account, AccountId, DomainId, Invitation, ListId, Person, PictureId, Right, SignedIn, Topic } from '@atrium/protocol'
import type { Accounts } from './accounts.ts'
import { canChange, type Standing } from './rules.ts'
import type { Beside, Seen, Visible } from './store.listing.ts'
import { findPerson, holdAccount } from './store.ts'
import type { Db, DirectoryTables } from './tables.ts'

/** What the directory needs of the slices above it, given as functions. */
export interface DirectoryDeps extends Database<DirectoryTables> {
  now: () => Date
  newId: () => string
  known: Accounts
  /** Over what somebody has a right. */
  visible: (actor: Actor, right: Right) => Promise<Visible>
  /** What `read` finds of that. */
  seenBy: <T>(actor: Actor, right: Right, read: (seen: Seen) => Promise<T[]>) => Promise<T[]>
  /** Refuses whoever has not this right over that. */
  mustHave: (actor: Actor, right: Right, over: { accountId: AccountId } | { domainId: DomainId } | { listId: ListId }) => Promise<void>
  /** Refuses whoever does not administer the hub as a whole. */
  mustAdminister: (actor: Actor) => Promise<void>
  /** Whether there is anything that somebody administers. */
  mayAdminister: (actor: Actor) => Promise<boolean>
  /** What every page says to who is in. */
  signedIn: (at: Db, actor: Actor) => Promise<SignedIn>
  /** Everybody to whom something was granted. */
  delegates: () => Promise<AccountId[]>
  /** A link by which its person chooses a password; earlier ones stop working. It is mailed in the same unit, to `to` or, where that is not said, to the person. */
  invite: (tx: Tx, person: Person, by: Person, purpose: 'invitation' | 'reset', to?: string | null) => Promise<Invitation>
  isPassword: (actor: Actor, password: string, source: string) => Promise<boolean>
  /** Looks at a password for the first sign-in, and works on it; what it gives back writes it, to be changed there. */
  firstPassword: (password: string, owner: { address: string; name: string }) => Promise<(tx: Tx, accountId: AccountId) => Promise<void>>
  /** What there is to sign in with. */
  credentialsOf: (accountIds: readonly AccountId[]) => Promise<ReadonlyMap<string, { mustChange: boolean }>>
  /** Who is locked out by themselves, until when. */
  lockoutsOf: (accountIds: readonly AccountId[]) => Promise<ReadonlyMap<string, Date>>
  /** The same in SQL, for who is listed. */
  beside: Beside
  liftLockout: (tx: Tx, accountId: AccountId) => Promise<void>
  /** Only ways in from outside stay. */
  removePassword: (accountId: AccountId) => Promise<void>
  /** Ends all sessions of somebody, on every screen. */
  endAllSessions: (accountId: AccountId) => Promise<void>
  /** Ends all sessions and links: whoever calls it announces why. */
  endSessions: (tx: Tx, announce: Announce, accountId: AccountId) => Promise<void>
  /** Of everybody in a domain that was marked as shut, later: what was begun before is over anyway. */
  endSessionsIn: (tx: Tx, domainId: DomainId) => Promise<void>
  /** Before an account leaves its domain: what is over because that was shut ends, and the rest goes along. */
  carryOver: (tx: Tx, accountId: AccountId) => Promise<void>
  /** Password, sessions, links: nothing is left that could sign in. */
  forgetSecrets: (tx: Tx, accountId: AccountId) => Promise<void>
  /** Letters to an address that wait, were given up, or are kept for administrators to read. */
  forgetLetters: (tx: Tx, address: string) => Promise<void>
  /** Makes an uploaded picture the profile's, or takes the old one away. */
  setProfilePicture: (tx: Tx, accountId: AccountId, picture: PictureId | null) => Promise<void>
  /** Uploaded pictures become part of what a domain looks like; those it had and has no more are let go. */
  setLookPictures: (tx: Tx, by: AccountId, domainId: DomainId, pictures: readonly PictureId[]) => Promise<void>
  /** Deletes all that somebody wrote, and says so in the rooms. */
  forgetAuthor: (tx: Tx, announce: Announce, accountId: AccountId) => Promise<void>
  /** Takes their own files along. */
  forgetFiles: (tx: Tx, announce: Announce, accountId: AccountId) => Promise<void>
  /** All of it becomes a folder of somebody else's. */
  handFilesOver: (tx: Tx, announce: Announce, from: Person, to: AccountId) => Promise<void>
  /** Leaves the rooms where others stay. Those that nobody else owns go to `to`, where that is said. */
  closeSeats: (tx: Tx, announce: Announce, accountId: AccountId, to?: AccountId) => Promise<void>
  /** What somebody may administer changed otherwise than by a grant. */
  rightsChanged: (tx: Tx, announce: Announce) => Promise<void>
  /** What was granted to somebody, or over them, is over. */
  forgetGrants: (tx: Tx, announce: Announce, accountId: AccountId) => Promise<void>
  /** What somebody keeps. */
  bytesOf: (at: Db | Tx, accountId: AccountId) => Promise<number>
  /** The lists that others may know somebody is in. */
  listsOf: (accountId: AccountId) => Promise<{ id: ListId; name: string }[]>
  /** Refuses whoever may not change the list. */
  addToList: (tx: Tx, announce: Announce, actor: Actor, listId: ListId, accountIds: readonly AccountId[]) => Promise<void>
  /** People whom somebody talks with, the newest first. */
  contactsOf: (accountId: AccountId) => Promise<AccountId[]>
  /** What another directory keeps of an account. */
  keptElsewhere: (account: Pick<Account, 'source'> & { id: AccountId }) => Promise<string[]>
}

export const accountTopic = (accountId: string): Topic<'account'> => `account:${accountId}`
export const noSuchDomain = (field = 'domainId') => fail('not_found', 'domains.noSuchDomain', { field })
export const noSuchClass = (field = 'cosId') => fail('not_found', 'cos.noSuchClass', { field })
export const noSuchPerson = () => fail('not_found', 'directory.noSuchPerson', { field: 'accountId' })
export const addressTaken = (field = 'userName') => fail('conflict', 'directory.addressTaken', { field })

/** A person that is not deleted, held until the unit ends. */
export async function existing(tx: Tx, id: AccountId): Promise<[Standing, Person]> {
  const standing = await holdAccount(tx, id)
  const person = standing && (await findPerson(tx, id))
  if (!person || person.kind !== 'person') throw noSuchPerson()
  if (!canChange(standing)) throw fail('conflict', 'directory.isClosed')
  return [standing, person]
}

const shown = ['name', 'address', 'title', 'picture', 'status', 'isAdministrator'] as const
export const isNews = (before: Person, after: Person): boolean => shown.some((field) => before[field] !== after[field])

/** Where a page begins, as its reader carries it. */
export const cursorOf = (...parts: string[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url')
export function readCursor(after: string, length: number): string[] {
  try {
    const parts = JSON.parse(Buffer.from(after, 'base64url').toString()) as unknown
    if (Array.isArray(parts) && parts.length === length && parts.every((part) => typeof part === 'string')) return parts as string[]
  } catch {
    // Said below, as of one that reads well and means nothing.
  }
  throw fail('invalid', 'accounts.badCursor', { field: 'after' })
}
