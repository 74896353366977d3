import type { IncomingMessage } from 'node:http'
import type { Bus } from '@atrium/platform'
import { refuseUpgrade, type Http, type Upgrade } from '@atrium/platform/http'
import { passUpgrade } from '@atrium/platform/outgoing.upgrades'
import { internal } from '@atrium/protocol'

const pathOfNode = /^\/collab\/([a-z0-9][a-z0-9.-]{0,62})(?:[/?]|$)/

/**
 * One origin, always: a page opens `/collab/<node>` here, wherever that node runs, and the connection is passed on to it.
 * What the node itself serves in this process it takes before us, by its longer path.
 */
export function documentPassage({
  http,
  bus,
}: {
  http: Pick<Http, 'upgrade' | 'sourceOf' | 'originOf'>
  bus: Pick<Bus, 'call'>
}): () => void {
  const doorOf = doorsOf(bus)

  const pass: (...upgraded: Parameters<Upgrade>) => Promise<void> = async (request, socket, head) => {
    const node = pathOfNode.exec(request.url ?? '')?.[1]
    if (node === undefined) return refuseUpgrade(socket, '404 Not Found')
    const door = await doorOf(node)
    // Nobody of that name answers: it drains, or died. Whoever asks where the document is now is told another.
    if (door === undefined) return refuseUpgrade(socket, '503 Service Unavailable')
    const seen = forwarded(http, request)
    if (!seen) return refuseUpgrade(socket, '400 Bad Request')
    passUpgrade(door, { request, socket, head }, seen)
  }
  // Whatever else may be wrong with a stranger's request: it ends here, and not with the process.
  return http.upgrade('/collab', (...upgraded) => void pass(...upgraded).catch(() => refuseUpgrade(upgraded[1], '502 Bad Gateway')))
}

/** What a node is told of who comes to it. Undefined: by an address that is none. */
export function forwarded(http: Pick<Http, 'sourceOf' | 'originOf'>, request: IncomingMessage): Record<string, string> | undefined {
  const origin = URL.parse(http.originOf(request))
  if (!origin) return undefined
  const { protocol, host } = origin
  return { 'x-forwarded-for': http.sourceOf(request), 'x-forwarded-proto': protocol.slice(0, -1), 'x-forwarded-host': host }
}

/** Where a document node is reached. Undefined: nobody of that name answers. */
export const doorsOf =
  (bus: Pick<Bus, 'call'>) =>
  async (node: string): Promise<string | undefined> => {
    const said = await bus.call(`collab:${node}`, 'node.door', {}).catch(() => undefined)
    return internal['node.door'].output.safeParse(said).data?.url
  }
