import type { AccountId, Message } from '@atrium/protocol'
import { isSameDay } from '#lib/i18n/index.ts'
import type { Outgoing } from './outbox.svelte.ts'

/** One line of the list: a message, or one that is still on its way. */
export interface Line {
  key: string
  at: Date
  authorId: AccountId
  message: Message | undefined
  outgoing: Outgoing | undefined
  /** The first of its author's in a row: it shows who speaks. */
  isFirst: boolean
  /** A new day begins with it. */
  isNewDay: boolean
  /** Everything before it was read when I came. */
  isNew: boolean
}

const togetherMs = 5 * 60_000

export function linesOf(messages: readonly Message[], pending: readonly Outgoing[], me: AccountId, newAfter: number | undefined): Line[] {
  const lines: Line[] = []
  let isNewSeen = false
  const add = (line: Omit<Line, 'isFirst' | 'isNewDay' | 'isNew'>) => {
    const last = lines.at(-1)
    const isNew = !isNewSeen && newAfter !== undefined && line.authorId !== me && line.message !== undefined && line.message.seq > newAfter
    isNewSeen ||= isNew
    const isNewDay = !last || !isSameDay(last.at, line.at)
    const isFirst =
      isNewDay ||
      isNew ||
      last?.authorId !== line.authorId ||
      line.at.getTime() - last.at.getTime() > togetherMs ||
      line.message?.replyTo != null
    lines.push({ ...line, isFirst, isNewDay, isNew })
  }
  // Ids of the client's choosing are unique for one author only.
  for (const message of messages)
    add({
      key: `${message.authorId} ${message.clientId}`,
      at: new Date(message.sentAt),
      authorId: message.authorId,
      message,
      outgoing: undefined,
    })
  for (const outgoing of pending)
    add({ key: `${me} ${outgoing.clientId}`, at: new Date(outgoing.at), authorId: me, message: undefined, outgoing })
  return lines
}
