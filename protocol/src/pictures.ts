import { z } from 'zod'
import { command, perAccount } from './kernel.ts'
import { ClientId, PictureId } from './ids.ts'

/** Shown at `/picture/<id>` to whoever may see what it belongs to. Width and height reserve its place before it has loaded. */
export const Picture = z.object({
  id: PictureId,
  type: z.enum(['image/png', 'image/jpeg', 'image/webp', 'image/gif']),
  width: z.int(),
  height: z.int(),
  bytes: z.int(),
})
export type Picture = z.output<typeof Picture>

export const maxPictureBytes = 10 * 1024 * 1024

export const pictures = {
  /**
   * Asks for a place to put a picture: `PUT` its bytes to `path` within 24 h, with the session's cookie, and get a
   * `Reply<Picture>`, of what is kept: where and with what it was taken is left out. Until it is attached to a message or a profile only its owner sees it; after a day it is swept.
   */
  'pictures.begin': command(
    z.strictObject({ clientId: ClientId, type: Picture.shape.type, bytes: z.int().min(1).max(maxPictureBytes) }),
    z.object({ id: PictureId, path: z.string() }),
    { limit: perAccount(60, '1 min'), repeat: 'natural' },
  ),
}
