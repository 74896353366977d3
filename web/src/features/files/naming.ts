import type { AccountId, File } from '@atrium/protocol'
import type { Circle } from '#features/people/circle.ts'
import { titleOf } from '#features/people/naming.ts'
import { m } from '#lib/i18n/index.ts'

/** In the place of somebody else: it was shared with me, and what lies above it is not mine to see. */
export const isLent = ({ space }: Pick<File, 'space'>, me: AccountId): boolean => space.kind === 'personal' && space.accountId !== me

/** The root of a space is called after whose it is; what was shared with me keeps its name. */
export function rootName({ space, name }: File, circle: Circle): string {
  if (space.kind === 'room') {
    const room = circle.rooms.of(space.roomId)?.room
    return room ? titleOf(room, circle.me, (id) => circle.people.of(id)) : name
  }
  return space.accountId === circle.me ? m.files_mine() : name
}
