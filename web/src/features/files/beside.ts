import { getContext, setContext } from 'svelte'
import type { FileId, RoomId } from '@atrium/protocol'

const key = Symbol('beside')
type Open = (documentId: FileId) => void

/** Where a page shows documents beside something that nobody wants to leave, as a meeting, it says how; elsewhere they have pages of their own. */
export const setBeside = (open: Open): Open => setContext(key, open)
export const getBeside = (): Open | undefined => getContext(key)

/** Under which name is kept what was beside a room last. */
export const besideOf = (roomId: RoomId): string => `beside.${roomId}`
