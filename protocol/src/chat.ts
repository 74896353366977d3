import { z } from 'zod'
import { command, fact, nudge, perAccount, query, signal } from './kernel.ts'
import { Person } from './directory.ts'
import { Attached } from './files.ts'
import { AccountId, ClientId, FileId, ListId, MessageId, PictureId, RoomId, Seq } from './ids.ts'
import { ListRow } from './lists.ts'
import { Running } from './meetings.ts'
import { Picture } from './pictures.ts'
import { Position } from './sync.ts'
import { name, optionalText } from './text.ts'

export const maxBodyLength = 20_000
/** Unread is counted to this. A few more are carried, or a deletion would show fewer than there are: the client knows no older ones. */
export const maxUnread = 100
export const maxWaiting = 120

/** One emoji: what `Intl.Segmenter` calls one grapheme, and pictographic. */
export const Emoji = z
  .string()
  .min(1)
  .max(40)
  .refine((emoji) => /^\p{RGI_Emoji}$/v.test(emoji), 'not_an_emoji')

export const Reaction = z.object({ emoji: z.string(), by: z.array(AccountId) })
export type Reaction = z.output<typeof Reaction>

export const Message = z.object({
  id: MessageId,
  roomId: RoomId,
  /** The number of its fact in the room: the order on every screen. */
  seq: Seq,
  authorId: AccountId,
  clientId: ClientId,
  /** Markdown of a small kind: emphasis, code, lists, quotes, links. Empty only beside pictures and files. */
  body: z.string(),
  sentAt: z.iso.datetime(),
  /** How often it was edited. An edit names the number it saw, so a late repetition cannot undo a newer one. */
  edits: z.int(),
  /** The words of what it answers are asked for with `chat.messages`: a copy here would outlive their deletion. */
  replyTo: MessageId.nullable(),
  mentions: z.array(AccountId),
  pictures: z.array(Picture),
  /** As they were called when they were sent; without a name once they are deleted for ever. */
  files: z.array(Attached).default([]),
  reactions: z.array(Reaction),
})
export type Message = z.output<typeof Message>

export const Room = z.object({
  id: RoomId,
  /** `meeting`: a group that was made for a meeting with a link. */
  kind: z.enum(['direct', 'group', 'meeting']),
  /** Empty for direct rooms: they are called after the other person. */
  name: z.string(),
  about: z.string(),
  isArchived: z.boolean(),
  memberCount: z.int(),
  /** The first few people in it: enough to name and draw it. Facts are one for all, so the reader leaves itself out. */
  someMembers: z.array(AccountId),
})
export type Room = z.output<typeof Room>

/** What I have seen of a room. `waiting` and `mentions` are numbers of others' messages after `read`, the newest `maxWaiting` at most. */
export const Seen = z.object({ read: Seq, waiting: z.array(Seq), mentions: z.array(Seq) })
export type Seen = z.output<typeof Seen>

export const Seat = z.object({
  role: z.enum(['owner', 'member']),
  isMuted: z.boolean(),
  /** For the time of a meeting: what lies in the room's folder is not theirs, and the seat goes with them. */
  isLent: z.boolean(),
})
export type Seat = z.output<typeof Seat>

/** A room in the list of mine. `latest` is its newest visible message, shortened. */
export const RoomEntry = z.object({
  room: Room,
  seat: Seat,
  seen: Seen,
  latest: z.object({ seq: Seq, authorId: AccountId, excerpt: z.string(), sentAt: z.iso.datetime() }).nullable(),
  createdAt: z.iso.datetime(),
})
export type RoomEntry = z.output<typeof RoomEntry>

/** A room as a screen shows it: a stretch of its messages in order of `seq`. */
export const RoomView = z.object({
  room: Room,
  seat: Seat,
  seen: Seen,
  messages: z.array(Message),
  hasEarlier: z.boolean(),
  hasLater: z.boolean(),
})
export type RoomView = z.output<typeof RoomView>

/** A list that sits in a room, and who brought it. */
export const RoomList = ListRow.extend({ by: AccountId })
export type RoomList = z.output<typeof RoomList>

export const Member = z.object({ accountId: AccountId, role: Seat.shape.role })
export type Member = z.output<typeof Member>

/** In larger rooms nobody is told who has read what: it would be nobody's business, and everybody's bandwidth. */
export const maxReceipts = 20
/** How far somebody has read, of what was said after they came. `at`: when they got there, where that is known. */
export const Receipt = z.object({ accountId: AccountId, after: Seq, read: Seq, at: z.iso.datetime().nullable() })
export type Receipt = z.output<typeof Receipt>

const MessageRef = z.object({ id: MessageId, roomId: RoomId, seq: Seq })
const Page = z.object({ messages: z.array(Message), hasMore: z.boolean(), people: z.array(Person) })
const Members = z.array(AccountId).min(1).max(200)

export const chat = {
  /** All rooms I have a seat in, newest first, and where my account's topic stood. */
  'chat.rooms': query(z.strictObject({}), z.object({ rooms: z.array(RoomEntry), people: z.array(Person), epoch: z.uuid(), at: Position })),
  /** Without `around`: the newest page. With it: the page in whose middle that number lies. */
  'chat.open': query(
    z.strictObject({ roomId: RoomId, around: Seq.optional() }),
    z.object({ view: RoomView, people: z.array(Person), epoch: z.uuid(), at: Position }),
    { guests: true },
  ),
  /** 50 messages before or after a number, in order of `seq`. */
  'chat.history': query(
    z
      .strictObject({ roomId: RoomId, before: Seq.optional(), after: Seq.optional() })
      .refine((page) => (page.before === undefined) !== (page.after === undefined), { message: 'one_of', path: ['before'] }),
    Page,
    { guests: true },
  ),
  'chat.messages': query(
    z.strictObject({ roomId: RoomId, ids: z.array(MessageId).min(1).max(50) }),
    z.object({ messages: z.array(Message), people: z.array(Person) }),
    { guests: true },
  ),
  'chat.members': query(
    z.strictObject({ roomId: RoomId, after: AccountId.optional(), limit: z.int().min(1).max(200).default(100) }),
    z.object({ members: z.array(Member), people: z.array(Person), hasMore: z.boolean() }),
    { guests: true },
  ),
  /** What waits for me in these rooms, and what they are called now: asked when a screen cannot know, such as after a deletion off screen. */
  'chat.seen': query(
    z.strictObject({ roomIds: z.array(RoomId).min(1).max(200) }),
    z.array(z.object({ roomId: RoomId, room: Room, seen: Seen, latest: RoomEntry.shape.latest })),
    { guests: true },
  ),

  /** The one direct room with somebody (or with oneself, for notes): found, or made. */
  'chat.direct': command(z.strictObject({ clientId: ClientId, accountId: AccountId }), RoomEntry, { repeat: 'natural' }),
  'chat.room.create': command(
    z.strictObject({ clientId: ClientId, name, about: optionalText(2_000).default(''), memberIds: z.array(AccountId).max(200) }),
    RoomEntry,
    { limit: perAccount(30, '1 min') },
  ),
  'chat.room.change': command(
    z.strictObject({
      clientId: ClientId,
      roomId: RoomId,
      name: name.optional(),
      about: optionalText(2_000).optional(),
      isArchived: z.boolean().optional(),
    }),
    Room,
  ),
  'chat.room.invite': command(z.strictObject({ clientId: ClientId, roomId: RoomId, accountIds: Members }), Room),
  'chat.room.remove': command(z.strictObject({ clientId: ClientId, roomId: RoomId, accountId: AccountId }), Room),
  'chat.room.leave': command(z.strictObject({ clientId: ClientId, roomId: RoomId }), z.object({ roomId: RoomId })),
  /** The lists that sit in a room: everybody who is in them has a seat, for as long as they are. */
  'chat.room.lists': query(z.strictObject({ roomId: RoomId }), z.array(RoomList)),
  /** Their people come, and go, within a second. */
  'chat.room.list.add': command(z.strictObject({ clientId: ClientId, roomId: RoomId, listId: ListId }), z.array(RoomList)),
  'chat.room.list.remove': command(z.strictObject({ clientId: ClientId, roomId: RoomId, listId: ListId }), z.array(RoomList)),
  'chat.room.mute': command(z.strictObject({ clientId: ClientId, roomId: RoomId, isMuted: z.boolean() }), Seat, { repeat: 'natural' }),

  'chat.send': command(
    z
      .strictObject({
        clientId: ClientId,
        roomId: RoomId,
        body: optionalText(maxBodyLength),
        replyTo: MessageId.nullable().default(null),
        mentions: z.array(AccountId).max(50).default([]),
        pictures: z.array(PictureId).max(10).default([]),
        /** Of the room's own space. */
        files: z.array(FileId).max(10).default([]),
      })
      .refine((draft) => draft.body !== '' || draft.pictures.length > 0 || draft.files.length > 0, { message: 'empty', path: ['body'] }),
    Message,
    { guests: true, limit: perAccount(100, '5 s'), repeat: 'natural' },
  ),
  'chat.edit': command(
    z.strictObject({
      clientId: ClientId,
      messageId: MessageId,
      edits: z.int().nonnegative(),
      body: optionalText(maxBodyLength),
      mentions: z.array(AccountId).max(50).default([]),
    }),
    Message,
    { guests: true, repeat: 'natural' },
  ),
  'chat.delete': command(z.strictObject({ clientId: ClientId, messageId: MessageId }), MessageRef, { guests: true, repeat: 'natural' }),
  'chat.react': command(
    z.strictObject({ clientId: ClientId, messageId: MessageId, emoji: Emoji, isOn: z.boolean() }),
    z.object({ reactions: z.array(Reaction) }),
    { guests: true, repeat: 'natural' },
  ),
  /** The cursor only moves forward, and never past what was said. */
  'chat.read': command(z.strictObject({ clientId: ClientId, roomId: RoomId, read: Seq }), z.object({ read: Seq }), {
    guests: true,
    repeat: 'natural',
  }),
  /** How far the others in a room have read: of those who show it, to whoever shows it too, and in small rooms only. */
  'chat.receipts': query(z.strictObject({ roomId: RoomId }), z.object({ receipts: z.array(Receipt), people: z.array(Person) })),
  /** The other one of a room of two has read further. */
  'chat.reading': signal('account', Receipt.extend({ roomId: RoomId })),

  'chat.typing': nudge(z.strictObject({ roomId: RoomId }), { guests: true }),
  'chat.typed': signal('room', z.object({ roomId: RoomId, accountId: AccountId })),

  'chat.message.sent': fact('room', Message),
  'chat.message.edited': fact('room', Message),
  'chat.message.deleted': fact('room', MessageRef),
  /** All reactions of the message, so that the newest says everything. */
  'chat.message.reacted': fact('room', z.object({ id: MessageId, roomId: RoomId, seq: Seq, reactions: z.array(Reaction) })),
  'chat.room.changed': fact('room', z.object({ room: Room })),
  'chat.member.joined': fact('room', z.object({ roomId: RoomId, accountIds: z.array(AccountId), by: AccountId, room: Room })),
  'chat.member.left': fact('room', z.object({ roomId: RoomId, accountId: AccountId, by: AccountId, room: Room })),

  /**
   * On every screen of mine: I have a seat in one more room, or in one fewer; I read further; I muted. `latest` of a taken
   * seat is always null, for a copy of the words would outlive their deletion: `chat.seen` has them.
   */
  'chat.seat.taken': fact('account', RoomEntry),
  'chat.seat.left': fact('account', z.object({ roomId: RoomId })),
  'chat.seat.changed': fact('account', z.object({ roomId: RoomId, seat: Seat })),
  'chat.room.read': fact('account', z.object({ roomId: RoomId, read: Seq })),

  /**
   * What stirred in my rooms that are not on this screen, at most one a second. `isStale`: ask `chat.seen`. `running`: people came
   * to its meeting, or left; of rooms on the screen as well. Null: nobody is there any more.
   */
  'chat.stirring': signal(
    'account',
    z.object({
      rooms: z.array(
        z.object({
          roomId: RoomId,
          sent: z.array(
            z.object({ seq: Seq, authorId: AccountId, excerpt: z.string(), sentAt: z.iso.datetime(), mentionsMe: z.boolean() }),
          ),
          isStale: z.boolean(),
          running: Running.nullable().optional(),
        }),
      ),
    }),
  ),
}
export type Stirring = z.output<(typeof chat)['chat.stirring']['payload']>
