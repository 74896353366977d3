import { fail, type Actor } from '@atrium/platform'
import type { AccountId, AttributeKey, Values } from '@atrium/protocol'

type Switch = Extract<AttributeKey, `features.${string}` | `meetings.may${string}`>
type Handler = (actor: any, ...asked: any[]) => Promise<unknown>

/** How long somebody may still do what has just been switched off for them. */
const keptMs = 1_000
const most = 10_000

/**
 * What is switched off for somebody is refused, whatever they ask of it. Guests are in a meeting by its link: what is switched off
 * are other people's things.
 */
export function features(valuesOf: (id: AccountId) => Promise<Values>) {
  const kept = new Map<AccountId, { values: Promise<Values>; until: number }>()

  function valuesNow(id: AccountId): Promise<Values> {
    const at = performance.now()
    const known = kept.get(id)
    if (known && known.until > at) return known.values
    const values = valuesOf(id)
    values.catch(() => kept.delete(id))
    // In the order in which they were asked for, so the oldest is the first.
    kept.delete(id)
    if (kept.size >= most) kept.delete(kept.keys().next().value!)
    kept.set(id, { values, until: at + keptMs })
    return values
  }

  async function may(actor: Pick<Actor, 'accountId' | 'kind'>, key: Switch): Promise<boolean> {
    return actor.kind === 'guest' || (await valuesNow(actor.accountId))[key]
  }

  return {
    may,
    valuesNow,
    /** These operations for whom it is on; `always` says which of them are answered anyway: what a page asks before it knows. */
    gated<H extends Record<string, Handler>>(handlers: H, key: Switch, always: readonly (keyof H)[] = []): H {
      const gate =
        (run: Handler): Handler =>
        async (actor: Actor | undefined, ...asked) => {
          if (actor && !(await may(actor, key))) throw fail('forbidden', 'accounts.featureOff', { params: { feature: key } })
          return run(actor, ...asked)
        }
      return Object.fromEntries(Object.entries(handlers).map(([name, run]) => [name, always.includes(name) ? run : gate(run)])) as H
    },
  }
}
