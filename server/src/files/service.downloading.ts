import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { fail, Refusal, type Actor } from '@atrium/platform'
import { ticketLivesMs, type FileId, type File, type Hub, type Input, type Output, type Ticket } from '@atrium/protocol'
import { pay } from './paying.ts'
import { inlineType, isShownOnly } from './rules.ts'
import { alone, shown, tellChanged, type FilesDeps, type Seeing } from './service.common.ts'
import { findFiles, holdFiles } from './store.ts'
import { addVersion, findContent, setFault, useContent, type StoredContent } from './store.versions.ts'

/** What fits into memory is compared with its hash before it is given out. */
const comparedBytes = 4 << 20

/** A content that somebody may have now. */
export interface Opened {
  fileId: FileId
  name: string
  /** Undefined: to be saved, not shown. */
  inlineType: string | undefined
  type: string
  bytes: number
  /** The same for the same bytes, and for no others. */
  etag: string
  changedAt: Date
  read: (range?: { start: number; end: number }) => Promise<Readable>
}
type Claims = Extract<Ticket, { purpose: 'download' }>

export function downloadingService(deps: FilesDeps, { standing, changeable }: Seeing) {
  const { db, work, blobs, tickets, now, log } = deps
  async function content(fileId: string, version: number | undefined): Promise<StoredContent> {
    const found = await findContent(db, fileId, version)
    if (!found) throw fail('not_found', version === undefined ? 'files.notAFile' : 'files.noSuchVersion')
    return found
  }

  /** R-15 by name: what is lost or damaged is refused, and remembered as that. */
  async function faulty(found: StoredContent, fileId: string, fault: 'lost' | 'damaged'): Promise<Refusal> {
    log.error({ operation: 'files.download', fileId, blob: found.blobKey, fault }, 'the content of a file is not what it was')
    if (found.fault !== fault) await work((tx) => setFault(tx, found.blobKey, fault, now()))
    return fail('not_found', fault === 'lost' ? 'files.contentLost' : 'files.contentDamaged')
  }

  async function whole(found: StoredContent, fileId: string): Promise<Buffer> {
    const bytes = await buffer(await blobs.get(found.blobKey))
    if (createHash('sha256').update(bytes).digest('hex') !== found.sha256) throw await faulty(found, fileId, 'damaged')
    return bytes
  }

  async function open(actor: Actor, fileId: FileId, version: number | undefined, disposition: Claims['disposition']): Promise<Opened> {
    const seen = await standing(db, actor, fileId)
    const found = await content(fileId, version)
    if (found.fault) throw fail('not_found', found.fault === 'lost' ? 'files.contentLost' : 'files.contentDamaged')
    const there = await blobs.stat(found.blobKey)
    if (!there) throw await faulty(found, fileId, 'lost')
    if (there.bytes !== found.bytes) throw await faulty(found, fileId, 'damaged')
    const compared = found.bytes <= comparedBytes ? await whole(found, fileId) : undefined
    return {
      fileId,
      name: seen.name,
      type: found.type,
      inlineType: disposition === 'inline' ? inlineType(found.type) : undefined,
      bytes: found.bytes,
      etag: `"${fileId}-${found.version}"`,
      changedAt: seen.changedAt,
      read: async (range) =>
        compared ? Readable.from([range ? compared.subarray(range.start, range.end + 1) : compared]) : blobs.get(found.blobKey, range),
    }
  }

  return {
    async download(actor: Actor, { fileId, version, disposition }: Input<Hub, 'files.download'>): Promise<Output<Hub, 'files.download'>> {
      const seen = await standing(db, actor, fileId)
      if (isShownOnly(seen) && version !== undefined && version !== seen.version) throw fail('not_found', 'files.noSuchVersion')
      const found = await content(fileId, version)
      const { accountId, sessionId } = actor
      const ticket = await tickets.sign('download', { fileId, version: found.version, accountId, sessionId, disposition })
      const expiresAt = new Date(now().getTime() + ticketLivesMs.download)
      return { path: `/blob/${ticket}`, expiresAt: expiresAt.toISOString() }
    },

    /** With a ticket of one's own session. What it was given for is asked again, each time. */
    async openTicket(actor: Actor, token: string): Promise<Opened> {
      const { accountId, sessionId } = actor
      const { fileId, version, disposition } = await tickets.verify(token, 'download', { accountId, sessionId })
      return open(actor, fileId, version, disposition)
    },

    /** Whether somebody may still have what is being sent to them. */
    mayStill: (actor: Actor, fileId: FileId): Promise<boolean> =>
      standing(db, actor, fileId).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Refusal && error.failure.code === 'not_found') return false
          throw error
        },
      ),

    restoreVersion: (actor: Actor, { fileId, version }: Input<Hub, 'files.version.restore'>): Promise<File> =>
      work(async (tx, announce) => {
        await holdFiles(tx, [fileId])
        const file = await changeable(tx, actor, fileId)
        const old = await findContent(tx, fileId, version)
        if (!old) throw fail('not_found', 'files.noSuchVersion', { field: 'version' })
        if (old.version === file.version) return shown(file)
        const [at, by] = [now(), actor.accountId]
        await pay(deps, tx, announce, by, old.bytes)
        await useContent(tx, old.blobKey)
        const { blobKey, type, bytes } = old
        await addVersion(tx, { fileId, version: file.version + 1, blobKey, type, bytes, by, at })
        const [row] = await findFiles(tx, [fileId])
        tellChanged(announce, row!)
        return shown({ ...file, ...row! })
      }, alone),
  }
}
