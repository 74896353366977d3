import type { Express, Request } from 'express'
import { fail, type Log } from '@atrium/platform'
import { isUuid } from '@atrium/protocol'
import { signedIn, type Session } from './http.ts'
import type { Needs } from './uploads.tus.ts'

const path = '/upload/files'

/**
 * Bytes of files, by tus 1.0: what stands of an upload is asked with HEAD, and gone on with by PATCH, whatever process took
 * the rest. Where it may go was asked when it began, and is asked again when all of it is there.
 */
export function uploadDoor(
  app: Express,
  { actorOf, uploading, passages, log }: Needs & { actorOf: Session; log: Pick<Log, 'warn'> },
): void {
  let loading: Promise<ReturnType<typeof import('./uploads.tus.ts').tusLibrary>> | undefined
  // With the first upload: loading it would cost each start its time.
  const tus = () => (loading ??= import('./uploads.tus.ts').then(({ tusLibrary }) => tusLibrary(path, { uploading, passages, log })))

  app.options(`${path}/:id`, async (request, response) => (await tus()).answer(request, response))
  app.all(`${path}/:id`, async (request: Request<{ id: string }>, response) => {
    const { id } = request.params
    if (!['HEAD', 'PATCH', 'DELETE'].includes(request.method) || !isUuid(id)) throw fail('not_found', 'notFound')
    const actor = await signedIn(actorOf, request)
    const upload = await uploading.open(actor, id)
    await (await tus()).take({ actor, upload, request }, response)
    // All came, and whoever took it died before saying so: nothing will be sent any more that could tell us.
    if (request.method === 'HEAD' && upload.state !== 'done')
      uploading.complete(actor, id).catch((error: unknown) => log.warn({ operation: 'upload', error }, 'an upload could not be finished'))
  })
}
