import { AsyncLocalStorage } from 'node:async_hooks'
import type { Readable } from 'node:stream'
import { Server } from '@tus/server'
import { DataStore, ERRORS, Upload as TusUpload, type Lock, type Locker, type RequestRelease } from '@tus/utils'
import type { Express, Request, Response } from 'express'
import { fail, Refusal, statusOf, type Actor, type Log } from '@atrium/platform'
import type { Cabinet, Upload } from '../files/index.ts'
import type { Session } from './http.ts'
import { isUuid } from './parameters.ts'
import type { Passages } from './passages.ts'

const path = '/upload/files'

interface Sending {
  actor: Actor
  upload: Upload
  request: Request
}

/**
 * Bytes of files, by tus 1.0: what stands of an upload is asked with HEAD, and gone on with by PATCH, whatever process took
 * the rest. Where it may go was asked when it began, and is asked again when all of it is there.
 */
export function uploadDoor(
  app: Express,
  {
    actorOf,
    uploading,
    passages,
    log,
  }: { actorOf: Session; uploading: Cabinet['uploading']; passages: Passages; log: Pick<Log, 'error' | 'warn'> },
): void {
  const here = new AsyncLocalStorage<Sending>()

  class Staged extends DataStore {
    override extensions = ['termination']

    /** As it stands now: whoever waited for it to be let go sees what the one before took. */
    override async getUpload(id: string): Promise<TusUpload> {
      const sending = here.getStore()!
      sending.upload = await uploading.open(sending.actor, id)
      const offset = await uploading.received(sending.upload)
      return new TusUpload({ id, size: sending.upload.bytes, offset })
    }
    /** Straight from the connection: through the library's own streams it would cost twice as much. It was given no body. */
    override async write(nothing: Readable, _id: string, offset: number): Promise<number> {
      nothing.resume()
      const { actor, upload, request } = here.getStore()!
      const passage = passages.open(actor, upload.folderId, () => request.destroy())
      try {
        // A fault of ours ends the reading, and not the connection: its reason is to be answered.
        return await uploading.take(upload, offset, request.iterator({ destroyOnReturn: false }))
      } catch (error) {
        // Who went away in the middle of it is told nothing, and it is no fault of ours.
        throw request.destroyed && !(error instanceof Refusal) ? ERRORS.ABORTED : error
      } finally {
        passage.close()
      }
    }
    override async remove(id: string): Promise<void> {
      await uploading.cancel(here.getStore()!.actor, id)
    }
  }

  const locker: Locker = {
    newLock(id): Lock {
      let release = async () => {}
      return {
        async lock(signal: AbortSignal, letGo: RequestRelease) {
          const { request } = here.getStore()!
          const end = () => (request.method === 'PATCH' ? void request.destroy() : void letGo())
          const held = await uploading.hold(id, end, signal)
          release = held.release
        },
        unlock: () => release(),
      }
    },
  }

  const tus = new Server({
    path,
    datastore: new Staged(),
    locker,
    relativeLocation: true,
    // Only our own pages come here; the doors see to that.
    allowedOrigins: () => false,
    // Whoever comes later is the same person, whose earlier connection broke.
    lockDrainTimeout: 1,
    async onUploadFinish(_request, { id }) {
      await uploading.complete(here.getStore()!.actor, id)
      return {}
    },
    async onResponseError(_request, error) {
      if (error instanceof Refusal)
        return { status_code: statusOf[error.failure.code], body: JSON.stringify({ ok: false, error: error.failure }) }
      if ('status_code' in error) return undefined
      log.error({ operation: 'upload', error }, 'an upload broke')
      return { status_code: 503, body: '' }
    },
  })

  /** The library sees the question without the bytes, and says what is answered. */
  async function answer(request: Request, response: Response): Promise<void> {
    const headers = Object.entries(request.headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []))
    const url = new URL(request.originalUrl, 'http://hub')
    const said = await tus.handleWeb(
      new globalThis.Request(url, { method: request.method, headers: new Headers(headers as [string, string][]) }),
    )
    response.status(said.status)
    for (const [name, value] of said.headers) response.set(name, value)
    // Whoever is refused in the middle of sending is not listened to any longer.
    if (!request.complete && request.method === 'PATCH') response.set('connection', 'close')
    response.end(Buffer.from(await said.arrayBuffer()))
  }

  app.options(`${path}/:id`, answer)
  app.all(`${path}/:id`, async (request: Request<{ id: string }>, response) => {
    const { id } = request.params
    if (!['HEAD', 'PATCH', 'DELETE'].includes(request.method) || !isUuid(id)) throw fail('not_found', 'notFound')
    const actor = await actorOf(request)
    if (!actor) throw fail('unauthenticated', 'unauthenticated')
    const upload = await uploading.open(actor, id)
    await here.run({ actor, upload, request }, () => answer(request, response))
    // All came, and whoever took it died before saying so: nothing will be sent any more that could tell us.
    if (request.method === 'HEAD' && upload.state !== 'done')
      uploading.complete(actor, id).catch((error: unknown) => log.warn({ operation: 'upload', error }, 'an upload could not be finished'))
  })
}
