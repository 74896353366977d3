import type { FileId, Given } from '@atrium/protocol'

/** What others gave me and I have not seen yet. `Given.svelte` keeps it; it is this small because every page looks at it. */
export const given = $state<{ news: readonly Given[] }>({ news: [] })

export const isNews = (id: FileId): boolean => given.news.some(({ file }) => file.id === id)
