import type { Announce } from '@atrium/platform'
import type { AccountId, Person } from '@atrium/protocol'
import { freeName, ownSpace, rootOf, tellChanged, type FilesDeps } from './service.common.ts'
import { findSpace } from './store.deleting.ts'
import { findFiles, holdSpaces, place, type Tx } from './store.ts'
import { handVersions } from './store.versions.ts'

/**
 * FILE-19  Whoever goes may leave all they have to somebody: their space, trash and shares included, becomes a folder of the other's,
 * who pays for it from then on, also beyond what they may keep.
 */
export async function handOver(
  { now, newId }: Pick<FilesDeps, 'now' | 'newId'>,
  tx: Tx,
  announce: Announce,
  from: Pick<Person, 'id' | 'name'>,
  to: AccountId,
): Promise<void> {
  const rootId = await findSpace(tx, from.id)
  if (!rootId) return
  const home = await rootOf(tx, ownSpace(to), { by: to, at: now(), newId })
  await holdSpaces(tx, [rootId, home.id])
  await place(tx, rootId, home, await freeName(tx, home, from.name, 'folder'))
  await handVersions(tx, rootId, from.id, to)
  const [folder] = await findFiles(tx, [rootId])
  tellChanged(announce, folder!)
}
