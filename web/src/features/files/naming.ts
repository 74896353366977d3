import type { File } from '@atrium/protocol'
import type { Chat } from '#features/chat/chat.svelte.ts'
import { nameOf, titleOf } from '#features/chat/naming.ts'
import { m } from '#lib/i18n/index.ts'

/** The root of a space is called after whose it is. */
export function rootName({ space, name }: File, chat: Chat): string {
  if (space.kind === 'room') {
    const room = chat.rooms.of(space.roomId)?.room
    return room ? titleOf(room, chat.me, (id) => chat.people.of(id)) : name
  }
  return space.accountId === chat.me ? m.files_mine() : nameOf(chat.people.of(space.accountId))
}
