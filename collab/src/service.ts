import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { answerInternal, register, type House, type Service } from '@atrium/platform'
import { documentDoor } from './door.ts'

/** The doors of the document service: found by its lease, asked over the bus, entered with a ticket. */
export async function start(house: House): Promise<Service> {
  const { bus, http, placement, tickets, metrics, node, version, log } = house
  let isDraining = false
  const leave = answerInternal(bus, `collab:${node.name}`, {
    'node.describe': async () => ({ node: node.id, service: 'collab', version, load: 0 }),
    'node.door': async () => ({ node: node.id, url: urlOf(house) }),
  })
  const door = documentDoor({ tickets, endings: metrics.endings, log })
  const close = http.upgrade(`/collab/${node.name}`, door.enter)
  const registration = await register(placement, 'collab', node, log)

  return {
    isReady: () => !isDraining,
    async drain() {
      isDraining = true
      // First of all: whoever looks for a node from now on finds another.
      await registration.end()
      await door.end('draining')
    },
    async stop() {
      close()
      leave()
      if (!isDraining) await registration.end()
      await door.end('draining')
    },
  }
}

/** Where the other processes reach this one: as configured, or where it listens. An open address is that of the machine. */
function urlOf({ config: { nodeUrl, host, tls }, http }: House): string {
  const reachable = ['0.0.0.0', '::'].includes(host) ? hostname() : host.includes(':') ? `[${host}]` : host
  return nodeUrl ?? `${tls.kind === 'none' ? 'http' : 'https'}://${reachable}:${(http.server.address() as AddressInfo).port}`
}
