import type { Handlers, Jobs } from '@atrium/platform'
import type { pictures as contract } from '@atrium/protocol'
import { WithContent, type ExportPart } from '../directory/index.ts'
import { dropJob, picturesService, sweepJob, type PicturesDeps } from './service.ts'
import { listOwned } from './store.ts'

export type { PicturesDeps } from './service.ts'
export type { PictureTables } from './store.ts'
export type Pictures = ReturnType<typeof pictures>

export function pictures(deps: PicturesDeps) {
  const service = picturesService(deps)
  const handlers: Handlers<typeof contract> = { 'pictures.begin': service.begin }
  const owned: ExportPart = {
    name: 'pictures',
    async *of(accountId) {
      for (const { picture, use, blobKey } of await listOwned(deps.db, accountId))
        yield new WithContent({ ...picture, use }, () => deps.blobs.get(blobKey))
    },
  }

  return {
    handlers,
    receive: service.receive,
    open: service.open,
    /** Makes uploaded pictures part of something, once. Refuses those of others, those that are not there, those in use. */
    attach: service.attach,
    /** Lets go of the pictures of messages that were deleted. */
    release: service.release,
    setProfile: service.setProfile,
    setLook: service.setLook,
    /** The jobs of this slice. Called once, where jobs are done. */
    work(jobs: Pick<Jobs, 'register'>): void {
      jobs.register(sweepJob, service.sweep)
      jobs.register(dropJob, service.drop)
    },
    exports: [owned],
  }
}
