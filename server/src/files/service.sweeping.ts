import { createHash } from 'node:crypto'
import { Refusal, type Announce, type Jobs } from '@atrium/platform'
import type { AccountId, FileId } from '@atrium/protocol'
import { trashLivesMs } from './rules.ts'
import { accountTopic, alone, shareSubject, tellRevoked, type FilesDeps } from './service.common.ts'
import { documentsJob, dropJob, purgeJob, type Changing } from './service.changing.ts'
import { mendJob, unstageJob, type Filing } from './service.filing.ts'
import { finishJob, type Uploading } from './service.uploading.ts'
import { documentsBelow, findSpace, listTrashedBefore } from './store.deleting.ts'
import { findFiles, setTrashed, type Tx } from './store.ts'
import { dropSharesWith, sharesBelow, sharesOf } from './store.shares.ts'
import { filesWith, forgetUsage, listUnchecked, setFault } from './store.versions.ts'

const forgetJob = 'files.forget'
const hourMs = 3_600_000
/** Each content is read again and compared once in so long. */
const scrubEveryMs = 7 * 24 * hourMs
const scrubbedAtOnce = 50

export function sweepingService(deps: FilesDeps, changing: Changing, uploading: Uploading, filed: Filing) {
  const { db, work, jobs, blobs, now, log, documents } = deps

  /** FILE-10 */
  async function sweepTrash(): Promise<void> {
    const before = new Date(now().getTime() - trashLivesMs)
    for (let old = await listTrashedBefore(db, before, 100); old.length > 0; old = await listTrashedBefore(db, before, 100))
      for (const file of old) await purgeWhole([file.id])
  }

  /** Portion by portion, until nothing of it is left. */
  async function purgeWhole(ids: readonly FileId[]): Promise<void> {
    for (let left = await findFiles(db, ids); left.length > 0; left = await findFiles(db, ids))
      await work((tx, announce) => changing.purge(tx, announce, left), alone)
  }

  /** every content is read and compared again; what is not what it was is named in the log, and given out no more. */
  async function scrub(): Promise<void> {
    const before = new Date(now().getTime() - scrubEveryMs)
    for (
      let some = await listUnchecked(db, before, scrubbedAtOnce);
      some.length > 0;
      some = await listUnchecked(db, before, scrubbedAtOnce)
    )
      for (const { key, sha256 } of some) {
        const fault = await faultOf(key, sha256)
        await work((tx) => setFault(tx, key, fault, now()))
        if (fault)
          log.error(
            { operation: 'files.scrub', blob: key, fault, files: await filesWith(db, key) },
            'the content of files is not what it was',
          )
      }
  }

  async function faultOf(key: string, sha256: string): Promise<'lost' | 'damaged' | null> {
    const hash = createHash('sha256')
    try {
      for await (const chunk of await blobs.get(key)) hash.update(chunk as Buffer)
    } catch (error) {
      if (error instanceof Refusal && error.failure.code === 'not_found') return 'lost'
      throw error
    }
    return hash.digest('hex') === sha256 ? null : 'damaged'
  }

  return {
    sweepTrash,
    scrub,

    /** Whoever closes an account takes their own space along: at once out of everybody's sight, and then, in portions, for ever. */
    async forgetOwner(tx: Tx, announce: Announce, accountId: AccountId): Promise<void> {
      for (const { fileId } of await sharesOf(tx, accountId, 'all'))
        announce(accountTopic(accountId), 'files.share.taken', { fileId }, { replaces: shareSubject(fileId, accountId) })
      await dropSharesWith(tx, accountId)
      await uploading.forgetUploads(tx, accountId)
      const root = await findSpace(tx, accountId)
      if (root) {
        for (const { fileId, accountId: other } of await sharesBelow(tx, [root])) {
          announce(accountTopic(other), 'files.share.taken', { fileId }, { replaces: shareSubject(fileId, other) })
          tellRevoked(announce, fileId, other)
        }
        for (const id of await documentsBelow(tx, [root])) tellRevoked(announce, id)
        tellRevoked(announce, root)
        await setTrashed(tx, [root], accountId, now())
      }
      await jobs.enqueue(tx, forgetJob, { accountId, root: root ?? null })
    },

    /** The jobs of this slice. Called once, where jobs are done. */
    work(queue: Pick<Jobs, 'register' | 'every'>): void {
      queue.register<{ id: string }>(finishJob, uploading.finishLater)
      queue.register<{ key: string }>(unstageJob, filed.unstage)
      queue.register<{ key: string; from: string }>(mendJob, filed.mend)
      queue.register<{ key: string }>(dropJob, ({ key }) => blobs.delete(key))
      queue.register<{ ids: FileId[] }>(purgeJob, ({ ids }) => purgeWhole(ids))
      queue.register<{ ids: FileId[] }>(documentsJob, async ({ ids }) => {
        for (const id of ids) await documents.delete(id)
      })
      queue.register<{ accountId: AccountId; root: FileId | null }>(forgetJob, async ({ accountId, root }) => {
        if (root) await purgeWhole([root])
        await work((tx) => forgetUsage(tx, accountId))
      })
      queue.every('files.trash', hourMs, sweepTrash)
      queue.every('files.uploads', hourMs, uploading.sweep)
      queue.every('files.scrub', 24 * hourMs, scrub)
    },
  }
}
