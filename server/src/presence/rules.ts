import type { Presence, PresenceChoice } from '@atrium/protocol'

export interface Screens {
  isOpen: boolean
  /** One of them was touched within the last five minutes. */
  isActive: boolean
}

/** PRES-1  Nobody is there without an open screen, whatever they chose. What they chose shows while one is open; `auto` follows the screens. */
export function stateOf({ isOpen, isActive }: Screens, choice: PresenceChoice): Presence['state'] {
  if (!isOpen) return 'offline'
  if (choice !== 'auto') return choice
  return isActive ? 'available' : 'away'
}

// PRES-4 (whoever does not want to be seen here is seen as absent: a preference of theirs) is `of` in service.ts.

/** PRES-2  A screen that closed counts for a few seconds more: a page that is loaded again is no absence. */
export const graceMs = 5_000

/** PRES-3  What a process says of its screens holds for this long; a process that died says nothing more. */
export const livesMs = 45_000
export const renewEveryMs = 15_000
