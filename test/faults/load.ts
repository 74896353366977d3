import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '@atrium/platform/testing'
import { judge, type Verdict } from './checker.ts'
import type { Seeded } from './seed.ts'
import type { Town } from './town.ts'
import type { Attempt, Witness } from './witness.ts'

/** People talk at a rate that does not ask whether the hub keeps up: each send is due at its time, whatever became of the last. */
export async function talk(
  witnesses: readonly Witness[],
  rooms: readonly string[],
  chance: Seeded,
  { perSecond, ms }: { perSecond: number; ms: number },
): Promise<Promise<Attempt>[]> {
  const begun = performance.now()
  const sends: Promise<Attempt>[] = []
  for (let n = 0; n < (perSecond * ms) / 1_000; n++) {
    const due = begun + (n * 1_000) / perSecond
    if (due > performance.now()) await sleep(due - performance.now())
    sends.push(chance.one(witnesses).send(chance.one(rooms), `word ${n}`))
  }
  return sends
}

/** Waits until everything asked was answered and every screen has caught up, and compares with what is stored. */
export async function verdictOf(
  town: Town,
  witnesses: readonly Witness[],
  sends: readonly Promise<Attempt>[],
  settleMs = 20_000,
): Promise<Verdict> {
  const settled = Promise.all(sends)
  await Promise.race([settled, sleep(settleMs, undefined, { ref: false })])
  const stored = await town.stored()
  const newest = new Map([...stored].map(([roomId, messages]) => [roomId, messages.at(-1)?.seq ?? 0]))
  await until(
    'every screen has caught up',
    () => witnesses.every((witness) => [...witness.screens.keys()].every((roomId) => witness.lastOf(roomId) >= newest.get(roomId)!)),
    settleMs,
  ).catch(() => {}) // who did not is counted as divergent
  return judge(witnesses, stored)
}
