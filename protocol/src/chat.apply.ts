import type { chat, Message, RoomEntry, RoomView, Seen, Stirring } from './chat.ts'
import type { FactName, Payload, TopicOf } from './kernel.ts'

/** Every fact of a room, and those of one's own account that concern one. */
type RoomFact =
  | { [K in FactName<typeof chat>]: TopicOf<typeof chat, K> extends `room:${string}` ? K : never }[FactName<typeof chat>]
  | 'chat.room.read'
  | 'chat.seat.changed'
/** Who is looking: one's own messages never wait to be read. */
type Viewer = { accountId: string }
type Reducers = { [K in RoomFact]: (view: RoomView, payload: Payload<typeof chat, K> | null, viewer: Viewer) => RoomView }

/**
 * From fact to what a screen shows. A payload of null is a fact that a later one replaced: all it still tells is that it
 * happened. So an edit may bring a message we never saw, and a deletion one that we never had.
 */
export const applyChat: Reducers = {
  'chat.message.sent': (view, message, viewer) =>
    message ? { ...withMessage(view, message), seen: withWaiting(view.seen, message, viewer) } : view,
  'chat.message.edited': (view, message, viewer) =>
    message ? { ...withMessage(view, message), seen: withWaiting(view.seen, message, viewer) } : view,
  'chat.message.deleted': (view, gone) =>
    gone
      ? { ...view, messages: view.messages.filter((message) => message.id !== gone.id), seen: withoutWaiting(view.seen, gone.seq) }
      : view,
  'chat.message.reacted': (view, change) =>
    change
      ? {
          ...view,
          messages: view.messages.map((message) => (message.id === change.id ? { ...message, reactions: change.reactions } : message)),
        }
      : view,
  'chat.room.changed': (view, change) => (change ? { ...view, room: change.room } : view),
  'chat.member.joined': (view, change) => (change ? { ...view, room: change.room } : view),
  'chat.member.left': (view, change) => (change ? { ...view, room: change.room } : view),
  'chat.room.read': (view, cursor) => (cursor && cursor.roomId === view.room.id ? { ...view, seen: readTo(view.seen, cursor.read) } : view),
  'chat.seat.changed': (view, change) => (change && change.roomId === view.room.id ? { ...view, seat: change.seat } : view),
}

/** CHAT-6  Unread is what others said after my cursor and did not take back, counted to 100 at most. */
export const unreadOf = ({ waiting }: Seen): number => Math.min(waiting.length, counted)
// `maxUnread` and `maxWaiting` of chat.ts, which a browser does not load.
const counted = 100
const carried = 120

export function readTo(seen: Seen, read: number): Seen {
  if (read <= seen.read) return seen
  return { read, waiting: seen.waiting.filter((seq) => seq > read), mentions: seen.mentions.filter((seq) => seq > read) }
}

/** What stirred off screen, laid over the list of rooms. */
export function stir(entry: RoomEntry, change: Stirring['rooms'][number], viewer: Viewer): RoomEntry {
  let { seen, latest } = entry
  for (const said of change.sent) {
    seen = withWaiting(seen, { seq: said.seq, authorId: said.authorId, mentions: said.mentionsMe ? [viewer.accountId] : [] }, viewer)
    if (!latest || said.seq > latest.seq)
      latest = { seq: said.seq, authorId: said.authorId as Message['authorId'], excerpt: said.excerpt, sentAt: said.sentAt }
  }
  return { ...entry, seen, latest }
}

const inOrder = (seqs: number[], seq: number) => (seqs.includes(seq) ? seqs : [...seqs, seq].sort((a, b) => a - b).slice(-carried))

function withWaiting(seen: Seen, said: { seq: number; authorId: string; mentions: readonly string[] }, { accountId }: Viewer): Seen {
  if (said.authorId === accountId || said.seq <= seen.read) return seen
  const isForMe = said.mentions.includes(accountId)
  const mentions = isForMe ? inOrder(seen.mentions, said.seq) : seen.mentions.filter((seq) => seq !== said.seq)
  return { ...seen, waiting: inOrder(seen.waiting, said.seq), mentions }
}

const withoutWaiting = (seen: Seen, gone: number): Seen => ({
  ...seen,
  waiting: seen.waiting.filter((seq) => seq !== gone),
  mentions: seen.mentions.filter((seq) => seq !== gone),
})

/** `seq` is the order on every screen, whatever the order of arrival. What lies outside the stretch on screen is loaded when scrolled to. */
function withMessage(view: RoomView, said: Message): RoomView {
  // What was said before messages had files says nothing of them.
  const message: Message = { ...said, files: said.files ?? [] }
  const known = view.messages.find((other) => other.id === message.id)
  if (!known) {
    const oldest = view.messages[0]
    const last = view.messages.at(-1)
    if (view.hasEarlier && oldest && message.seq < oldest.seq) return view
    if (view.hasLater && last && message.seq > last.seq) return view
  }
  const others = view.messages.filter((other) => other.id !== message.id)
  return { ...view, messages: [...others, message].sort((a, b) => a.seq - b.seq) }
}
