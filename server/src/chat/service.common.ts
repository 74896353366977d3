import { fail, type Actor, type Bus, type Database, type Jobs, type Reading } from '@atrium/platform'
import type { AccountId, Attached, FileId, ListRow, Person, Picture, Topic } from '@atrium/protocol'
import { canRead } from './rules.ts'
import { findSeat, type Found } from './store.seats.ts'
import type { ChatTables, Db, Index, Tx } from './store.ts'

export interface ChatDeps extends Database<ChatTables> {
  epoch: string
  now: () => Date
  newId: () => string
  bus: Pick<Bus, 'publish'>
  jobs: Pick<Jobs, 'enqueue'>
  peopleOf: (db: Reading<any>, accountIds: readonly string[]) => Promise<Person[]>
  /** Of these accounts, those to whom something may be sent. */
  reachable: (accountIds: readonly string[]) => Promise<readonly string[]>
  /** The same of one, in a unit of work; many who are asked for at once are one statement. */
  takesMessages: (db: Reading<any>, accountId: string) => Promise<boolean>
  /** Of these accounts, those who let others see what they have read. */
  showReceipts: (accountIds: readonly AccountId[]) => Promise<ReadonlySet<string>>
  /** For how long authors may change what they said, and take it back. */
  windowsOf: (db: Reading<any>, accountId: AccountId) => Promise<{ editMs: number; deleteMs: number }>
  /** Makes uploaded pictures of their owner part of a message. Refuses those that are not there or were used. */
  attach: (
    tx: Tx,
    ownerId: string,
    pictureIds: readonly string[],
    use: { kind: 'message'; messageId: string; roomId: string; seq: number },
  ) => Promise<Picture[]>
  /** Lets go of the pictures of messages that were deleted. */
  release: (tx: Tx, messageIds: readonly string[]) => Promise<void>
  /** These files as a message of the room shows them. Undefined: one of them may not be sent there by this person. */
  attachable: (actor: Actor, roomId: string, fileIds: readonly FileId[]) => Promise<Attached[] | undefined>
  /** Lists, for those that sit in rooms. */
  lists: {
    rows: (ids: readonly string[]) => Promise<ListRow[]>
    isKnown: (actor: Actor, listId: string) => Promise<boolean>
    membersOf: (listIds: readonly string[], among?: readonly string[]) => Promise<Set<AccountId>>
  }
  index: Index
  forget: (tx: Tx, messageIds: readonly string[]) => Promise<void>
}

export const roomTopic = (roomId: string): Topic<'room'> => `room:${roomId}`
export const accountTopic = (accountId: string): Topic<'account'> => `account:${accountId}`
/** What facts are about, for the day they are replaced. The subject of a message's facts is its id. */
export const reactionsSubject = (messageId: string) => `reactions:${messageId}`
export const readSubject = (accountId: string, roomId: string) => `read:${accountId}:${roomId}`
export const seatSubject = (accountId: string, roomId: string) => `seat:${accountId}:${roomId}`

export const noSuchRoom = () => fail('not_found', 'chat.noSuchRoom')
export const noSuchMessage = () => fail('not_found', 'chat.noSuchMessage')
export const takesNothing = (field?: string) => fail('forbidden', 'accounts.takesNothing', field === undefined ? {} : { field })
export const isArchived = () => fail('forbidden', 'chat.roomIsArchived')

/** The room as one of its members sees it. */
export async function readableRoom(db: Db, actor: Actor, roomId: string): Promise<Found> {
  const found = await findSeat(db, roomId, actor.accountId)
  if (!canRead(found)) throw noSuchRoom()
  return found
}
