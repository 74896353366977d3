import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import type { Express, Request, Response } from 'express'
import { fail, type Actor, type Throttle } from '@atrium/platform'
import type { Picture } from '@atrium/protocol'
import { fromOurPages, send, type Session } from './http.ts'
import { isUuid } from './parameters.ts'

/** What the streaming doors need of the slices. */
export interface Files {
  /** Takes the bytes that a ticket was given for. */
  receive(actor: Actor, ticket: string, content: Readable): Promise<Picture>
  /** Refuses with `not_found` whoever may not see what the picture belongs to. */
  open(actor: Actor, pictureId: string): Promise<{ type: string; bytes: number; content: Readable }>
  /** Everything the hub keeps of a person, as JSON text. */
  exportOf(actor: Actor): AsyncIterable<string>
}

/** All that somebody ever wrote is read for one: more than a person needs, fewer than keep the database busy. */
const exportsPerAccount = { times: 5, perMs: 60_000 }

/** Bytes in and out: streamed, and never rendered as a page of ours. */
export function fileDoors(app: Express, actorOf: Session, files: Files, throttle: Pick<Throttle, 'take'>): void {
  const signedIn = async (request: IncomingMessage): Promise<Actor> => {
    const actor = await actorOf(request)
    if (!actor) throw fail('unauthenticated', 'unauthenticated')
    return actor
  }

  app.put('/upload/:ticket', async (request: Request<{ ticket: string }>, response) => {
    response.set('cache-control', 'no-store')
    const actor = await signedIn(request)
    try {
      send(response, { ok: true, data: await files.receive(actor, request.params.ticket, request) })
    } catch (error) {
      // Who went away in the middle of it is told nothing, and it is no fault of ours.
      if (request.complete || !request.destroyed) throw error
    }
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
    await written(content, response)
  })

  app.get('/export', fromOurPages, async (request, response) => {
    const actor = await signedIn(request)
    const retryAfterMs = throttle.take(`export ${actor.accountId}`, exportsPerAccount)
    if (retryAfterMs > 0) throw fail('rate_limited', 'rateLimited', { retryAfterMs })
    response.set({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename="atrium-export.json"',
      'cache-control': 'no-store',
    })
    await written(files.exportOf(actor), response)
  })
}

/** Streams to whoever asked. Who stops reading has had enough: that is no error. */
async function written(content: AsyncIterable<unknown>, response: Response): Promise<void> {
  try {
    await pipeline(content, response)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}
