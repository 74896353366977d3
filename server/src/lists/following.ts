import { sql } from 'kysely'
import type { Database } from '@atrium/platform'
import { below } from './store.members.ts'
import { open, type ListTables } from './store.ts'

/** Something whose people follow lists: a room, or a file that is shared. */
export interface Gathering {
  id: string
  listIds: readonly string[]
}
export interface Follower {
  gatherings: () => Promise<Gathering[]>
  /** Looks again who is in its lists: all, or of these accounts. */
  gather: (id: string, among?: readonly string[]) => Promise<void>
}
interface Deps extends Pick<Database<ListTables>, 'db' | 'work'> {
  followers: readonly Follower[]
}
interface Stirred {
  id: number
  accountId: string | null
  listId: string | null
  /** What was itself brought under a list, or out of one. */
  builtId: string | null
}
const mostAtOnce = 10_000

/**
 * What is built on lists follows them. What may have changed stands in a table; it is taken from there when everything has
 * followed, so a process that ends between leaves it to the next. Two that look at once do the same thing twice, which is harmless.
 */
export function following({ db, work, followers }: Deps) {
  return async function follow(): Promise<void> {
    const { rows } = await sql<Stirred>`
      select id, account_id, list_id, coalesce(room_id, file_id) as built_id from list_stirred order by id limit ${mostAtOnce}`.execute(
      open(db),
    )
    if (rows.length === 0) return
    const isAll = rows.some(({ accountId, listId, builtId }) => !accountId && !listId && !builtId)
    const of = (key: 'accountId' | 'listId' | 'builtId') => new Set(rows.flatMap((row) => row[key] ?? []))
    const [accounts, lists, built] = [of('accountId'), of('listId'), of('builtId')]
    for (const { gatherings, gather } of followers)
      for (const { id, listIds } of await gatherings()) {
        const inside = lists.size > 0 ? [...listIds, ...(await below(db, listIds)).map((list) => list.id)] : []
        if (isAll || built.has(id) || inside.some((listId) => lists.has(listId))) await gather(id)
        else if (accounts.size > 0) await gather(id, [...accounts])
      }
    await work((tx) => sql`delete from list_stirred where id = any(${rows.map(({ id }) => id)}::bigint[])`.execute(tx))
  }
}
