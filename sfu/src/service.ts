import { answerInternal, register, type House, type Service } from '@atrium/platform'

/** The doors of the media service: found by its lease, asked over the bus, entered with a ticket. */
export async function start({ bus, placement, tickets, node, version, log }: House): Promise<Service> {
  let isDraining = false
  const leave = answerInternal(bus, `sfu:${node.name}`, {
    'node.describe': async () => ({ node: node.id, service: 'sfu', version, load: 0 }),
    async 'media.admit'({ ticket, meetingId }) {
      const { participantId, may } = await tickets.verify(ticket, 'media', { meetingId })
      return { participantId, may }
    },
  })
  const registration = await register(placement, 'sfu', node, log)

  return {
    isReady: () => !isDraining,
    async drain() {
      isDraining = true
      // First of all: whoever looks for a node from now on finds another.
      await registration.end()
    },
    async stop() {
      leave()
      if (!isDraining) await registration.end()
    },
  }
}
