import { internal, type Input, type Internal, type OperationName, type Output } from '@atrium/protocol'
import type { Bus } from './bus/index.ts'
import { fail } from './errors.ts'

type InternalHandlers = { [K in OperationName<Internal>]?: (input: Input<Internal, K>) => Promise<Output<Internal, K>> }

/** A service's answers to the others, at its address on the bus. What comes in is parsed as at every other door. */
export function answerInternal(bus: Pick<Bus, 'answer'>, address: string, handlers: InternalHandlers): () => void {
  return bus.answer(address, async (name, raw) => {
    const handler = Object.hasOwn(handlers, name) ? handlers[name as OperationName<Internal>] : undefined
    if (!handler) throw fail('not_found', 'noSuchOperation')
    const input = internal[name as OperationName<Internal>].input.safeParse(raw)
    if (!input.success) throw fail('invalid', 'invalid', { field: input.error.issues[0]!.path.join('.') })
    return (handler as (input: unknown) => Promise<unknown>)(input.data)
  })
}
