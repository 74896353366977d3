import { setTimeout as pause } from 'node:timers/promises'
import { fail, type Bus, type Node, type Placement } from '@atrium/platform'

const topic = 'uploads:all'
const leaseMs = 10_000
const patienceMs = 15_000
const lookEveryMs = 200

/** One at a time goes on with an upload, in whichever process. */
export interface Hold {
  release(): Promise<void>
}

/**
 * Holds uploads by leases. Who comes later is the person whose connection broke without our noticing: the one before is asked
 * to let go. What an earlier run of this very process held is ours at once; whoever waits for it elsewhere has it when we are
 * asked, not when the lease of the dead ends.
 */
export function holding({ bus, placement, node, newId }: { bus: Bus; placement: Placement; node: Node; newId: () => string }) {
  const held = new Map<string, () => void>()
  const unsubscribe = bus.subscribe(topic, ({ payload }) => {
    const { id, standing = '' } = payload as { id: string; standing?: string }
    held.get(id)?.()
    // It is asked for again until it is let go: what fails now succeeds then.
    if (isOfEarlierRun(standing, node)) placement.release(keyOf(id), standing).catch(() => {})
  })

  return {
    /** `onWanted`: somebody else is waiting. Refuses with `conflict` when it is not let go. */
    async hold(id: string, onWanted: () => void, signal?: AbortSignal): Promise<Hold> {
      const key = keyOf(id)
      const holder = `${node.id}/${newId()}`
      const end = performance.now() + patienceMs
      for (;;) {
        const { node: standing } = await placement.take(key, holder, leaseMs)
        if (standing === holder) break
        if (isOfEarlierRun(standing, node)) {
          await placement.release(key, standing)
          continue
        }
        if (performance.now() > end || signal?.aborted) throw fail('conflict', 'files.uploadBusy')
        bus.publish({ topic, name: 'uploads.wanted', payload: { id, standing }, seq: null })
        await pause(lookEveryMs)
      }
      held.set(id, onWanted)
      const renewing = setInterval(() => void placement.renew(key, holder, leaseMs).catch(() => {}), leaseMs / 3)
      return {
        async release() {
          clearInterval(renewing)
          if (held.get(id) === onWanted) held.delete(id)
          // A database that is away lets go by itself.
          await placement.release(key, holder).catch(() => {})
        },
      }
    },
    stop: unsubscribe,
  }
}
export type Holding = ReturnType<typeof holding>

const keyOf = (id: string): string => `upload:${id}`
const isOfEarlierRun = (holder: string, { id, name }: Node): boolean => holder.startsWith(`${name}~`) && !holder.startsWith(`${id}/`)
