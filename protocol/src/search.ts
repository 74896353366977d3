import { z } from 'zod'
import { perAccount, query } from './kernel.ts'
import { Message, Room } from './chat.ts'
import { Person } from './directory.ts'
import { RoomId } from './ids.ts'
import { line } from './text.ts'

export const search = {
  /** Messages in rooms that I may read, in the spans that were mine; newest first. `before` is the `next` of the page before. */
  'search.messages': query(
    z.strictObject({ text: line(200), roomId: RoomId.optional(), before: z.iso.datetime().optional() }),
    z.object({ hits: z.array(z.object({ message: Message, room: Room })), people: z.array(Person), next: z.iso.datetime().nullable() }),
    { limit: perAccount(120, '1 min') },
  ),
}
