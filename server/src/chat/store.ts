import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Reading, Tx as UnderWay } from '@atrium/platform'
import type { Attached, Message, Picture, Reaction, Room } from '@atrium/protocol'
import type { Kept, Stretch } from './rules.ts'

export interface ChatTables {
  room: {
    id: string
    kind: Room['kind']
    /** The two accounts of a direct room. */
    directKey: string | null
    name: string
    about: string
    isArchived: boolean
    memberCount: number
    createdAt: Date
  }
  seat: {
    accountId: string
    roomId: string
    joinedSeq: number
    fromSeq: number
    toSeq: number | null
    role: 'owner' | 'member'
    isLent: boolean
    isMuted: boolean
    readSeq: number
  }
  message: {
    id: string
    roomId: string
    seq: number
    authorId: string
    clientId: string
    body: string | null
    edits: number
    /** The number of the last edit. */
    editedSeq: number | null
    replyTo: string | null
    mentions: string[]
    /** JSON of the pictures as they are shown. */
    pictures: string
    /** JSON of the files as they were called. */
    files: string
    sentAt: Date
  }
  reaction: { messageId: string; emoji: string; accountId: string; seq: number }
  messageFile: { fileId: string; messageId: string }
  mention: { accountId: string; roomId: string; seq: number }
}
/** What becomes findable of a message. */
export interface SearchEntry {
  messageId: string
  roomId: string
  seq: number
  sentAt: Date
  text: string
}
/** The statement that writes or rewrites search entries: part of the one that writes the messages, so that a send stays one. */
export type Index = (entries: readonly SearchEntry[]) => RawBuilder<unknown>

export type Db = Reading<ChatTables>
export type Tx = UnderWay<ChatTables>
/** Raw statements are for reading too: what runs them is the same connection. */
export const reading = (db: Db) => db as Kysely<ChatTables>

export interface MessageRow extends Kept {
  id: string
  seq: number
  clientId: string
  pictures: Picture[]
  files: Attached[]
}
export type Whole = MessageRow & { reactions: Reaction[] }

export const messageColumns = sql`m.id, m.room_id, m.seq, m.author_id, m.client_id, m.body, m.edits, m.reply_to, m.mentions, m.pictures, m.files, m.sent_at`

/** Emoji in the order in which they first appeared, and in each those who chose it. */
export const reactionsTo = (messageId: RawBuilder<unknown>) => sql`coalesce((
  select jsonb_agg(jsonb_build_object('emoji', emoji, 'by', accounts) order by first_seq)
  from (select emoji, jsonb_agg(account_id order by seq) as accounts, min(seq) as first_seq
    from reaction where message_id = ${messageId} group by emoji) as chosen), '[]')`

export const wholeMessage = sql`${messageColumns}, ${reactionsTo(sql`m.id`)} as reactions`

/**
 * The numbers between which a reader sees, as a condition on `m.seq`: bounded outside, so that an index walks no further.
 * What was edited later than all of them says something that was not said to this reader.
 */
export function within(spans: readonly Stretch[]): RawBuilder<unknown> {
  const from = spans.map((span) => span.from)
  const to = spans.map((span) => span.to ?? endless)
  return sql`m.seq >= ${Math.min(...from)} and m.seq <= ${Math.max(...to)} and coalesce(m.edited_seq, 0) <= ${Math.max(...to)} and exists (
    select from unnest(${from}::int[], ${to}::int[]) as span (first_seq, last_seq) where m.seq between first_seq and last_seq)`
}
const endless = 2 ** 31 - 1

export const toMessage = ({ sentAt, body, ...row }: Whole): Message =>
  ({ ...row, body: body ?? '', sentAt: sentAt.toISOString() }) as Message
