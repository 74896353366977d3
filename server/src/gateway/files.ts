import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import type { Express, Request } from 'express'
import { fail, type Actor } from '@atrium/platform'
import type { Picture } from '@atrium/protocol'
import { fromOurPages, send, type Session } from './http.ts'

/** What the streaming doors need of the slices. */
export interface Files {
  /** Takes the bytes that a ticket was given for. */
  receive(actor: Actor, ticket: string, content: Readable): Promise<Picture>
  /** Refuses with `not_found` whoever may not see what the picture belongs to. */
  open(actor: Actor, pictureId: string): Promise<{ type: string; bytes: number; content: Readable }>
  /** Everything the hub keeps of a person, as JSON text. */
  exportOf(actor: Actor): AsyncIterable<string>
}

/** Bytes in and out: streamed, and never rendered as a page of ours. */
export function fileDoors(app: Express, actorOf: Session, files: Files): void {
  const signedIn = async (request: IncomingMessage): Promise<Actor> => {
    const actor = await actorOf(request)
    if (!actor) throw fail('unauthenticated', 'unauthenticated')
    return actor
  }

  app.put('/upload/:ticket', async (request: Request<{ ticket: string }>, response) => {
    response.set('cache-control', 'no-store')
    const data = await files.receive(await signedIn(request), request.params.ticket, request)
    send(response, { ok: true, data })
  })

  app.get('/picture/:id', async (request: Request<{ id: string }>, response) => {
    const { id } = request.params
    if (!isUuid(id)) throw fail('not_found', 'pictures.noSuchPicture')
    const { type, bytes, content } = await files.open(await signedIn(request), id)
    response.set({
      'content-type': type,
      'content-length': `${bytes}`,
      // What is under an id never changes. Private: the next person at a shared cache may not be allowed to see it.
      'cache-control': 'private, max-age=31536000, immutable',
      'content-security-policy': "default-src 'none'; sandbox",
      'content-disposition': type.startsWith('image/') ? 'inline' : 'attachment',
    })
    await pipeline(content, response)
  })

  app.get('/export', fromOurPages, async (request, response) => {
    const actor = await signedIn(request)
    response.set({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename="atrium-export.json"',
      'cache-control': 'no-store',
    })
    await pipeline(files.exportOf(actor), response)
  })
}

const isUuid = (text: string) => /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(text)
