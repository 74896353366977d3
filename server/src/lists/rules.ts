import type { Actor } from '@atrium/platform'
import type { List } from '@atrium/protocol'

/** LIST-1  Owners do with a list what its administrators do, but for its address, its URL and its end. */
export const owns = (list: { ownerIds: readonly string[] }, accountId: string): boolean => list.ownerIds.includes(accountId)

/** LIST-2  No list is in itself, however far down: `below` are the lists in the one that is put in. */
export const isCircle = (listId: string, below: ReadonlySet<string>): boolean => below.has(listId)

/** LIST-3  Whether a list is named or found by a URL is decided when it is made. */
export const isDynamic = (list: Pick<List, 'url'>): list is Pick<List, 'url'> & { url: string } => list.url !== null

/** LIST-4  Who wants to come in or out: at once, after an owner agreed, or not by themselves. A guest is in no list. */
export const comes = (policy: List['joining'], actor: Pick<Actor, 'kind'>): 'now' | 'asks' | 'not' =>
  actor.kind === 'guest' ? 'not' : ({ free: 'now', asked: 'asks', closed: 'not' } as const)[policy]

// LIST-5 (of what one may not know nobody learns by typing its address: it is kept as an address) is `typed` of filling.ts: an
// administrator of one domain names accounts and lists of that domain, everybody else whoever is in the address list.

/** LIST-6  A hidden list is known to its owners, its members and its administrators. */
export const isKnown = (list: Pick<List, 'isHidden'>, who: { owns: boolean; isIn: boolean }): boolean =>
  !list.isHidden || who.owns || who.isIn

/** LIST-7  So many members may be named in one list; more of them fit into lists in it. */
export const maxMembers = 20_000

// LIST-8 (what another directory keeps of a list is changed there, unless what is changed here is written there) is `mustBeOurs` of
// service.common.ts.
