import { createContext } from 'svelte'
import type { AccountId, RoomEntry, RoomId } from '@atrium/protocol'
import type { Kept } from '#lib/kept.ts'
import type { People } from './people.svelte.ts'
import type { PresenceBook } from './presence.svelte.ts'

/** Whom this page is among: who I am, the people it has met, who of them is there, and the rooms I share with them. */
export interface Circle {
  readonly me: AccountId
  readonly isGuest: boolean
  readonly people: People
  readonly presence: PresenceBook
  readonly rooms: {
    readonly all: readonly RoomEntry[]
    of(id: RoomId): RoomEntry | undefined
  }
  readonly kept: Kept
}

export const [getCircle, setCircle] = createContext<Circle>()
