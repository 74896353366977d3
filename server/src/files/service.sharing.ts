import { fail, type Actor } from '@atrium/platform'
import type { Hub, Input, Share } from '@atrium/protocol'
import { mayEmbed } from './rules.ts'
import {
  accountTopic,
  alone,
  noSuchFile,
  readOnly,
  shareSubject,
  tellChanged,
  tellRevoked,
  type FilesDeps,
  type Seeing,
} from './service.common.ts'
import { findFiles, holdFiles, toFile } from './store.ts'
import { keepGathered } from './store.listed.ts'
import { addPictures } from './store.pictures.ts'
import { dropShare, findShare, givenAmong, seeShares, setShare } from './store.shares.ts'

export function sharingService({ db, work, now, peopleOf }: FilesDeps, { changeable, standing }: Seeing) {
  /** Guests are here for a meeting: nothing is shared with them. */
  async function mustBeHere(accountId: string): Promise<void> {
    const [person] = await peopleOf(db, [accountId])
    if (person?.kind !== 'person' || !['active', 'invited'].includes(person.status))
      throw fail('not_found', 'files.noSuchPerson', { field: 'accountId' })
  }

  return {
    async share(actor: Actor, { fileId, accountId, may }: Input<Hub, 'files.share'>): Promise<Share> {
      // Of a file that one may not see, nothing is said: not even that the person does not exist.
      await standing(db, actor, fileId)
      await mustBeHere(accountId)
      return work(async (tx, announce) => {
        await holdFiles(tx, [fileId])
        const file = await changeable(tx, actor, fileId)
        if (file.parentId === null) throw fail('forbidden', 'files.isRoot')
        if (accountId === actor.accountId || (file.space === 'personal' && file.spaceId === accountId))
          throw fail('conflict', 'files.notYourself', { field: 'accountId' })
        await keepGathered(tx, fileId, accountId)
        const before = await findShare(tx, fileId, accountId)
        if (before?.may === may) return before

        const at = now()
        await setShare(tx, { fileId, accountId, may, by: actor.accountId, at })
        const [row] = await findFiles(tx, [fileId])
        const given = { file: toFile(row!, null), may, by: actor.accountId }
        announce(accountTopic(accountId), 'files.share.given', given, { replaces: shareSubject(fileId, accountId) })
        if (!file.isShared) tellChanged(announce, row!)
        // Who could write and may only read now still has it open to write.
        if (before?.may === 'write') tellRevoked(announce, fileId, accountId)
        return { fileId, accountId, may, by: actor.accountId, at: at.toISOString() }
      }, alone)
    },

    /** By who may write, or by the person itself, who wants it no more. */
    async unshare(actor: Actor, { fileId, accountId }: Input<Hub, 'files.unshare'>): Promise<Record<string, never>> {
      await standing(db, actor, fileId)
      if (!(await findShare(db, fileId, accountId))) await mustBeHere(accountId)
      return work(async (tx, announce) => {
        await holdFiles(tx, [fileId])
        if (accountId === actor.accountId) await standing(tx, actor, fileId)
        else await changeable(tx, actor, fileId)
        if (!(await findShare(tx, fileId, accountId))) return {}
        await dropShare(tx, fileId, accountId)
        announce(accountTopic(accountId), 'files.share.taken', { fileId }, { replaces: shareSubject(fileId, accountId) })
        tellRevoked(announce, fileId, accountId)
        const [row] = await findFiles(tx, [fileId])
        if (!row) throw noSuchFile()
        if (!row.isShared) tellChanged(announce, row)
        return {}
      }, alone)
    },

    see: (actor: Actor, { fileIds }: Input<Hub, 'files.shared.see'>): Promise<Record<string, never>> =>
      work(async (tx, announce) => {
        const given = await givenAmong(tx, actor.accountId, fileIds)
        if (fileIds.some((id) => !given.has(id))) throw noSuchFile('fileIds')
        const seen = await seeShares(tx, actor.accountId, fileIds, now())
        if (seen.length > 0) announce(accountTopic(actor.accountId), 'files.share.seen', { fileIds: seen })
        return {}
      }),

    async embed(actor: Actor, { documentId, fileIds }: Input<Hub, 'files.embed'>): Promise<Record<string, never>> {
      await standing(db, actor, documentId, 'documentId')
      return work(async (tx) => {
        await holdFiles(tx, [documentId, ...fileIds])
        const document = await standing(tx, actor, documentId, 'documentId')
        for (const id of fileIds) if (!mayEmbed(document, await standing(tx, actor, id, 'fileIds'))) throw readOnly()
        await addPictures(tx, documentId, fileIds)
        return {}
      }, alone)
    },
  }
}
