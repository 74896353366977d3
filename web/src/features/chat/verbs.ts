import type { AccountId, Failure, ListId, Reply, RoomEntry, RoomList } from '@atrium/protocol'
import { sentence } from '#lib/i18n/index.ts'
import { toasts } from '#lib/ui/index.ts'
import type { Chat } from './chat.svelte.ts'
import type { RoomState } from './room.svelte.ts'

const refuse = (failure: Failure) => void toasts.show(sentence(failure), { kind: 'bad' })
const said = (reply: Reply<unknown>): boolean => {
  if (!reply.ok) refuse(reply.error)
  return reply.ok
}

/** What may be done with a room. What happened comes back as facts; a refusal is shown where it happened. */
export function roomVerbs({ hub, rooms }: Chat, room: Pick<RoomState, 'id'>) {
  const roomId = room.id
  const change = async (what: { name?: string; about?: string; isArchived?: boolean }): Promise<Reply<unknown>> =>
    hub.call('chat.room.change', { clientId: hub.newId(), roomId, ...what })
  return {
    change,
    archive: async (isArchived: boolean) => said(await change({ isArchived })),
    invite: (accountIds: AccountId[]): Promise<Reply<unknown>> =>
      hub.call('chat.room.invite', { clientId: hub.newId(), roomId, accountIds }),
    /** A list comes with all its people, and takes them along when it goes. */
    bring: (listId: ListId): Promise<Reply<RoomList[]>> => hub.call('chat.room.list.add', { clientId: hub.newId(), roomId, listId }),
    takeOut: (listId: ListId): Promise<Reply<RoomList[]>> => hub.call('chat.room.list.remove', { clientId: hub.newId(), roomId, listId }),
    remove: async (accountId: AccountId) => said(await hub.call('chat.room.remove', { clientId: hub.newId(), roomId, accountId })),
    leave: async () => said(await hub.call('chat.room.leave', { clientId: hub.newId(), roomId })),
    async mute(isMuted: boolean) {
      const before = rooms.of(roomId)
      if (before) rooms.change(roomId, { seat: { ...before.seat, isMuted } })
      const isDone = said(await hub.call('chat.room.mute', { clientId: hub.newId(), roomId, isMuted }))
      if (!isDone && before) rooms.change(roomId, { seat: before.seat })
    },
  }
}

/** Finds or makes the room with one other person. */
export async function directWith(chat: Chat, accountId: AccountId): Promise<Reply<RoomEntry>> {
  const reply = await chat.hub.call('chat.direct', { clientId: chat.hub.newId(), accountId })
  if (reply.ok) chat.took(reply.data)
  return reply
}
