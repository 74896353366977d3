import { fail, type Handlers } from '@atrium/platform'
import { documents as contract } from '@atrium/protocol'

export function documents() {
  const notYet = async () => {
    throw fail('unavailable', 'unavailable')
  }
  const handlers = Object.fromEntries(
    Object.entries(contract).flatMap(([name, { kind }]) => (kind === 'fact' ? [] : [[name, notYet]])),
  ) as unknown as Handlers<typeof contract>
  return { handlers }
}
