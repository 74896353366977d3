import type { Values } from '@atrium/protocol'

let values = $state.raw<Values>()

/** What holds for me, as soon as it is known (`Mine.svelte` asks): no page waits for it. */
export const own = {
  get values(): Values | undefined {
    return values
  },
  take(next: Values): void {
    values = next
  },
}
