import { maxReceipts, type AccountId, type Message, type Room, type Seat } from '@atrium/protocol'

/** A room as one account sees it. Not the list of its members: a send must not cost more in a bigger room. */
export interface Place {
  kind: Room['kind']
  isArchived: boolean
  seat: Pick<Seat, 'role'> | undefined
}
export type Seated = Place & { seat: Pick<Seat, 'role'> }
/** What is compared of a message before it is changed. `body` is null when it was deleted. */
export interface Kept {
  roomId: string
  authorId: string
  body: string | null
  edits: number
  replyTo: string | null
  mentions: readonly string[]
  pictures: readonly { id: string }[]
  files: readonly { id: string }[]
  sentAt: Date
}
interface Draft {
  roomId: string
  body: string
  replyTo: string | null
  pictures: readonly string[]
  files: readonly string[]
}

/** CHAT-1  A room is visible to those who have a seat in it. To anyone else it does not exist. */
export const canRead = (place: Place | undefined): place is Seated => place?.seat !== undefined

/** CHAT-2  Who has a seat may post, edit and react, until the room is archived. What one regrets may be deleted even then. */
export const canPost = (place: Seated) => !place.isArchived

/** CHAT-3  A repeated send is the same message; the same `clientId` with other words is a mistake. An edited one cannot be compared. */
export const isRepetition = (message: Kept, draft: Draft) =>
  message.roomId === draft.roomId &&
  message.replyTo === draft.replyTo &&
  (message.edits > 0 || message.body === draft.body) &&
  isSameList(
    message.pictures.map(({ id }) => id),
    draft.pictures,
  ) &&
  isSameList(
    message.files.map(({ id }) => id),
    draft.files,
  )

/** CHAT-4  Authors may change and delete what they said, for as long as their values say, by the server's clock. */
export const isAuthor = (accountId: string, message: Kept) => message.authorId === accountId
export const isChangeable = (message: Kept, now: Date, withinMs: number) => now.getTime() - message.sentAt.getTime() <= withinMs

/** CHAT-4  An edit names the edits it saw. One that is there already was repeated; one that saw less must not undo what came since. */
export const isRepeatedEdit = (message: Kept, edit: { edits: number; body: string; mentions: readonly string[] }) =>
  message.edits === edit.edits + 1 && message.body === edit.body && isSameList(message.mentions, edit.mentions)

/** CHAT-5  What was deleted is kept nowhere: not in its row, the journal, the search, or among mentions and reactions. */
export const deleted = { body: null, replyTo: null, mentions: [] as string[], pictures: '[]', files: '[]' }

// CHAT-6 (unread) is `unreadOf` in protocol/src/chat.apply.ts: the browser counts by it too.

/** CHAT-7  A read cursor only moves forward, and never past what was said. */
export const cursorAfter = (before: number, asked: number, said: number) => Math.max(before, Math.min(asked, said))

/**
 * CHAT-8  A newcomer to a group sees its whole history; in a direct room, and on a seat that is lent for the time of a meeting,
 * what was said from joining on. Nothing of it is unread.
 */
export const newSeat = (kind: Room['kind'], joinedSeq: number, isLent = false) => ({
  joinedSeq,
  fromSeq: kind !== 'direct' && !isLent ? 1 : Math.max(1, joinedSeq),
  readSeq: joinedSeq,
})

/** CHAT-9  Who left a room keeps the stretch that was theirs, and sees nothing of what came after, not even by an edit. */
export interface Stretch {
  from: number
  to: number | null
}
/** Of such a room nothing is told but what it is called. */
export const asLeft = (room: Room): Room => ({ ...room, about: '', memberCount: 0, someMembers: [] })
export const lies = (seq: number) => (span: Stretch) => span.from <= seq && (span.to === null || seq <= span.to)

/**
 * CHAT-10  Any member of a group may invite who is active; its owners remove people, rename it, archive it and open it again. Who
 * only visits it, on a seat that is lent for the time of a meeting, invites nobody: not even themselves.
 */
export const canInvite = (place: Seated) => canPost(place)
export const isVisitor = ({ seat }: { seat: Pick<Seat, 'isLent'> }) => seat.isLent
export const isOwner = (place: Seated) => place.seat.role === 'owner'

/** CHAT-11  A direct room is for two, or for oneself: nobody is invited, removed or leaves, and it has no name. */
export const isForTwo = (place: Place) => place.kind === 'direct'
export const directKey = (one: string, other: string) => [one, other].sort().join(':')

/** The other one, unless one talks to oneself. */
export const otherIn = (key: string, accountId: string): string | undefined => key.split(':').find((id) => id !== accountId)

/**
 * CHAT-12  When the last owner leaves, the member who has been there longest becomes owner. `others` are those who stay, owners
 * first; who only sits there for a meeting is none of them.
 */
export const heirOf = <M extends { role: Seat['role'] }>(others: readonly M[]): M | undefined =>
  others.some(({ role }) => role === 'owner') ? undefined : others[0]

/** CHAT-13  Only people with a seat are mentioned; of others' names in a text nobody hears. (The store looks up the mentioned seats.) */
export const mentionable = (mentions: readonly string[], seated: readonly string[]) => {
  const present = new Set(seated)
  return [...new Set(mentions)].filter((accountId) => present.has(accountId))
}

/** CHAT-14  A message carries at most 20 different emoji; each person has each of them once. */
export const maxEmoji = 20
export const canReact = (emoji: string, on: readonly { emoji: string }[]) =>
  on.length < maxEmoji || on.some((other) => other.emoji === emoji)

/** CHAT-15  One answers what one can see in the same room; what was deleted meanwhile may be answered, without its words. */
export const canAnswer = (spans: readonly Stretch[], answered: { roomId: string; seq: number } | undefined, roomId: string) =>
  answered !== undefined && answered.roomId === roomId && spans.some(lies(answered.seq))

/** CHAT-16  Who types is told of at most once in two seconds. */
export const typingEveryMs = 2_000

/**
 * CHAT-17  Whoever deletes an account with all they said: the name and the newest words are gone at once, the older ones in
 * portions after it. One unit for a hundred thousand messages would hold every room they spoke in.
 */
export const forgottenAtOnce = 1_000

// CHAT-19 (who is in a list that sits in a room has a seat there, for as long as that is so) is `gather` of service.lists.ts.

/** The beginning of what was said, on one line: for lists and notifications. Never half a character. */
export const excerptOf = ({ body }: Pick<Message, 'body'>) => [...body.slice(0, 600).replaceAll(/\s+/g, ' ')].slice(0, 200).join('').trim()

const isSameList = (one: readonly string[], other: readonly string[]) =>
  one.length === other.length && one.every((id, i) => id === other[i])

/**
 * CHAT-20  What somebody has read is shown to who shows the same of themselves, in rooms of twenty at most. Who looks through another's
 * eyes has read nothing in their name.
 */
export const hasReceipts = (room: Pick<Room, 'memberCount'>): boolean => room.memberCount <= maxReceipts
export const receiptsFor = <S extends { accountId: AccountId }>(me: AccountId, seats: readonly S[], show: ReadonlySet<string>): S[] =>
  show.has(me) ? seats.filter(({ accountId }) => accountId !== me && show.has(accountId)) : []
