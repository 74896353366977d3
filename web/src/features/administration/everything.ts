import type { Reply } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'

type Asking = Pick<HubConnection, 'call'>
const pageSize = 200

/** All that one may see, to be chosen from: few enough to be read at once, and in a large organisation more than one page. */
export const allClasses = (hub: Asking) =>
  inOnePiece(
    (page) => hub.call('cos.list', page),
    ({ classes }) => classes,
  )
export const allDomains = (hub: Asking) =>
  inOnePiece(
    (page) => hub.call('domains.list', page),
    ({ domains }) => domains,
  )
export const allLists = (hub: Asking) =>
  inOnePiece(
    (page) => hub.call('lists.list', page),
    ({ lists }) => lists,
  )

/** Page after page; one that cannot be had is the answer. */
export async function inOnePiece<Page extends { next: string | null }, T>(
  ask: (page: { limit: number; after?: string }) => Promise<Reply<Page>>,
  within: (page: Page) => readonly T[],
): Promise<Reply<readonly T[]>> {
  const all: T[] = []
  let after: string | null = null
  do {
    const reply: Reply<Page> = await ask({ limit: pageSize, ...(after !== null && { after }) })
    if (!reply.ok) return reply
    all.push(...within(reply.data))
    after = reply.data.next
  } while (after !== null)
  return { ok: true, data: all }
}
