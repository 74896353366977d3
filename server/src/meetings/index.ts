import { fail, type Handlers } from '@atrium/platform'
import { meetings as contract } from '@atrium/protocol'

export function meetings() {
  const notYet = async () => {
    throw fail('unavailable', 'unavailable')
  }
  const handlers = Object.fromEntries(
    Object.entries(contract).flatMap(([name, { kind }]) => (kind === 'fact' || kind === 'signal' ? [] : [[name, notYet]])),
  ) as unknown as Handlers<typeof contract>
  return { handlers }
}
