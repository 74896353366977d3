import { sql, type RawBuilder } from 'kysely'
import { gathered } from '@atrium/platform'
import type { Message, Reaction } from '@atrium/protocol'
import { lies, type Place, type Stretch } from './rules.ts'
import {
  messageColumns,
  reactionsTo,
  reading,
  toMessage,
  wholeMessage,
  within,
  type Db,
  type Index,
  type MessageRow,
  type Tx,
  type Whole,
} from './store.ts'

export const pageSize = 50

/** Of a send, what decides whether it may be. */
export interface Asking {
  accountId: string
  roomId: string
  clientId: string
  replyTo: string | null
  mentions: readonly string[]
}

/**
 * All that a send must know, and all that were asked for together, in one statement: the seat, an earlier attempt, what it
 * answers, who of the mentioned has a seat. Each `offset 0` is a fence: the planner takes any list for a hundred rows, and
 * would rather read the whole table of seats than look each of them up.
 */
export const findForSend = gathered(async (db: Db, sends: Asking[]) => {
  const asked = sends.map(({ accountId, roomId, clientId, replyTo, mentions }, n) => ({
    ...{ n, account_id: accountId, room_id: roomId, client_id: clientId },
    ...{ reply_to: replyTo, mentions },
  }))
  const { rows } = await sql<{
    kind: Place['kind'] | null
    directKey: string | null
    isArchived: boolean | null
    role: 'owner' | 'member' | null
    spanFrom: number[]
    spanTo: (number | null)[]
    answeredIn: string | null
    answeredSeq: number | null
    seated: string[]
    earlierId: string | null
  }>`
    select room.kind, room.direct_key, room.is_archived, seat.role,
      case when asked.reply_to is null then '{}' else array(select from_seq from seat
        where room_id = asked.room_id and account_id = asked.account_id order by joined_seq) end as span_from,
      case when asked.reply_to is null then '{}' else array(select to_seq from seat
        where room_id = asked.room_id and account_id = asked.account_id order by joined_seq) end as span_to,
      answered.room_id as answered_in, answered.seq as answered_seq,
      case when asked.mentions = '{}' then '{}' else array(select account_id from seat
        where room_id = asked.room_id and account_id = any(asked.mentions) and to_seq is null) end as seated,
      earlier.id as earlier_id
    from json_to_recordset(${JSON.stringify(asked)})
      as asked (n int, account_id uuid, room_id uuid, client_id uuid, reply_to uuid, mentions uuid[])
    left join lateral (select kind, direct_key, is_archived from room where id = asked.room_id offset 0) as room on true
    left join lateral (select role from seat
      where room_id = asked.room_id and account_id = asked.account_id and to_seq is null offset 0) as seat on true
    left join lateral (select room_id, seq from message where id = asked.reply_to offset 0) as answered on true
    left join lateral (select id from message where author_id = asked.account_id and client_id = asked.client_id offset 0) as earlier on true
    order by asked.n`.execute(reading(db))
  return rows.map((row) => ({
    place: row.kind ? { kind: row.kind, isArchived: row.isArchived!, seat: row.role ? { role: row.role } : undefined } : undefined,
    directKey: row.directKey,
    /** Looked up for an answer only. */
    spans: row.spanFrom.map((from, i): Stretch => ({ from, to: row.spanTo[i] ?? null })),
    answered: row.answeredIn === null ? undefined : { roomId: row.answeredIn, seq: row.answeredSeq! },
    seated: row.seated,
    earlierId: row.earlierId,
  }))
})

/**
 * Writes the messages that are said together, their search entries and their mentions in one statement, while the rooms'
 * numbers are held: whoever was removed, or archived a room, a moment ago has done so for this statement too. Answers for
 * each whether it was written; if one was not, none may stay.
 */
export const messageWriter = (index: Index) =>
  gathered(async (tx: Tx, said: Omit<Whole, 'reactions'>[]): Promise<boolean[]> => {
    const messages = said.map(({ id, roomId, seq, authorId, clientId, body, replyTo, mentions, pictures, files, sentAt }) => ({
      ...{ id, room_id: roomId, seq, author_id: authorId, client_id: clientId },
      ...{ body, reply_to: replyTo, mentions, pictures, files, sent_at: sentAt },
    }))
    const entries = said.map(({ id, roomId, seq, sentAt, body }) => ({ messageId: id, roomId, seq, sentAt, text: body ?? '' }))
    const { rows } = await sql<{ id: string }>`
      with new as (
        select id, room_id, seq, author_id, client_id, body, reply_to, mentions, pictures, files, sent_at
        from json_to_recordset(${JSON.stringify(messages)}) as new (id uuid, room_id uuid, seq int, author_id uuid, client_id uuid,
          body text, reply_to uuid, mentions uuid[], pictures jsonb, files jsonb, sent_at timestamptz)
      ), said as (
        insert into message (id, room_id, seq, author_id, client_id, body, reply_to, mentions, pictures, files, sent_at)
        select id, room_id, seq, author_id, client_id, body, reply_to, mentions, pictures, files, sent_at
        from new cross join lateral (select from room join seat on seat.room_id = room.id
          where room.id = new.room_id and not is_archived and account_id = new.author_id and to_seq is null offset 0) as allowed
        returning id
      ), mentioned as (
        insert into mention (account_id, room_id, seq)
        select account_id, room_id, seq from new cross join unnest(mentions) as account_id where account_id <> author_id
      ), shown as (
        insert into message_file (file_id, message_id)
        select distinct (file ->> 'id')::uuid, id from new cross join jsonb_array_elements(files) as file
      ), found as (${index(entries)})
      select id from said`.execute(tx)
    const written = new Set(rows.map(({ id }) => id))
    return said.map(({ id }) => written.has(id))
  })

/** Locks the message: two edits at once are decided one after the other. `spans` and `place` are the asker's. */
export const holdMessage = (tx: Tx, id: string, accountId: string) => seekMessage(tx, id, accountId, sql`for no key update of m`)

export async function seekMessage(db: Db, id: string, accountId: string, lock: RawBuilder<unknown> = sql``) {
  const { rows } = await sql<
    MessageRow & {
      kind: Place['kind']
      isArchived: boolean
      role: 'owner' | 'member'
      spanFrom: number[]
      spanTo: (number | null)[]
    }
  >`
    select ${messageColumns}, room.kind, room.is_archived, seat.role,
      array(select from_seq from seat where room_id = m.room_id and account_id = ${accountId} order by joined_seq) as span_from,
      array(select to_seq from seat where room_id = m.room_id and account_id = ${accountId} order by joined_seq) as span_to
    from message as m join room on room.id = m.room_id
    join seat on seat.room_id = m.room_id and seat.account_id = ${accountId} and seat.to_seq is null
    where m.id = ${id} ${lock}`.execute(reading(db))
  const row = rows[0]
  if (!row) return undefined
  const { kind, isArchived, role, spanFrom, spanTo, ...message } = row
  const spans = spanFrom.map((from, i): Stretch => ({ from, to: spanTo[i] ?? null }))
  if (!spans.some(lies(message.seq))) return undefined
  return { message, place: { kind, isArchived, seat: { role } } }
}

/** A message as its author sees it, whatever became of the room. */
export async function findMessage(db: Db, id: string): Promise<Whole> {
  const { rows } = await sql<Whole>`select ${wholeMessage} from message as m where m.id = ${id}`.execute(reading(db))
  return rows[0]!
}

export async function changeMessage(
  tx: Tx,
  message: MessageRow,
  change: { body: string; edits: number; mentions: string[] },
): Promise<void> {
  await sql`
    with changed as (
      update message set body = ${change.body}, edits = ${change.edits}, mentions = ${change.mentions}::uuid[] where id = ${message.id}
    ), gone as (
      delete from mention where room_id = ${message.roomId} and seq = ${message.seq} and account_id <> all(${change.mentions}::uuid[])
    )
    insert into mention (account_id, room_id, seq)
    select account_id, ${message.roomId}, ${message.seq} from unnest(${change.mentions}::uuid[]) as account_id where account_id <> ${message.authorId}
    on conflict do nothing`.execute(tx)
}

/**
 * Empties these messages of all that was said in them. Their reactions go in `dropReactions`, when nobody can add one any more.
 * Resolves to the files that visitors of their rooms saw by them.
 */
export async function emptyMessages(tx: Tx, messages: readonly Pick<MessageRow, 'id' | 'roomId' | 'seq'>[]): Promise<string[]> {
  const { rows } = await sql<{ fileId: string }>`
    with emptied as (
      update message set body = null, reply_to = null, mentions = '{}', pictures = '[]', files = '[]' where id = any(${messages.map(({ id }) => id)}::uuid[])
    ), shown as (
      delete from message_file where message_id = any(${messages.map(({ id }) => id)}::uuid[]) returning file_id, message_id
    ), unmentioned as (
          delete from mention using unnest(${messages.map(({ roomId }) => roomId)}::uuid[], ${messages.map(({ seq }) => seq)}::int[]) as gone (room_id, seq)
    where mention.room_id = gone.room_id and mention.seq = gone.seq
    )
    select distinct file_id from shown join message as m on m.id = message_id
    where exists (select from seat where seat.room_id = m.room_id and is_lent and to_seq is null)`.execute(tx)
  return rows.map(({ fileId }) => fileId)
}

/** Of these files, those that a message shows, in the room they lie in, which somebody may read there. */
export async function shownIn(db: Db, accountId: string, files: readonly { id: string; roomId: string }[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select distinct asked.id from unnest(${files.map(({ id }) => id)}::uuid[], ${files.map(({ roomId }) => roomId)}::uuid[]) as asked (id, room_id)
    join message_file as shown on shown.file_id = asked.id join message as m on m.id = shown.message_id and m.room_id = asked.room_id
    join seat on seat.room_id = m.room_id and seat.account_id = ${accountId} and m.seq >= seat.from_seq and (seat.to_seq is null or m.seq <= seat.to_seq)`.execute(
    reading(db),
  )
  return new Set(rows.map(({ id }) => id))
}

/** Some messages that show one of these files. */
export async function showing(db: Db, fileIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select distinct message_id as id from message_file where file_id = any(${fileIds}::uuid[]) limit 500`.execute(reading(db))
  return rows.map(({ id }) => id)
}

/** Takes out of a message what these files were called. */
export async function takeNames(tx: Tx, id: string, fileIds: readonly string[]): Promise<MessageRow | undefined> {
  await sql`delete from message_file where message_id = ${id} and file_id = any(${fileIds}::uuid[])`.execute(tx)
  const { rows } = await sql<MessageRow>`
    update message as m set files = (select jsonb_agg(case when (file ->> 'id')::uuid = any(${fileIds}::uuid[])
      then file || '{"name": "", "type": "", "bytes": 0}' else file end order by place)
      from jsonb_array_elements(m.files) with ordinality as shown (file, place))
    where id = ${id} and m.files <> '[]' returning ${messageColumns}`.execute(tx)
  return rows[0]
}

export async function dropReactions(tx: Tx, messageIds: readonly string[]): Promise<void> {
  await sql`delete from reaction where message_id = any(${messageIds}::uuid[])`.execute(tx)
}

/** The newest messages of an author that still have words. */
export async function newestBy(tx: Tx, authorId: string, limit: number): Promise<Pick<MessageRow, 'id' | 'roomId' | 'seq'>[]> {
  const { rows } = await sql<Pick<MessageRow, 'id' | 'roomId' | 'seq'>>`
    select id, room_id, seq from message where author_id = ${authorId} and body is not null
    order by sent_at desc, id limit ${limit} for no key update`.execute(tx)
  return rows
}

export async function reactionsOf(db: Db, messageId: string): Promise<Reaction[]> {
  const { rows } = await sql<{ reactions: Reaction[] }>`select ${reactionsTo(sql`${messageId}::uuid`)} as reactions`.execute(reading(db))
  return rows[0]!.reactions
}

/** While the room's numbers are held: nobody else reacts, and a message deleted a moment ago takes no reaction. */
export async function setReaction(
  tx: Tx,
  reaction: { messageId: string; emoji: string; accountId: string; seq: number; isOn: boolean; maxEmoji: number },
): Promise<Reaction[]> {
  const { messageId, emoji, accountId, seq, isOn, maxEmoji } = reaction
  if (isOn)
    await sql`
      insert into reaction (message_id, emoji, account_id, seq)
      select id, ${emoji}, ${accountId}, ${seq} from message where id = ${messageId} and body is not null
        and (select count(distinct emoji) from reaction where message_id = ${messageId} and emoji <> ${emoji}) < ${maxEmoji}::int
      on conflict do nothing`.execute(tx)
  else await sql`delete from reaction where message_id = ${messageId} and emoji = ${emoji} and account_id = ${accountId}`.execute(tx)
  return reactionsOf(tx, messageId)
}

export interface Stretched {
  messages: Message[]
  hasEarlier: boolean
  hasLater: boolean
}

/** What a screen shows of a room: the newest page, or the page in whose middle a number lies. */
export async function listAround(db: Db, roomId: string, spans: readonly Stretch[], around: number | undefined): Promise<Stretched> {
  if (around === undefined) {
    const { messages, hasMore } = await listMessages(db, roomId, spans, { before: newest, limit: pageSize })
    return { messages, hasEarlier: hasMore, hasLater: false }
  }
  const earlier = await listMessages(db, roomId, spans, { before: around, limit: pageSize / 2 })
  const later = await listMessages(db, roomId, spans, { from: around, limit: pageSize / 2 })
  return { messages: [...earlier.messages, ...later.messages], hasEarlier: earlier.hasMore, hasLater: later.hasMore }
}
const newest = 2 ** 31 - 1

export type Page = { limit: number } & ({ before: number } | { from: number })

/** A page of a room, in order of `seq`. One more than asked for is read, to know whether there are more. */
export async function listMessages(
  db: Db,
  roomId: string,
  spans: readonly Stretch[],
  page: Page,
): Promise<{ messages: Message[]; hasMore: boolean }> {
  const isBackward = 'before' in page
  const bound = isBackward ? sql`m.seq < ${page.before}` : sql`m.seq >= ${page.from}`
  const { rows } = await sql<Whole>`
    select ${wholeMessage} from message as m where room_id = ${roomId} and body is not null and ${within(spans)} and ${bound}
    order by m.seq ${isBackward ? sql`desc` : sql`asc`} limit ${page.limit + 1}`.execute(reading(db))
  const messages = rows.slice(0, page.limit).map(toMessage)
  return { messages: isBackward ? messages.reverse() : messages, hasMore: rows.length > page.limit }
}

/** Numbers an edit, while the room's numbers are held. */
export async function markEdited(tx: Tx, id: string, seq: number): Promise<void> {
  await sql`update message set edited_seq = ${seq} where id = ${id}`.execute(tx)
}

/** Of these messages, within what a reader sees: those that have words, and where those lay that have none any more. */
export async function listTheseMessages(
  db: Db,
  ids: readonly string[],
  spans: readonly (Stretch & { roomId: string })[],
): Promise<{ messages: Message[]; deleted: { roomId: string; seq: number }[] }> {
  const { rows } = await sql<Whole>`
    select ${wholeMessage} from message as m where m.id = any(${ids}::uuid[])
      and exists (${spansOfRoom(spans)} and m.seq between first_seq and last_seq)
      and exists (${spansOfRoom(spans)} and coalesce(m.edited_seq, 0) <= last_seq)
    order by m.room_id, m.seq`.execute(reading(db))
  return { messages: rows.filter(({ body }) => body !== null).map(toMessage), deleted: rows.filter(({ body }) => body === null) }
}

const spansOfRoom = (spans: readonly (Stretch & { roomId: string })[]) => sql`
  select from unnest(${spans.map(({ roomId }) => roomId)}::uuid[], ${spans.map(({ from }) => from)}::int[], ${spans.map(({ to }) => to ?? newest)}::int[])
    as span (room_id, first_seq, last_seq) where span.room_id = m.room_id`
