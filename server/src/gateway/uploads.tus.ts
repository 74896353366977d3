import { AsyncLocalStorage } from 'node:async_hooks'
import type { Readable } from 'node:stream'
import { Server } from '@tus/server'
import { DataStore, ERRORS, Upload as TusUpload, type Lock, type Locker, type RequestRelease } from '@tus/utils'
import type { Request, Response } from 'express'
import { Refusal, statusOf, type Actor, type Log } from '@atrium/platform'
import type { Cabinet, Upload } from '../files/index.ts'
import type { Passages } from './passages.ts'

export interface Sending {
  actor: Actor
  upload: Upload
  request: Request
}
export interface Needs {
  uploading: Cabinet['uploading']
  passages: Passages
  log: Pick<Log, 'error'>
}

/** What the library for tus 1.0 answers at this path. */
export function tusLibrary(path: string, { uploading, passages, log }: Needs) {
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

  return {
    answer,
    take: (sending: Sending, response: Response) => here.run(sending, () => answer(sending.request, response)),
  }
}
