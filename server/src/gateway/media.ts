import { askInternal, fail, nodeName, Refusal, type Actor, type Bus, type Handlers, type Placement } from '@atrium/platform'
import { media as contract, type Draft, type Internal, type OperationName } from '@atrium/protocol'

type Passed = OperationName<typeof contract>
const aNode = /^[a-z0-9][a-z0-9.-]{0,62}(?:~[0-9a-f]+)?$/

/**
 * What a page asks of a media node: passed on to it as it is, with who asks. The node lets in by ticket alone, and compares
 * every later step with whom it let in; here only those are passed on who are inside a meeting, or speak with a node at all.
 */
export function mediaPassage({
  bus,
  placement,
  nodeFor,
}: {
  bus: Pick<Bus, 'call'>
  placement: Pick<Placement, 'find'>
  /** The node of a meeting, for who is inside it. */
  nodeFor: (actor: Actor, meetingId: string) => Promise<string>
}): Handlers<typeof contract> {
  const pass = async (name: Passed, { accountId, sessionId }: Actor, node: string, input: unknown) => {
    if (!aNode.test(node)) throw fail('not_found', 'meetings.notInside', { field: 'node' })
    const address = `sfu:${nodeName(node)}`
    return askInternal(bus, address, name, { accountId, sessionId, input } as Draft<Internal, Passed>).catch(async (error: unknown) => {
      const isSilent = error instanceof Refusal && error.failure.code === 'unavailable'
      // A dead one is asked for ever by who knows no other: it is told to come in anew, and the next ticket names one that lives.
      if (isSilent && !(await placement.find(address))) throw fail('not_found', 'meetings.notInside', { field: 'node' })
      throw error
    })
  }
  const names = (Object.keys(contract) as (keyof typeof contract)[]).filter((name): name is Passed => contract[name].kind !== 'signal')
  const handlers = names.map((name) => [
    name,
    async (actor: Actor, input: { node: string; meetingId: string }) =>
      pass(name, actor, name === 'media.join' ? await nodeFor(actor, input.meetingId) : input.node, input),
  ])
  return Object.fromEntries(handlers) as Handlers<typeof contract>
}
