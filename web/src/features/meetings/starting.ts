import type { RoomId } from '@atrium/protocol'
import type { Chat } from '#features/chat/chat.svelte.ts'
import { sentence } from '#lib/i18n/index.ts'
import { toasts } from '#lib/ui/index.ts'

/** Begins the room's meeting, or finds the one that runs: where it is. In a direct room it rings, and the one who calls goes straight in. */
export async function startMeeting({ hub, rooms }: Chat, roomId: RoomId): Promise<string | undefined> {
  const reply = await hub.call('meetings.start', { clientId: hub.newId(), roomId })
  if (!reply.ok) {
    toasts.show(sentence(reply.error), { kind: 'bad' })
    return undefined
  }
  const isCall = rooms.of(roomId)?.room.kind === 'direct'
  return `/m/${reply.data.slug}${isCall ? '?in' : ''}`
}
