import { fail, type Actor } from '@atrium/platform'
import type { AccountId, FileId, Hub, Input, ListShare, May } from '@atrium/protocol'
import { isShownOnly } from './rules.ts'
import {
  accountTopic,
  alone,
  noSuchFile,
  shareSubject,
  tellChanged,
  tellRevoked,
  type FilesDeps,
  type Seeing,
  type Seen,
} from './service.common.ts'
import { findFiles, holdFiles, toFile } from './store.ts'
import {
  addGathered,
  dropFileLists,
  dropGathered,
  gatheredOn,
  gatherings,
  listsOn,
  setFileList,
  sharedAmong,
  stirFile,
  type Gathered,
} from './store.listed.ts'
import { dropShare, setShare } from './store.shares.ts'

/** A unit holds the file, and announces to everybody whom it is given to. */
const atOnce = 200
interface Wanted {
  may: May
  by: AccountId
}

/**
 * FILE-17  What is shared with a list is given to everybody who is in it, for as long as they are. Whoever had a share of their own
 * keeps that one, and who gave it back is not given it again by the same list.
 */
export function listsService({ db, work, now, reachable, lists }: FilesDeps, { changeable, standing }: Seeing) {
  async function shown({ path }: Pick<Seen, 'path'>): Promise<ListShare[]> {
    const given = await listsOn(
      db,
      path.map(({ id }) => id),
    )
    const rows = new Map((await lists.rows(given.map(({ listId }) => listId))).map((row) => [row.id, row]))
    return given.flatMap(({ listId, at, ...share }) =>
      rows.has(listId) ? [{ list: rows.get(listId)!, ...share, at: at.toISOString() }] : [],
    )
  }

  return {
    async shown(actor: Actor, { fileId }: Input<Hub, 'files.share.lists'>): Promise<ListShare[]> {
      const seen = await standing(db, actor, fileId)
      if (isShownOnly(seen)) throw noSuchFile()
      return shown(seen)
    },

    async share(actor: Actor, { fileId, listId, may }: Input<Hub, 'files.share.list'>): Promise<ListShare[]> {
      // Of a file that one may not see, nothing is said: not even that the list does not exist.
      const seen = await standing(db, actor, fileId)
      if (!(await lists.isKnown(actor, listId))) throw fail('not_found', 'lists.noSuchList', { field: 'listId' })
      await work(async (tx) => {
        await holdFiles(tx, [fileId])
        const file = await changeable(tx, actor, fileId)
        if (file.parentId === null) throw fail('forbidden', 'files.isRoot')
        await setFileList(tx, { fileId, listId, may, by: actor.accountId, at: now() })
        await stirFile(tx, fileId)
      }, alone)
      return shown(seen)
    },

    async unshare(actor: Actor, { fileId, listId }: Input<Hub, 'files.unshare.list'>): Promise<ListShare[]> {
      const seen = await standing(db, actor, fileId)
      await work(async (tx) => {
        await holdFiles(tx, [fileId])
        await changeable(tx, actor, fileId)
        if (!(await listsOn(tx, [fileId])).some((one) => one.listId === listId))
          throw fail('not_found', 'lists.noSuchList', { field: 'listId' })
        await dropFileLists(tx, fileId, [listId])
        await stirFile(tx, fileId)
      }, alone)
      return shown(seen)
    },

    gatherings: () => gatherings(db),

    /** Looks again who is in the lists of a file, and gives and takes accordingly, in portions. */
    async gather(id: string, among?: readonly string[]): Promise<void> {
      const fileId = id as FileId
      const given = await listsOn(db, [fileId])
      const wanted = new Map<AccountId, Wanted>()
      for (const { listId, may, by } of given)
        for (const accountId of await lists.membersOf([listId], among))
          if (wanted.get(accountId)?.may !== 'write') wanted.set(accountId, { may, by })
      const before = await gatheredOn(db, fileId, among)
      const was = new Set(before.map(({ accountId }) => accountId))
      const gone = before.filter(({ accountId }) => !wanted.has(accountId))
      const other = before.filter(
        ({ accountId, hasOwn, may }) => !hasOwn && may !== null && wanted.has(accountId) && wanted.get(accountId)!.may !== may,
      )
      const coming = (await reachable([...wanted.keys()].filter((accountId) => !was.has(accountId)))) as AccountId[]

      for (let from = 0; from < gone.length; from += atOnce) await take(fileId, gone.slice(from, from + atOnce))
      const giving = [...coming, ...other.map(({ accountId }) => accountId)]
      for (let from = 0; from < giving.length; from += atOnce) await give(fileId, giving.slice(from, from + atOnce), wanted)

      const existing = new Set((await lists.rows(given.map(({ listId }) => listId))).map((row): string => row.id))
      const deleted = given.flatMap(({ listId }) => (existing.has(listId) ? [] : [listId]))
      if (deleted.length > 0) await work((tx) => dropFileLists(tx, fileId, deleted))
    },
  }

  function give(fileId: FileId, accountIds: readonly AccountId[], wanted: ReadonlyMap<AccountId, Wanted>): Promise<void> {
    return work(async (tx, announce) => {
      await holdFiles(tx, [fileId])
      const [file] = await findFiles(tx, [fileId])
      if (!file) return
      const known = new Map((await gatheredOn(tx, fileId, accountIds)).map((one) => [one.accountId, one]))
      const shared = await sharedAmong(tx, fileId, accountIds)
      const isOwner = (accountId: string) => file.space === 'personal' && file.spaceId === accountId
      const newcomers = accountIds.filter((accountId) => !known.has(accountId) && !shared.has(accountId) && !isOwner(accountId))
      await addGathered(tx, fileId, newcomers, false)
      await addGathered(
        tx,
        fileId,
        accountIds.filter((accountId) => !known.has(accountId) && shared.has(accountId)),
        true,
      )
      const changed = accountIds.filter((accountId) => known.get(accountId)?.hasOwn === false && known.get(accountId)!.may !== null)
      for (const accountId of [...newcomers, ...changed]) {
        const { may, by } = wanted.get(accountId)!
        await setShare(tx, { fileId, accountId, may, by, at: now() })
        const given = { file: { ...toFile(file, null), isShared: true }, may, by }
        announce(accountTopic(accountId), 'files.share.given', given, { replaces: shareSubject(fileId, accountId) })
        // Who could write and may only read now still has it open to write.
        if (known.get(accountId)?.may === 'write') tellRevoked(announce, fileId, accountId)
      }
      if (!file.isShared && newcomers.length > 0) tellChanged(announce, (await findFiles(tx, [fileId]))[0]!)
    }, alone)
  }

  function take(fileId: FileId, gone: readonly Gathered[]): Promise<void> {
    return work(async (tx, announce) => {
      await holdFiles(tx, [fileId])
      await dropGathered(
        tx,
        fileId,
        gone.map(({ accountId }) => accountId),
      )
      const losing = gone.filter(({ hasOwn, may }) => !hasOwn && may !== null)
      for (const { accountId } of losing) {
        await dropShare(tx, fileId, accountId)
        announce(accountTopic(accountId), 'files.share.taken', { fileId }, { replaces: shareSubject(fileId, accountId) })
        tellRevoked(announce, fileId, accountId)
      }
      const [file] = await findFiles(tx, [fileId])
      if (file && !file.isShared && losing.length > 0) tellChanged(announce, file)
    }, alone)
  }
}
