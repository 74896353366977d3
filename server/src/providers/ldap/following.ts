import { isAny, type Answered, type Vanished } from '../rules.ts'
import type { Entry } from './connection.ts'
import type { AccountsMirror, Whose } from './mirror.ts'
import type { Words } from './presets.ts'
import { isSameServer, type Gone, type Source } from './source.ts'
import { Trouble } from './trouble.ts'

/** How far a mirror is. */
export interface Standing {
  seen: string | null
  listedAt: Date | null
  /** What the server had said when all was known that was deleted there. */
  settled: string | null
  vanished: Vanished
}
export interface Pace {
  /** All ids are compared so often, whatever the server says of changes. */
  listEveryMs: number
  /** And so often at most because something changed, where the server does not say what was deleted. */
  listAtMostEveryMs: number
}
export const usualPace: Pace = { listEveryMs: 10 * 60_000, listAtMostEveryMs: 60_000 }

/** Groups, followed like accounts; what they become is the lists' business. */
export interface GroupsMirror {
  take(words: Words, whose: Whose, from: Source, since?: string): Promise<void>
  /** These, as they stand there. */
  read(words: Words, whose: Whose, from: Source, entries: readonly Entry[]): Promise<void>
  /** Whether one of them is a group here. */
  isAmong(whose: Whose, said: Exclude<Gone, 'some'>): Promise<boolean>
  /** Compares ids; those that are gone are gone here, unless there are too many: then it says how many. */
  compare(words: Words, whose: Whose, from: Source, answered: Answered): Promise<number>
}
interface Parts {
  accounts: AccountsMirror
  groups: GroupsMirror
  now: () => Date
  pace: Pace
}
/** How far it is after a look, and what kept somebody out. Undefined: nothing changed. */
export type Looked = Standing & { problem: 'taken' | 'full' | null }

/** A server that names all who are there rests so many times as long as that took. */
const restsTimes = 5

/** So many of a listing are asked for one by one; where more changed all is read again. */
const fewAtMost = 2_000

/** One look at an LDAP server: nothing but one small read where nothing changed. */
export function following({ accounts, groups, now, pace }: Parts) {
  /** Entries that are nobody here, in which version: they are not asked for again and again. */
  const left = new Map<string, string>()
  let problem: Looked['problem'] = null
  /** What the server had said of itself when it was last asked for deletions, and when it is asked again at the earliest. */
  const asked = { at: null as string | null, againFrom: 0 }
  /** Somebody came since groups were compared: a group that lacked them has them by now. */
  const ofGroups = { isDue: false, comparedAt: 0 }

  async function take(words: Words, whose: Whose, entries: readonly Entry[]): Promise<string[]> {
    const took = await accounts.take(words, whose, entries)
    for (const { id, version, why } of took.left) {
      left.set(id, version)
      problem = why ?? problem
    }
    return took.ids
  }

  /** Behind the accounts: while somebody is asked about those, no group goes either. */
  async function compareGroups(from: Source, words: Words, whose: Whose, answered: Answered, accounts: number): Promise<Vanished> {
    const lists = await groups.compare(words, whose, from, { ...answered, asked: { lists: answered.asked?.lists ?? 0, accounts } })
    ofGroups.isDue = false
    ofGroups.comparedAt = now().getTime()
    return { accounts, lists }
  }

  /** Everything, as for the first time. */
  async function readAll(from: Source, words: Words, whose: Whose, answered: Answered): Promise<Vanished> {
    const listed = new Set<string>()
    for await (const page of from.accounts()) for (const id of await take(words, whose, page)) listed.add(id)
    const vanished = await accounts.settle(from, whose, await accounts.missing(whose, { listed }), answered)
    await groups.take(words, whose, from)
    return compareGroups(from, words, whose, answered, vanished)
  }

  /** What changed since, but for what was deleted. */
  async function readChanges(from: Source, words: Words, whose: Whose, since: string, answered: Answered): Promise<number> {
    for await (const page of from.accounts(since)) if ((await take(words, whose, page)).length > 0) ofGroups.isDue = true
    const others = new Set<string>()
    for await (const ids of from.others(since)) for (const id of ids) others.add(id)
    const vanished = await accounts.settle(from, whose, await accounts.missing(whose, { left: others }), answered)
    await groups.take(words, whose, from, since)
    return vanished
  }

  /** What was deleted since, as far as the server says it. `settled`: that is all of it; `unclear`: only a comparison shows it. */
  async function readDeletions(from: Source, words: Words, whose: Whose, since: string, before: Vanished, answered: Answered) {
    const began = now().getTime()
    const said = await from.gone(since)
    if (said === undefined) return { is: 'unsaid' as const, vanished: before }
    if (said === 'some') return { is: 'unclear' as const, vanished: before }
    if ('listed' in said) asked.againFrom = now().getTime() + Math.min(pace.listAtMostEveryMs, (now().getTime() - began) * restsTimes)
    try {
      const left = await accounts.settle(from, whose, await accounts.missing(whose, said), answered)
      const known = { ...before, accounts: Math.max(before.accounts, left) }
      const vanished = (await groups.isAmong(whose, said)) ? await compareGroups(from, words, whose, answered, known.accounts) : known
      return { is: said.isAll && !isAny(vanished) ? ('settled' as const) : ('unsaid' as const), vanished }
    } catch (error) {
      // It says of somebody that they are not there, and has them.
      if (error instanceof Trouble && error.what === 'truncated') return { is: 'unclear' as const, vanished: before }
      throw error
    }
  }

  /** Compares what is there with what is here: finds deletions, moves, and what was missed. */
  async function compare(from: Source, words: Words, whose: Whose, answered: Answered): Promise<Vanished> {
    const here = await accounts.versions(whose)
    const listed = new Set<string>()
    const stale: string[] = []
    for await (const page of from.listing('account'))
      for (const { id, dn, version } of page) {
        listed.add(id)
        if (!accounts.isCurrent(here.get(id), { dn, version }) && left.get(id) !== version) stale.push(id)
      }
    if (stale.length > fewAtMost) return readAll(from, words, whose, answered)
    await take(words, whose, await from.byIds('account', stale))
    const vanished = await accounts.settle(from, whose, await accounts.missing(whose, { listed }), answered)
    return compareGroups(from, words, whose, answered, vanished)
  }

  return {
    async look(
      from: Source,
      words: Words,
      whose: Whose,
      before: Standing,
      how: { lists?: boolean; accepted?: Vanished } = {},
    ): Promise<Looked | undefined> {
      const at = now()
      const answered = { accepted: how.accepted, asked: how.accepted ? undefined : before.vanished }
      const seen = await from.seen()
      const isNew = seen !== null && (before.seen === null || !isSameServer(before.seen, seen))
      problem = null
      if (before.listedAt === null || isNew) {
        left.clear()
        const vanished = await readAll(from, words, whose, answered)
        return { seen, settled: seen, listedAt: at, vanished, problem }
      }
      const hasChanged = seen !== before.seen
      let { vanished, settled } = before
      if (hasChanged && seen !== null)
        vanished = { ...vanished, accounts: Math.max(vanished.accounts, await readChanges(from, words, whose, before.seen!, answered)) }

      // What was deleted shows in no entry: the server says it, or the ids are compared soon after a change, and now and then in any case.
      const sinceListed = at.getTime() - before.listedAt.getTime()
      const isRound = how.lists === true || sinceListed >= pace.listEveryMs
      let isUnclear = false
      if (!isRound && seen !== null && settled !== null && settled !== seen && asked.at !== seen && at.getTime() >= asked.againFrom) {
        asked.at = seen
        const said = await readDeletions(from, words, whose, settled, vanished, answered)
        vanished = said.vanished
        // While an administrator is asked, only a comparison shows whether those who vanished are back.
        if (said.is === 'settled') settled = seen
        isUnclear = said.is === 'unclear'
      }
      if (isRound) left.clear()
      const isBehind = seen === null || settled !== seen
      if (isRound || isUnclear || (isBehind && sinceListed >= pace.listAtMostEveryMs))
        return { seen, settled: seen, listedAt: at, vanished: await compare(from, words, whose, answered), problem }
      if (ofGroups.isDue && at.getTime() - ofGroups.comparedAt >= pace.listAtMostEveryMs)
        vanished = await compareGroups(from, words, whose, answered, vanished.accounts)
      const isNews = hasChanged || settled !== before.settled || vanished.lists !== before.vanished.lists
      return isNews ? { seen, settled, listedAt: before.listedAt, vanished, problem } : undefined
    },
  }
}
export type Following = ReturnType<typeof following>
