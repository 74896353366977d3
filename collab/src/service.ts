import { answerInternal, register, type House, type Service } from '@atrium/platform'
import { documentDoor } from './door.ts'

/** The doors of the document service: found by its lease, asked over the bus, entered with a ticket. */
export async function start({ bus, http, placement, tickets, metrics, node, version, log }: House): Promise<Service> {
  let isDraining = false
  const leave = answerInternal(bus, `collab:${node.name}`, {
    'node.describe': async () => ({ node: node.id, service: 'collab', version, load: 0 }),
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
