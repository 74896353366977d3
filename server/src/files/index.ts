import { fail, type Handlers } from '@atrium/platform'
import { files as contract } from '@atrium/protocol'

export function files() {
  const notYet = async () => {
    throw fail('unavailable', 'unavailable')
  }
  const handlers = Object.fromEntries(
    Object.entries(contract).flatMap(([name, { kind }]) => (kind === 'fact' ? [] : [[name, notYet]])),
  ) as unknown as Handlers<typeof contract>
  return { handlers }
}
