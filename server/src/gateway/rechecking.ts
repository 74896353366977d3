import type { Actor } from '@atrium/platform'

type Id = Actor['sessionId']
export type Standing = (ids: Id[], isInUse: boolean) => Promise<ReadonlySet<string>>
interface Open {
  actor: Pick<Actor, 'sessionId'>
  lookedAt: number
  looks: number
}

const everyMs = 60_000
/** So often a look says that the session is in use, which is a write. */
const inUseEvery = 10

/**
 * A socket may live longer than its session, which ends of itself one day, or sooner than it was to: each is looked at once a
 * minute, those that are due together. Resolves to those whose session is over.
 */
export async function overAmong<C extends Open>(open: Iterable<C>, at: number, standing: Standing): Promise<C[]> {
  const due = [...open].filter(({ lookedAt }) => at - lookedAt >= everyMs)
  if (due.length === 0) return []
  for (const connection of due) connection.lookedAt = at
  const [using, quiet] = [due.filter(({ looks }) => looks % inUseEvery === 0), due.filter(({ looks }) => looks % inUseEvery !== 0)]
  for (const connection of due) connection.looks++
  const ids = (of: C[]) => [...new Set(of.map(({ actor }) => actor.sessionId))]
  const stand = await Promise.all([
    using.length > 0 ? standing(ids(using), true) : new Set<string>(),
    quiet.length > 0 ? standing(ids(quiet), false) : new Set<string>(),
  ])
  return due.filter(({ actor }) => !stand.some((set) => set.has(actor.sessionId)))
}
