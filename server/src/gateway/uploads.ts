import { AsyncLocalStorage } from 'node:async_hooks'
import type { Readable } from 'node:stream'
import { Server } from '@tus/server'
import { DataStore, Upload as TusUpload, type Lock, type Locker, type RequestRelease } from '@tus/utils'
import type { Express, Request } from 'express'
import { fail, Refusal, statusOf, type Actor, type Log } from '@atrium/platform'
import type { Cabinet, Upload } from '../files/index.ts'
import type { Session } from './http.ts'
import { isUuid } from './parameters.ts'
import type { Passages } from './passages.ts'

const path = '/upload/files'

interface Sending {
  actor: Actor
  upload: Upload
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
    override async write(content: Readable, _id: string, offset: number): Promise<number> {
      const { actor, upload } = here.getStore()!
      const passage = passages.open(actor, upload.folderId, () => content.destroy(new Error('whoever sends it may not any more')))
      try {
        return await uploading.take(upload, offset, content)
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
          const held = await uploading.hold(id, () => void letGo(), signal)
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

  app.options(`${path}/:id`, (request, response) => tus.handle(request, response))
  app.all(`${path}/:id`, async (request: Request<{ id: string }>, response) => {
    const { id } = request.params
    if (!['HEAD', 'PATCH', 'DELETE'].includes(request.method) || !isUuid(id)) throw fail('not_found', 'notFound')
    const actor = await actorOf(request)
    if (!actor) throw fail('unauthenticated', 'unauthenticated')
    const upload = await uploading.open(actor, id)
    await here.run({ actor, upload }, () => tus.handle(request, response))
    // All came, and whoever took it died before saying so: nothing will be sent any more that could tell us.
    if (request.method === 'HEAD' && upload.state !== 'done')
      uploading.complete(actor, id).catch((error: unknown) => log.warn({ operation: 'upload', error }, 'an upload could not be finished'))
  })
}
