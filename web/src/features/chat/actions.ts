import CheckCheck from '@lucide/svelte/icons/check-check'
import Copy from '@lucide/svelte/icons/copy'
import Link from '@lucide/svelte/icons/link'
import Trash from '@lucide/svelte/icons/trash-2'
import type { Message } from '@atrium/protocol'
import { nameOf } from '#features/people/naming.ts'
import { m } from '#lib/i18n/index.ts'
import { toasts } from '#lib/ui/index.ts'
import { copy } from '#lib/copying.ts'
import { own } from '#features/profile/own.svelte.ts'
import type { Chat } from './chat.svelte.ts'
import { receiptsIn, seenWords } from './receipts.svelte.ts'
import type { RoomState } from './room.svelte.ts'

export const quickEmoji = ['👍', '❤️', '😂', '🎉', '👀', '🙏']
/** CHAT-4, as far as a page knows: until it does, nothing is kept from anybody. The hub has the last word. */
function isWithin(key: 'messages.editWithin' | 'messages.deleteWithin', { sentAt }: Message): boolean {
  const within = own.values?.[key] ?? 'unlimited'
  return within === 'unlimited' || Date.now() - Date.parse(sentAt) <= within * 1_000
}

export type MessageActions = ReturnType<typeof actionsOn>

/** Who has seen what I said, as one entry of its menu; none where that is not shown. */
function seenBy(chat: Chat, room: RoomState, message: Message) {
  const by = receiptsIn(chat, room).of(message)
  if (!by) return []
  const { label, whole } = seenWords(by.map((id) => nameOf(chat.people.of(id))))
  return [{ label, icon: CheckCheck, isSeparated: true, run: () => void toasts.show(whole) }]
}

/** What may be done with a message, for the toolbar, the keyboard and the long press alike. */
export function actionsOn(room: RoomState, message: Message, chat: Chat) {
  const { me } = chat
  const canWrite = room.view?.room.isArchived === false
  const isMine = message.authorId === me
  const canChange = isMine && canWrite && isWithin('messages.editWithin', message)
  // What one regrets may be taken back even when the room is archived.
  const canDelete = isMine && room.view !== undefined && isWithin('messages.deleteWithin', message)

  const say = (isDone: boolean, words: string) => toasts.show(isDone ? words : m.chat_copy_failed(), { kind: isDone ? 'neutral' : 'bad' })
  const remove = () => {
    room.delete(message.id)
    toasts.show(m.chat_deleted(), { action: { label: m.chat_undo(), run: () => room.undelete(message.id) } })
  }
  const react = (emoji: string) => {
    const isOn = !message.reactions.some((reaction) => reaction.emoji === emoji && reaction.by.some((id) => id === me))
    void room.react(message.id, emoji, isOn)
  }
  return {
    canWrite,
    canChange,
    react,
    reply: () => void (room.replyingTo = message),
    edit: () => void (room.editing = message),
    remove,
    /** The menu is about to open: who has seen it is asked for. */
    look: () => void (isMine && receiptsIn(chat, room).look()),
    more: [
      { label: m.chat_copy_text(), icon: Copy, run: async () => void say(await copy(message.body), m.chat_copied()) },
      {
        label: m.chat_copy_link(),
        icon: Link,
        run: async () => void say(await copy(`${location.origin}/r/${message.roomId}/${message.seq}`), m.chat_link_copied()),
      },
      ...(isMine ? seenBy(chat, room, message) : []),
      ...(canDelete ? [{ label: m.chat_delete(), icon: Trash, isDanger: true, isSeparated: true, run: remove }] : []),
    ],
  }
}
