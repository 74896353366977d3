import type { Draft, Internal, OperationName, Output } from '@atrium/protocol'
import type { Bus } from './bus/index.ts'
import { fail, Refusal } from './errors.ts'
import type { Placement } from './placement.ts'

/** Asks another service of ours, at its address. */
export const askInternal = <K extends OperationName<Internal>>(
  bus: Pick<Bus, 'call'>,
  address: string,
  operation: K,
  input: Draft<Internal, K>,
  timeoutMs?: number,
) => bus.call(address, operation, input, timeoutMs) as Promise<Output<Internal, K>>

/** Asks whichever process of a service answers: one after the other, from a random one on. What it asks for may happen twice. */
export async function askAny<K extends OperationName<Internal>>(
  { bus, placement }: { bus: Pick<Bus, 'call'>; placement: Pick<Placement, 'list'> },
  service: 'server' | 'sfu' | 'collab',
  operation: K,
  input: Draft<Internal, K>,
): Promise<Output<Internal, K>> {
  const addresses = (await placement.list(`${service}:`)).map(({ key }) => key)
  const first = Math.floor(Math.random() * addresses.length)
  for (const address of [...addresses.slice(first), ...addresses.slice(0, first)])
    try {
      return await askInternal(bus, address, operation, input)
    } catch (error) {
      if (!(error instanceof Refusal) || error.failure.code !== 'unavailable') throw error
    }
  throw fail('unavailable', 'unavailable')
}
