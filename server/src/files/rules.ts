import type { Actor } from '@atrium/platform'
import type { File, May } from '@atrium/protocol'

export type Space = File['space']
/** One folder on the way from the root of a space down to a file, the file itself last; and what the asker was given there. */
export interface Step {
  id: string
  name: string
  isTrashed: boolean
  share: May | null
}
/** What the asker is in the room that a space belongs to. Undefined: nothing. */
export type Place = { isArchived: boolean; isLent: boolean } | undefined

/** FILE-18  Who keeps so much of what they may is told: once, when it is reached. */
export const levels = [100, 90, 80] as const
export const levelOf = (bytes: number, maxBytes: number): number => levels.find((percent) => bytes * 100 >= maxBytes * percent) ?? 0

/** FILE-1  A personal space is its owner's, and nobody else's. Guests have none. */
const inPersonal = (actor: Pick<Actor, 'accountId' | 'kind'>, accountId: string): May | null =>
  actor.kind !== 'guest' && actor.accountId === accountId ? 'write' : null

/** FILE-2  In a room's space, who has a seat writes until the room is archived, and reads after it. */
const inRoom = (actor: Pick<Actor, 'kind'>, place: Place): May | null =>
  place === undefined || isVisitor(actor, place) ? null : place.isArchived ? 'read' : 'write'

/**
 * FILE-14  Guests, and who was lent a seat, do not see what lies in a room's folder. They read the files and documents there that
 * a message shows which they may read, and those as they are now.
 */
export const isVisitor = (actor: Pick<Actor, 'kind'>, place: Place): boolean =>
  place !== undefined && (place.isLent || actor.kind === 'guest')

export const inSpace = (actor: Pick<Actor, 'accountId' | 'kind'>, space: Space, place: Place): May | null =>
  space.kind === 'personal' ? inPersonal(actor, space.accountId) : inRoom(actor, place)

/** What one may do with a file, where it is seen from, and whether it lies in the trash. */
export interface Sight {
  may: May
  /** From the topmost folder that one sees, the file itself last. */
  path: readonly Step[]
  isTrashed: boolean
  /** What it is seen by: the space it lies in, a share of it or of something above it, or what shows it (FILE-14, FILE-16). */
  by: 'space' | 'share' | Showing
}
type Showing = 'message' | 'document'

/**
 * FILE-3  What is shared with somebody is given with all that lies in it, until it or something above it is trashed.
 * FILE-4  What lies in the trash, itself or by a folder above it, is seen only by those who may write where it lay.
 * FILE-5  Who may neither read by the space nor by a share does not know that it exists.
 */
export function sightOf(steps: readonly Step[], bySpace: May | null, shownBy?: Showing): Sight | undefined {
  const firstTrashed = steps.findIndex(({ isTrashed }) => isTrashed)
  const isTrashed = firstTrashed !== -1
  const standing = isTrashed ? steps.slice(0, firstTrashed) : steps
  const from = bySpace ? 0 : standing.findIndex(({ share }) => share !== null)
  if (from === -1) return shownBy && !isTrashed ? { may: 'read', path: steps.slice(-1), isTrashed, by: shownBy } : undefined
  const may = bySpace === 'write' || standing.some(({ share }) => share === 'write') ? 'write' : 'read'
  return isTrashed && may === 'read' ? undefined : { may, path: steps.slice(from), isTrashed, by: bySpace ? 'space' : 'share' }
}

/**
 * FILE-16  A picture in a document is read by whoever may read the document. It is put there by somebody who may write both, as
 * whoever may write may share.
 */
export const mayEmbed = (document: Pick<File, 'kind'> & Sight, picture: Pick<File, 'kind'> & Sight): boolean =>
  document.kind === 'document' && picture.kind === 'file' && mayWrite(document) && mayWrite(picture)

// FILE-17 (what is shared with a list is given to who is in it, for as long as they are) is `gather` of service.lists.ts.

/** Nothing of it is seen but what it is now. */
export const isShownOnly = ({ by }: Pick<Sight, 'by'>): boolean => by === 'message' || by === 'document'

export const mayWrite = ({ may }: Pick<Sight, 'may'>): boolean => may === 'write'

/**
 * FILE-15  What is shared stays with those who share it: whoever has it by a share alone neither trashes nor moves the shared
 * thing itself, nor takes out of the space what lies in it. `isAway`: it is to lie in another space.
 */
export const mayTake = ({ by, path }: Pick<Sight, 'by' | 'path'>, isAway: boolean): boolean =>
  by === 'space' || (by === 'share' && path.length > 1 && !isAway)

/** FILE-6  A folder lies neither in itself nor deeper than this. `height`: how deep the deepest below it lies. */
export const maxDepth = 40
export const liesIn = (steps: readonly Pick<Step, 'id'>[], folderId: string): boolean => steps.some(({ id }) => id === folderId)
export const isTooDeep = (folder: readonly unknown[], height: number): boolean => folder.length + height > maxDepth

/** FILE-7  In a folder, a name is used once, whatever its capitals. */
export const nameKey = (name: string): string => name.normalize('NFKC').toLowerCase()

/** FILE-8  What is put where its name is taken gets a number before its ending: `Plan (2).pdf`. */
export function numbered(name: string, kind: File['kind'], isTaken: (key: string) => boolean): string {
  const dot = kind === 'file' ? name.lastIndexOf('.') : -1
  const [stem, ending] = dot > 0 && name.length - dot <= 20 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  for (let n = 1; ; n++) {
    const number = n === 1 ? '' : ` (${n})`
    const tried = `${shortened(stem, maxName - ending.length - number.length)}${number}${ending}`
    if (!isTaken(nameKey(tried))) return tried
  }
}
const maxName = 200
/** Never half a character. */
const shortened = (text: string, length: number): string =>
  text.length <= length
    ? text
    : text
        .slice(0, length)
        .toWellFormed()
        .replace(/\ufffd$/, '')

// FILE-9 (whoever brings bytes in pays for them, wherever they lie, and for as long as a version has them) is `takeRoom`: two
// uploads at once must not both take what is left, so the statement that writes decides.

/** FILE-10  What lies in the trash is deleted for ever after thirty days. */
export const trashLivesMs = 30 * 24 * 60 * 60 * 1_000
/** FILE-11  An upload that is not complete after a day is over; one that is, is remembered for as long. */
export const uploadLivesMs = 24 * 60 * 60 * 1_000

/** FILE-12  What a browser shows in our origin are pictures, sound, video and plain text; everything else is saved. */
export function inlineType(type: string): string | undefined {
  if (['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif', 'application/pdf'].includes(type)) return type
  if (/^(audio|video)\/[a-z0-9.+-]+$/.test(type)) return type
  return type === 'text/plain' ? 'text/plain; charset=utf-8' : undefined
}

/** FILE-13  Only what lies in the room's own space, and its sender may read, is sent in a message. */
export const mayAttach = (space: Space, roomId: string, sight: Sight | undefined): boolean =>
  space.kind === 'room' && space.roomId === roomId && sight !== undefined && !sight.isTrashed && sight.by !== 'document'
