import type { Look } from '@atrium/protocol'

/** What the organisation wants its pages to wear. Undefined, or null of a part: our own. */
export const worn = $state<{ look?: Look | undefined }>({})
