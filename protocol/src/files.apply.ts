import type { File, files } from './files.ts'
import { compareKeys, sortKeyOf } from './fold.ts'
import type { FactName, Input, Payload, TopicOf } from './kernel.ts'

type FolderFact = { [K in FactName<typeof files>]: TopicOf<typeof files, K> extends `folder:${string}` ? K : never }[FactName<typeof files>]
type Order = Pick<Input<typeof files, 'files.list'>, 'sort' | 'isDescending'>

/** A folder on screen: of what lies in it all, or the first stretch in the order chosen. */
export interface FolderPage extends Order {
  folder: File
  files: readonly File[]
  hasMore: boolean
}

/**
 * From fact to what a folder's page shows. A payload of null is a fact that a later one replaced: that one says all that is
 * still true. What lies behind the stretch on screen is loaded when it is scrolled to.
 */
export const applyFolder: { [K in FolderFact]: (page: FolderPage, payload: Payload<typeof files, K> | null) => FolderPage } = {
  'files.entry.changed': (page, file) => {
    if (!file) return page
    return file.id === page.folder.id ? { ...page, folder: itself(page, file) } : { ...page, files: withEntry(page, file) }
  },
  'files.entry.gone': (page, gone) => (gone ? { ...page, files: page.files.filter(({ id }) => id !== gone.fileId) } : page),
}

/** What lies above is not told to those who may not see it. */
const itself = ({ folder }: FolderPage, file: File): File => ({ ...file, parentId: folder.parentId && file.parentId })

function withEntry({ folder, files, hasMore, ...order }: FolderPage, file: File): File[] {
  const others = files.filter(({ id }) => id !== file.id)
  if (file.parentId !== folder.id || file.trashedAt !== null) return others
  const last = files.at(-1)
  // Between the last one on screen and this one there may be others.
  if (hasMore && (!last || compareEntries(order, file, last) > 0)) return others
  const after = others.findIndex((other) => compareEntries(order, file, other) < 0)
  return others.toSpliced(after === -1 ? others.length : after, 0, file)
}

/** The next stretch, which was read after what is on screen. */
export function withNext(page: FolderPage, next: { files: readonly File[]; hasMore: boolean }): FolderPage {
  const fresh = new Set(next.files.map(({ id }) => id))
  const files = [...page.files.filter(({ id }) => !fresh.has(id)), ...next.files]
  return { ...page, files: files.sort((one, other) => compareEntries(page, one, other)), hasMore: next.hasMore }
}

/** Folders first, then as chosen; what is alike in that by its id. The same order in which the hub lists. */
export function compareEntries({ sort, isDescending }: Order, one: File, other: File): number {
  if ((one.kind === 'folder') !== (other.kind === 'folder')) return one.kind === 'folder' ? -1 : 1
  return (by[sort](one, other) || compareKeys(one.id, other.id)) * (isDescending ? -1 : 1)
}
const by: Record<Order['sort'], (one: File, other: File) => number> = {
  name: (one, other) => compareKeys(sortKeyOf(one.name), sortKeyOf(other.name)),
  changed: (one, other) => compareKeys(one.changedAt, other.changedAt),
  size: (one, other) => one.bytes - other.bytes,
}
