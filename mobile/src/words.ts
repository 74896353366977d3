/** What the page says to a worker that waits: the person wants the new version. */
export const takeOver = 'take over'
