import { fail, type Actor, type Announce, type Jobs, type Tx as UnderWay } from '@atrium/platform'
import type { Hub, Input, Message, MessageId, Output, Picture, Reaction, RoomId } from '@atrium/protocol'
import {
  canAnswer,
  canPost,
  canReact,
  canRead,
  forgottenAtOnce,
  isAuthor,
  isChangeable,
  isRepeatedEdit,
  isRepetition,
  maxEmoji,
  mentionable,
  otherIn,
  typingEveryMs,
} from './rules.ts'
import { isArchived, noSuchMessage, noSuchRoom, reactionsSubject, roomTopic, takesNothing, type ChatDeps } from './service.common.ts'
import {
  changeMessage,
  dropReactions,
  emptyMessages,
  findForSend,
  findMessage,
  holdMessage,
  markEdited,
  messageWriter,
  newestBy,
  reactionsOf,
  seekMessage,
  setReaction,
  showing,
  takeNames,
} from './store.messages.ts'
import { findSeat, seatedOf } from './store.seats.ts'
import { toMessage, type Db, type MessageRow, type Tx } from './store.ts'

/** The job that takes the names of files out of the messages that show them. */
const namelessJob = 'chat.nameless'
/** The job that goes on with forgetting an author. */
const forgetJob = 'chat.forget'

export function messagesService({
  db,
  work,
  workAbreast,
  now,
  newId,
  bus,
  jobs,
  attach,
  release,
  attachable,
  takesMessages,
  windowsOf,
  index,
  forget,
}: ChatDeps) {
  const typed = new Map<string, number>()
  const addMessage = messageWriter(index)

  const repeatedSend = async (read: Db, id: string, draft: Input<Hub, 'chat.send'>): Promise<Message> => {
    const message = await findMessage(read, id)
    if (message.body === null) throw fail('conflict', 'chat.wasDeleted')
    if (!isRepetition(message, draft)) throw fail('conflict', 'clientIdReused', { field: 'clientId' })
    return toMessage(message)
  }

  /** Takes the words out of everything that holds them, and says so in the rooms. */
  async function deleteMessages(tx: Tx, announce: Announce, messages: readonly Pick<MessageRow, 'id' | 'roomId' | 'seq'>[]): Promise<void> {
    const ids = messages.map(({ id }) => id)
    // Who saw a file by a message alone sees it no more.
    for (const fileId of await emptyMessages(tx, messages))
      announce('revocations:all', 'directory.right.revoked', { kind: 'file', accountId: null, fileId })
    await forget(tx, ids)
    await release(tx, ids)
    for (const [i, { id, roomId, seq }] of messages.entries())
      announce(
        roomTopic(roomId),
        'chat.message.deleted',
        // Once all the numbers are held, nobody reacts any more.
        async () => {
          if (i === 0) await dropReactions(tx, ids)
          return { id, roomId, seq } as Output<Hub, 'chat.delete'>
        },
        { replaces: [id, reactionsSubject(id)] },
      )
  }

  /** Forgets what an account said: the newest of it, and the rest by a job that commits with this. */
  async function forgetAuthor(tx: Tx, announce: Announce, accountId: string): Promise<void> {
    const messages = await newestBy(tx, accountId, forgottenAtOnce)
    if (messages.length > 0) await deleteMessages(tx, announce, messages)
    if (messages.length === forgottenAtOnce) await jobs.enqueue(tx, forgetJob, { accountId })
  }

  /** CHAT-5, of a file that was deleted for ever: the message stays, and says no more what it was called. */
  async function namelessIn(tx: Tx, announce: Announce, messageId: string, fileIds: readonly string[]): Promise<void> {
    const message = await takeNames(tx, messageId, fileIds)
    if (!message || message.body === null) return
    announce(
      roomTopic(message.roomId),
      'chat.message.edited',
      async () => toMessage({ ...message, reactions: await reactionsOf(tx, messageId) }),
      { replaces: messageId },
    )
  }

  return {
    async send(actor: Actor, draft: Input<Hub, 'chat.send'>): Promise<Message> {
      const files = draft.files.length > 0 ? await attachable(actor, draft.roomId, draft.files) : []
      return workAbreast(async (read, announce) => {
        const { accountId } = actor
        const { place, directKey, spans, answered, seated, earlierId } = await findForSend(read, { accountId, ...draft })
        if (earlierId) return repeatedSend(read, earlierId, draft)
        if (!canRead(place)) throw noSuchRoom()
        if (!canPost(place)) throw isArchived()
        const other = directKey === null ? undefined : otherIn(directKey, accountId)
        if (other !== undefined && !(await takesMessages(read, other))) throw takesNothing()
        if (draft.replyTo && !canAnswer(spans, answered, draft.roomId)) throw fail('not_found', 'chat.noSuchMessage', { field: 'replyTo' })

        if (!files) throw fail('not_found', 'files.noSuchFile', { field: 'files' })

        const { roomId, clientId, body, replyTo } = draft
        const id = newId() as MessageId
        const sentAt = now()
        const mentions = mentionable(draft.mentions, seated)
        let message: Message
        announce(
          roomTopic(roomId),
          'chat.message.sent',
          async (seq, tx) => {
            const use = { kind: 'message', messageId: id, roomId, seq } as const
            const pictures: Picture[] = draft.pictures.length > 0 ? await attach(tx, accountId, draft.pictures, use) : []
            const said = { id, roomId, seq, authorId: accountId, clientId, body, edits: 0, replyTo, mentions, pictures, files, sentAt }
            if (!(await addMessage(tx, said))) throw noSuchRoom()
            message = toMessage({ ...said, reactions: [] })
            return message
          },
          { about: id },
        )
        return () => message
      })
    },

    edit: (actor: Actor, { messageId, edits, body, mentions }: Input<Hub, 'chat.edit'>): Promise<Message> =>
      work(async (tx, announce) => {
        const found = await holdMessage(tx, messageId, actor.accountId)
        if (!found || found.message.body === null) throw noSuchMessage()
        const { message, place } = found
        if (!isAuthor(actor.accountId, message)) throw fail('forbidden', 'chat.onlyAuthors')
        const named = mentionable(mentions, await seatedOf(tx, message.roomId, mentions))
        if (isRepeatedEdit(message, { edits, body, mentions: named })) return toMessage(await findMessage(tx, messageId))
        if (!canPost(place)) throw isArchived()
        const { editMs } = await windowsOf(tx, actor.accountId)
        if (!isChangeable(message, now(), editMs)) throw fail('forbidden', 'chat.tooLateToChange')
        if (message.edits !== edits) throw fail('conflict', 'chat.changedMeanwhile', { params: { edits: message.edits } })
        if (body === '' && message.pictures.length === 0 && message.files.length === 0) throw fail('invalid', 'invalid', { field: 'body' })

        const { roomId, seq, sentAt } = message
        const change = { body, edits: edits + 1, mentions: named }
        await changeMessage(tx, message, change)
        await index([{ messageId, roomId, seq, sentAt, text: body }]).execute(tx)
        let edited: Message
        announce(
          roomTopic(roomId),
          'chat.message.edited',
          // Reactions are read while the room's numbers are held, or one that comes now would be lost in the fact.
          async (at) => {
            await markEdited(tx, messageId, at)
            return (edited = toMessage({ ...message, ...change, reactions: await reactionsOf(tx, messageId) }))
          },
          { replaces: messageId },
        )
        return () => edited
      }),

    delete: (actor: Actor, { messageId }: Input<Hub, 'chat.delete'>): Promise<Output<Hub, 'chat.delete'>> =>
      work(async (tx, announce) => {
        const found = await holdMessage(tx, messageId, actor.accountId)
        if (!found) throw noSuchMessage()
        const { message } = found
        const { id, roomId, seq } = message
        const isMine = isAuthor(actor.accountId, message)
        if (message.body === null && !isMine) throw noSuchMessage()
        if (!isMine) throw fail('forbidden', 'chat.onlyAuthors')
        const gone = { id, roomId, seq } as Output<Hub, 'chat.delete'>
        if (message.body === null) return gone
        const { deleteMs } = await windowsOf(tx, actor.accountId)
        if (!isChangeable(message, now(), deleteMs)) throw fail('forbidden', 'chat.tooLateToChange')

        await deleteMessages(tx, announce, [message])
        return gone
      }),

    react: (actor: Actor, { messageId, emoji, isOn }: Input<Hub, 'chat.react'>): Promise<Output<Hub, 'chat.react'>> =>
      work(async (tx, announce) => {
        const { accountId } = actor
        const found = await seekMessage(tx, messageId, accountId)
        if (!found || found.message.body === null) throw noSuchMessage()
        if (!canPost(found.place)) throw isArchived()
        let reactions = await reactionsOf(tx, messageId)
        const isMine = (all: Reaction[]) => all.some((one) => one.emoji === emoji && one.by.includes(accountId))
        const tooMany = () => fail('forbidden', 'chat.tooManyReactions', { params: { max: maxEmoji } })
        if (isMine(reactions) === isOn) return { reactions }
        if (isOn && !canReact(emoji, reactions)) throw tooMany()

        const { roomId, seq: saidAt } = found.message
        announce(
          roomTopic(roomId),
          'chat.message.reacted',
          async (seq) => {
            reactions = await setReaction(tx, { messageId, emoji, accountId, seq, isOn, maxEmoji })
            if (isOn && !isMine(reactions)) throw tooMany()
            return { id: messageId, roomId: roomId as RoomId, seq: saidAt, reactions }
          },
          { replaces: reactionsSubject(messageId) },
        )
        return () => ({ reactions })
      }),

    forgetAuthor,
    forgetFiles: (tx: UnderWay, fileIds: readonly string[]): Promise<void> => jobs.enqueue(tx, namelessJob, { fileIds }),
    work(queue: Pick<Jobs, 'register'>): void {
      queue.register<{ accountId: string }>(forgetJob, ({ accountId }) =>
        work((tx, announce) => forgetAuthor(tx, announce, accountId), { alone: true }),
      )
      queue.register<{ fileIds: string[] }>(namelessJob, async ({ fileIds }) => {
        for (let shown = await showing(db, fileIds); shown.length > 0; shown = await showing(db, fileIds))
          for (const id of shown) await work((tx, announce) => namelessIn(tx, announce, id, fileIds))
      })
    },

    async typing(actor: Actor, { roomId }: Input<Hub, 'chat.typing'>): Promise<void> {
      const { accountId } = actor
      const key = `${accountId} ${roomId}`
      const at = now().getTime()
      if (at - (typed.get(key) ?? -Infinity) < typingEveryMs) return
      // Before the look at the seat: who has none must not make us look at every key stroke either.
      typed.set(key, at)
      if (typed.size > 10_000) for (const [old, then] of typed) if (at - then >= typingEveryMs) typed.delete(old)
      const seat = await findSeat(db, roomId, accountId)
      if (!canRead(seat) || !canPost(seat)) return
      bus.publish({ topic: roomTopic(roomId), name: 'chat.typed', payload: { roomId, accountId }, seq: null })
    },
  }
}
