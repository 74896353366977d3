import type { Readable } from 'node:stream'
import { fail, type Actor, type Database, type House, type Tx } from '@atrium/platform'
import type { Hub, Input, Output, Picture, PictureId } from '@atrium/protocol'
import { inspect, receive } from './inspect.ts'
import { isFree, isTooLarge, unusedLivesMs, whoSees, type Use } from './rules.ts'
import {
  addPicture,
  findPicture,
  holdPictures,
  isBlobShown,
  ofDomain,
  ofMessages,
  ofProfile,
  removePictures,
  usePictures,
  type Found,
  type PictureTables,
} from './store.ts'

export interface PicturesDeps extends Database<PictureTables> {
  blobs: Pick<House['blobs'], 'put' | 'get' | 'delete'>
  tickets: Pick<House['tickets'], 'sign' | 'verify'>
  jobs: Pick<House['jobs'], 'enqueue'>
  /** Whether somebody may read what was said there. */
  maySee: (actor: Actor, roomId: string, seq: number) => Promise<boolean>
  now: () => Date
  newId: () => string
}

export const sweepJob = 'pictures.sweep'
export const dropJob = 'pictures.drop'
const noSuchPicture = () => fail('not_found', 'pictures.noSuchPicture')

export function picturesService({ db, work, blobs, tickets, jobs, maySee, now, newId }: PicturesDeps) {
  /** A blob goes after the unit has committed, by a job: a crash in between may not leave it lying for ever. */
  async function remove(tx: Tx, pictures: readonly Found[]): Promise<void> {
    for (const key of await removePictures(tx, pictures)) await jobs.enqueue(tx, dropJob, { key })
  }

  /** The bytes are in the store under `key`. Keeps them, or says why not. */
  async function keep(
    actor: Actor,
    said: { pictureId: PictureId; type: string },
    stored: { bytes: number; sha256: string },
    head: Buffer,
    key: string,
  ) {
    const real = inspect(head)
    if (!real || real.type !== said.type) throw fail('invalid', 'pictures.notAPicture')
    const picture: Picture = { id: said.pictureId, ...real, bytes: stored.bytes }
    if (isTooLarge(picture)) throw fail('too_large', 'pictures.tooLarge')

    const kept = await work(async (tx) => {
      const kept = await addPicture(tx, { picture, ownerId: actor.accountId, sha256: stored.sha256, blobKey: key, receivedAt: now() })
      await jobs.enqueue(tx, sweepJob, { id: picture.id }, { runAt: new Date(now().getTime() + unusedLivesMs) })
      return kept
    })
    if (kept === undefined) throw fail('conflict', 'pictures.alreadyUsed')
    return { picture, isNewBlob: kept === key }
  }

  return {
    /** Writes nothing: all there is to know is in the ticket. */
    async begin(actor: Actor, { type, bytes }: Input<Hub, 'pictures.begin'>): Promise<Output<Hub, 'pictures.begin'>> {
      const id = newId() as PictureId
      const { accountId, sessionId } = actor
      return { id, path: `/upload/${await tickets.sign('upload', { pictureId: id, accountId, sessionId, bytes, type })}` }
    },

    async receive(actor: Actor, token: string, content: Readable): Promise<Picture> {
      const said = await tickets.verify(token, 'upload', { accountId: actor.accountId, sessionId: actor.sessionId })
      // Sent again because the answer was lost: the same place holds the same picture.
      const earlier = await findPicture(db, said.pictureId)
      if (earlier) {
        content.resume()
        if (earlier.ownerId !== actor.accountId) throw noSuchPicture()
        return earlier.picture
      }

      const key = newId()
      const { through, head, bytes } = receive(content, said.bytes)
      const stored = await blobs.put(key, through)
      try {
        if (bytes() !== said.bytes) throw fail('invalid', 'pictures.wrongLength')
        const { picture, isNewBlob } = await keep(actor, said, stored, head(), key)
        if (!isNewBlob) await blobs.delete(key)
        return picture
      } catch (error) {
        await blobs.delete(key)
        throw error
      }
    },

    async open(actor: Actor | undefined, pictureId: string): Promise<{ type: string; bytes: number; content: Readable }> {
      const found = await findPicture(db, pictureId)
      if (!found || !(await sees(actor, found))) throw actor ? noSuchPicture() : fail('unauthenticated', 'unauthenticated')
      const { type, bytes } = found.picture
      return { type, bytes, content: await blobs.get(found.blobKey) }
    },

    attach,

    async release(tx: Tx, messageIds: readonly string[]): Promise<void> {
      await remove(tx, await ofMessages(tx, messageIds))
    },

    async setProfile(tx: Tx, accountId: string, picture: PictureId | null): Promise<void> {
      const old = await ofProfile(tx, accountId)
      if (picture !== null) await attach(tx, accountId, [picture], { kind: 'profile', accountId })
      await remove(tx, old)
    },

    /** These are what a domain looks like from now on; those it had and has no more are let go. */
    async setLook(tx: Tx, by: string, domainId: string, pictures: readonly PictureId[]): Promise<void> {
      const old = await ofDomain(tx, domainId)
      const fresh = pictures.filter((id) => !old.some(({ picture }) => picture.id === id))
      if (fresh.length > 0) await attach(tx, by, fresh, { kind: 'look', domainId })
      await remove(
        tx,
        old.filter(({ picture }) => !pictures.includes(picture.id)),
      )
    },

    /** A day after it came: nobody used it. */
    async sweep({ id }: { id: string }): Promise<void> {
      await work(async (tx) => remove(tx, (await holdPictures(tx, [id])).filter(isFree)))
    },

    /** What nothing shows is never shown again: only rows are found by their content, and there is none. */
    async drop({ key }: { key: string }): Promise<void> {
      if (!(await isBlobShown(db, key))) await blobs.delete(key)
    },
  }

  async function attach(tx: Tx, ownerId: string, ids: readonly string[], use: Exclude<Use, { kind: 'none' }>): Promise<Picture[]> {
    const found = new Map((await holdPictures(tx, ids)).map((one) => [one.picture.id as string, one]))
    const pictures = ids.map((id) => {
      const one = found.get(id)
      if (!one || one.ownerId !== ownerId) throw noSuchPicture()
      if (!isFree(one)) throw fail('conflict', 'pictures.alreadyUsed')
      return one.picture
    })
    if (new Set(ids).size < ids.length) throw fail('conflict', 'pictures.alreadyUsed')
    if ((await usePictures(tx, ids, use)) < ids.length) throw fail('conflict', 'pictures.alreadyUsed')
    return pictures
  }

  async function sees(actor: Actor | undefined, { ownerId, use }: Found): Promise<boolean> {
    switch (whoSees(actor, { ownerId, use })) {
      case 'everybody':
      case 'owner':
        return true
      case 'nobody':
        return false
      case 'readers':
        return actor !== undefined && use.kind === 'message' && maySee(actor, use.roomId, use.seq)
    }
  }
}
