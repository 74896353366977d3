import type { Readable } from 'node:stream'
import type { Express, Request } from 'express'
import { fail, type Actor } from '@atrium/platform'
import { isUuid, type Picture } from '@atrium/protocol'
import { send, signedIn, written, type Session } from './http.ts'

/** What the doors of pictures need of their slice. */
export interface PicturesIn {
  /** Takes the bytes that a ticket was given for. */
  receive(actor: Actor, ticket: string, content: Readable): Promise<Picture>
  /** Refuses with `not_found` whoever may not see what the picture belongs to. What the sign-in page shows is for everybody. */
  open(actor: Actor | undefined, pictureId: string): Promise<{ type: string; bytes: number; content: Readable }>
}

/** Pictures in and out: streamed, and never rendered as a page of ours. */
export function pictureDoors(app: Express, actorOf: Session, pictures: PicturesIn): void {
  app.put('/upload/:ticket', async (request: Request<{ ticket: string }>, response) => {
    response.set('cache-control', 'no-store')
    const actor = await signedIn(actorOf, request)
    try {
      send(response, { ok: true, data: await pictures.receive(actor, request.params.ticket, request) })
    } catch (error) {
      // Who went away in the middle of it is told nothing, and it is no fault of ours.
      if (request.complete || !request.destroyed) throw error
    }
  })

  app.get('/picture/:id', async (request: Request<{ id: string }>, response) => {
    const { id } = request.params
    if (!isUuid(id)) throw fail('not_found', 'pictures.noSuchPicture')
    const { type, bytes, content } = await pictures.open(await actorOf(request), id)
    response.set({
      'content-type': type,
      'content-length': `${bytes}`,
      // What is under an id never changes. Private: the next person at a shared cache may not be allowed to see it.
      'cache-control': 'private, max-age=31536000, immutable',
      'content-security-policy': "default-src 'none'; sandbox",
      'content-disposition': type.startsWith('image/') ? 'inline' : 'attachment',
    })
    await written(content, response)
  })
}
