import { createHash, type Hash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { fail, Refusal, type Actor, type Announce } from '@atrium/platform'
import type { Hub, Input, Output, Sentence } from '@atrium/protocol'
import { mayWrite, uploadLivesMs } from './rules.ts'
import { pay } from './paying.ts'
import { alone, shown, type FilesDeps, type Seeing } from './service.common.ts'
import { unstageJob, type Filing } from './service.filing.ts'
import { headBytes, typeOf } from './sniff.ts'
import type { Tx } from './store.ts'
import { addUpload, findBegun, findUpload, holdUpload, listUploads, removeUpload, setState, type Upload } from './store.uploads.ts'
import { giveBack } from './store.versions.ts'

/** Finishes an upload whose last bytes came, and whose process did not get to it. */
export const finishJob = 'files.finish'
const finishAfterMs = 30_000
/** Nothing has become of it yet. */
const isOpen = ({ state }: Pick<Upload, 'state'>): boolean => state === 'open' || state === 'checking'
const noSuchUpload = () => fail('not_found', 'files.noSuchUpload', { field: 'uploadId' })

/** The hash of what came so far, while one process takes all of it. */
interface Running {
  hash: Hash
  at: number
}

export function uploadingService(deps: FilesDeps, { see, standing }: Seeing, { target, put }: Filing) {
  const { db, work, jobs, blobs, now, newId, hold } = deps
  const running = new Map<string, Running>()

  async function own(actor: Actor, uploadId: string): Promise<Upload> {
    const upload = await findUpload(db, uploadId)
    if (!upload || upload.accountId !== actor.accountId) throw noSuchUpload()
    return upload
  }

  const placeOf = ({ id }: Pick<Upload, 'id'>) => ({ uploadId: id, path: `/upload/files/${id}` })

  async function begin(actor: Actor, draft: Input<Hub, 'files.upload.begin'>): Promise<Output<Hub, 'files.upload.begin'>> {
    const { clientId, folderId, name, bytes, replaces = null, sha256 = null } = draft
    const earlier = await findBegun(db, actor.accountId, clientId)
    if (earlier) {
      if (earlier.folderId !== folderId || earlier.name !== name || earlier.bytes !== bytes || earlier.replaces !== replaces)
        throw fail('conflict', 'clientIdReused', { field: 'clientId' })
      return placeOf(earlier)
    }
    return work(async (tx, announce) => {
      await target(tx, actor, { folderId, replaces })
      const { accountId } = actor
      const upload: Upload = {
        ...{ id: newId(), accountId, clientId, folderId, name, bytes, replaces, sha256, blobKey: newId() },
        ...{ state: 'open', fileId: null, problem: null, begunAt: now() },
      }
      // FILE-9, before a byte of it comes: what was begun is as good as kept.
      if (!(await addUpload(tx, upload))) return placeOf((await findBegun(tx, accountId, clientId))!)
      const { maxUploadBytes } = await pay(deps, tx, announce, accountId, bytes, 'bytes')
      if (bytes > maxUploadBytes) throw fail('too_large', 'tooLarge', { params: { limit: maxUploadBytes }, field: 'bytes' })
      // Nothing will be sent of what has no bytes.
      if (bytes === 0) await jobs.enqueue(tx, finishJob, { id: upload.id })
      return placeOf(upload)
    }, alone)
  }

  /** FILE-11. Whoever may not write there any more sends in vain, and is told so. */
  async function open(actor: Actor, uploadId: string): Promise<Upload> {
    const upload = await own(actor, uploadId)
    if (upload.state === 'failed' || now().getTime() - upload.begunAt.getTime() > uploadLivesMs) throw noSuchUpload()
    if (upload.state !== 'open') return upload
    const folder = await standing(db, actor, upload.folderId, 'folderId')
    if (!mayWrite(folder)) throw fail('forbidden', 'files.readOnly')
    return upload
  }

  const received = (upload: Upload): Promise<number> =>
    upload.state === 'open' ? blobs.staging.size(upload.blobKey) : Promise.resolve(upload.bytes)

  /** Goes on with it; resolves to how much is there. The hash grows with what comes, as long as it all comes through here. */
  async function take(upload: Upload, offset: number, content: AsyncIterable<Uint8Array>): Promise<number> {
    // All of it is there, perhaps in its place among the blobs: a new beginning would be put in its stead.
    if (upload.state !== 'open') return upload.bytes
    const known = running.get(upload.id)
    const hashed: Running | undefined = offset === 0 ? { hash: createHash('sha256'), at: 0 } : known?.at === offset ? known : undefined
    running.delete(upload.id)
    async function* hashing() {
      let at = offset
      for await (const chunk of content) {
        at += chunk.length
        if (at > upload.bytes) throw fail('too_large', 'tooLarge', { params: { limit: upload.bytes } })
        if (hashed) {
          hashed.hash.update(chunk)
          hashed.at += chunk.length
        }
        yield chunk
      }
    }
    const at = await blobs.staging.append(upload.blobKey, offset, hashing()).finally(() => {
      if (hashed) running.set(upload.id, hashed)
      forgetOldest(running)
    })
    if (at === upload.bytes) await allCame(upload)
    return at
  }

  /** From now on it is finished, by this process or by a job. */
  const allCame = ({ id }: Upload): Promise<void> =>
    work(async (tx) => {
      if ((await holdUpload(tx, id))?.state !== 'open') return
      await setState(tx, id, 'checking')
      await jobs.enqueue(tx, finishJob, { id }, { runAt: new Date(now().getTime() + finishAfterMs) })
    })

  /** The hash as it grew, or that of what lies there, if somebody else took a part of it. */
  async function contentOf(upload: Upload): Promise<{ sha256: string; head: Buffer; bytes: number }> {
    const { blobKey, bytes } = upload
    const grown = running.get(upload.id)
    running.delete(upload.id)
    const there = (await blobs.stat(blobKey))?.bytes ?? 0
    const head = there === 0 ? Buffer.alloc(0) : await buffer(await blobs.get(blobKey, { start: 0, end: headBytes - 1 }))
    if (grown?.at === bytes && there === bytes) return { sha256: grown.hash.digest('hex'), head, bytes: there }
    const hash = createHash('sha256')
    for await (const chunk of await blobs.get(blobKey)) hash.update(chunk as Buffer)
    return { sha256: hash.digest('hex'), head, bytes: there }
  }

  /** What becomes of an upload is decided once. */
  const decide = (id: string, run: (tx: Tx, announce: Announce) => Promise<void>): Promise<void> =>
    work(async (tx, announce) => {
      const held = await holdUpload(tx, id)
      if (held && isOpen(held)) await run(tx, announce)
    }, alone)

  /** Ends in vain: what it took is given back, and its bytes go. */
  async function refuse(tx: Tx, upload: Upload, problem: Sentence): Promise<void> {
    await setState(tx, upload.id, 'failed', { problem })
    await giveBack(tx, upload.accountId, upload.bytes)
    await jobs.enqueue(tx, unstageJob, { key: upload.blobKey })
  }

  /**
   * All bytes are there: they become a blob, and that the content of a file, if whoever sent them may still put it there. Done
   * again after a crash anywhere in it, the same comes out.
   */
  async function finish(upload: Upload, actor: Actor): Promise<void> {
    const { id, blobKey, bytes } = upload
    await blobs.staging.finish(blobKey)
    const content = await contentOf(upload)
    const problem: Sentence | undefined =
      content.bytes !== bytes ? 'files.wrongLength' : upload.sha256 && upload.sha256 !== content.sha256 ? 'files.wrongContent' : undefined
    if (problem) return decide(id, (tx) => refuse(tx, upload, problem))
    try {
      await decide(id, async (tx, announce) => {
        const { sha256, head } = content
        const file = await put(tx, announce, actor, upload, { key: blobKey, sha256, bytes, type: typeOf(head) })
        await setState(tx, id, 'done', { fileId: file.id })
      })
    } catch (error) {
      // What is refused now was allowed when it began: the folder is gone, or the right to write there.
      if (!(error instanceof Refusal) || error.failure.code === 'unavailable') throw error
      const { key } = error.failure
      await decide(id, (tx) => refuse(tx, upload, key))
    }
  }

  /** Finishes it if all of it is there, one process at a time; resolves to what became of it. */
  async function finished(asked: Upload, actor: Actor): Promise<Pick<Upload, 'state' | 'problem'>> {
    const held = await hold(asked.id, () => {})
    try {
      const upload = (await findUpload(db, asked.id)) ?? { ...asked, state: 'failed', problem: null }
      if (upload.state === 'open') {
        if ((await received(upload)) < upload.bytes) return upload
        await allCame(upload)
      }
      if (isOpen(upload)) await finish(upload, actor)
      return (await findUpload(db, asked.id)) ?? upload
    } finally {
      await held.release()
    }
  }

  return {
    begin,
    open,
    hold,
    received,
    take,

    /** Called where all bytes are there: finishes it, and says how that went. */
    async complete(actor: Actor, uploadId: string): Promise<void> {
      const { state, problem } = await finished(await own(actor, uploadId), actor)
      if (state === 'failed') throw fail('invalid', (problem ?? 'files.wrongLength') as Sentence)
    },

    /** The job: for whom nobody waits any more. What they may do, they may do without a session. */
    async finishLater({ id }: { id: string }): Promise<void> {
      const upload = await findUpload(db, id)
      if (!upload) return
      const actor = await deps.actorOf(upload.accountId)
      if (actor) await finished(upload, actor)
      else await decide(id, (tx) => refuse(tx, upload, 'files.noSuchUpload'))
    },

    async state(actor: Actor, { uploadId }: Input<Hub, 'files.upload.state'>): Promise<Output<Hub, 'files.upload.state'>> {
      const upload = await own(actor, uploadId)
      const seen = upload.fileId ? (await see(db, actor, [upload.fileId])).get(upload.fileId) : undefined
      return {
        state: upload.state,
        received: upload.state === 'failed' ? 0 : await received(upload),
        file: seen ? shown(seen) : null,
        problem: upload.problem,
      }
    },

    async cancel(actor: Actor, uploadId: string): Promise<void> {
      await own(actor, uploadId)
      running.delete(uploadId)
      await work((tx) => letGo(tx, uploadId))
    },

    /** FILE-11  What was begun a day ago is over, complete or not. */
    async sweep(): Promise<void> {
      const before = new Date(now().getTime() - uploadLivesMs)
      for (let old = await listUploads(db, { before }, 100); old.length > 0; old = await listUploads(db, { before }, 100))
        for (const { id } of old) await work((tx) => letGo(tx, id))
    },

    async forgetUploads(tx: Tx, accountId: string): Promise<void> {
      for (const { id } of await listUploads(tx, { accountId }, 10_000)) await letGo(tx, id)
    },
  }

  async function letGo(tx: Tx, uploadId: string): Promise<void> {
    const upload = await holdUpload(tx, uploadId)
    if (!upload) return
    await removeUpload(tx, uploadId)
    if (!isOpen(upload)) return
    await giveBack(tx, upload.accountId, upload.bytes)
    await jobs.enqueue(tx, unstageJob, { key: upload.blobKey })
  }
}

export type Uploading = ReturnType<typeof uploadingService>
/** Hashes of uploads that nobody goes on with; without one it is made from what lies there. */
const mostRunning = 1_000
function forgetOldest(running: Map<string, Running>): void {
  const [oldest] = running.keys()
  if (running.size > mostRunning && oldest !== undefined) running.delete(oldest)
}
