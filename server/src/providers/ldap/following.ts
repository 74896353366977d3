import type { Entry } from './connection.ts'
import type { AccountsMirror, Whose } from './mirror.ts'
import type { Words } from './presets.ts'
import { isSameServer, type Source } from './source.ts'

/** How far a mirror is. */
export interface Standing {
  seen: string | null
  listedAt: Date | null
  vanished: number
  /** Something changed since ids were compared. */
  isBehind: boolean
}
export interface Pace {
  /** All ids are compared so often, whatever the server says of changes. */
  listEveryMs: number
  /** And so often at most because something changed: a deletion shows in nothing else. */
  listAtMostEveryMs: number
}
export const usualPace: Pace = { listEveryMs: 10 * 60_000, listAtMostEveryMs: 60_000 }

/** Groups, followed like accounts; what they become is the lists' business. */
export interface GroupsMirror {
  take(words: Words, whose: Whose, from: Source, since?: string): Promise<void>
  /** Compares ids; those that are gone are gone here. */
  compare(words: Words, whose: Whose, from: Source): Promise<void>
}
interface Parts {
  accounts: AccountsMirror
  groups: GroupsMirror
  now: () => Date
  pace: Pace
}
/** How far it is after a look, and what kept somebody out. Undefined: nothing changed. */
export type Looked = Standing & { problem: 'taken' | 'full' | null }

/** So many of a listing are asked for one by one; where more changed all is read again. */
const fewAtMost = 2_000

/** One look at an LDAP server: nothing but one small read where nothing changed. */
export function following({ accounts, groups, now, pace }: Parts) {
  /** Entries that are nobody here, in which version: they are not asked for again and again. */
  const left = new Map<string, string>()
  let problem: Looked['problem'] = null

  async function take(words: Words, whose: Whose, entries: readonly Entry[]): Promise<string[]> {
    const took = await accounts.take(words, whose, entries)
    for (const { id, version, why } of took.left) {
      left.set(id, version)
      problem = why ?? problem
    }
    return took.ids
  }

  /** Everything, as for the first time. */
  async function readAll(from: Source, words: Words, whose: Whose, accepted?: number): Promise<number> {
    const listed = new Set<string>()
    for await (const page of from.accounts()) for (const id of await take(words, whose, page)) listed.add(id)
    const vanished = await accounts.settle(from, whose, await accounts.missing(whose, { listed }), accepted)
    await groups.take(words, whose, from)
    await groups.compare(words, whose, from)
    return vanished
  }

  /** What changed since, but for what was deleted. */
  async function readChanges(from: Source, words: Words, whose: Whose, since: string): Promise<number> {
    for await (const page of from.accounts(since)) await take(words, whose, page)
    const others = new Set<string>()
    for await (const ids of from.others(since)) for (const id of ids) others.add(id)
    const vanished = await accounts.settle(from, whose, await accounts.missing(whose, { left: others }))
    await groups.take(words, whose, from, since)
    return vanished
  }

  /** Compares what is there with what is here: finds deletions, moves, and what was missed. */
  async function compare(from: Source, words: Words, whose: Whose, accepted?: number): Promise<number> {
    const here = await accounts.versions(whose)
    const listed = new Set<string>()
    const stale: string[] = []
    for await (const page of from.listing('account'))
      for (const { id, dn, version } of page) {
        listed.add(id)
        if (!accounts.isCurrent(here.get(id), { dn, version }) && left.get(id) !== version) stale.push(id)
      }
    if (stale.length > fewAtMost) return readAll(from, words, whose, accepted)
    await take(words, whose, await from.byIds('account', stale))
    const vanished = await accounts.settle(from, whose, await accounts.missing(whose, { listed }), accepted)
    await groups.compare(words, whose, from)
    return vanished
  }

  return {
    async look(
      from: Source,
      words: Words,
      whose: Whose,
      before: Standing,
      how: { lists?: boolean; accepted?: number } = {},
    ): Promise<Looked | undefined> {
      const at = now()
      const seen = await from.seen()
      const isNew = seen !== null && (before.seen === null || !isSameServer(before.seen, seen))
      problem = null
      if (before.listedAt === null || isNew) {
        left.clear()
        return { seen, listedAt: at, isBehind: false, vanished: await readAll(from, words, whose, how.accepted), problem }
      }
      const hasChanged = seen !== before.seen
      const isBehind = before.isBehind || hasChanged || seen === null
      let { vanished } = before
      if (hasChanged && seen !== null) vanished = Math.max(vanished, await readChanges(from, words, whose, before.seen!))
      // What was deleted shows in no entry: after a change the ids are compared soon, and now and then in any case.
      const sinceListed = at.getTime() - before.listedAt.getTime()
      const isRound = how.lists === true || sinceListed >= pace.listEveryMs
      if (isRound) left.clear()
      if (isRound || (isBehind && sinceListed >= pace.listAtMostEveryMs))
        return { seen, listedAt: at, isBehind: false, vanished: await compare(from, words, whose, how.accepted), problem }
      return hasChanged ? { seen, listedAt: before.listedAt, isBehind, vanished, problem } : undefined
    },
  }
}
export type Following = ReturnType<typeof following>
