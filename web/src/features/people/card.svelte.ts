import type { AccountId } from '@atrium/protocol'

let id = $state<AccountId>()
let isOffered = $state(false)

/** Whose card is shown, on whatever page; it is drawn by what comes after the page (`Mine.svelte`). */
export const card = {
  get id(): AccountId | undefined {
    return id
  },
  /** Beside a meeting, and before the page is whole, there is none. */
  get isOffered(): boolean {
    return isOffered
  },
  offer(): () => void {
    isOffered = true
    return () => void (isOffered = false)
  },
  open(whose: AccountId): void {
    id = whose
  },
  close(): void {
    id = undefined
  },
}
