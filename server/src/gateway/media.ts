import { fail, type Handlers } from '@atrium/platform'
import { media as contract } from '@atrium/protocol'

export function mediaPassage(): Handlers<typeof contract> {
  const notYet = async () => {
    throw fail('unavailable', 'unavailable')
  }
  return Object.fromEntries(
    Object.entries(contract).flatMap(([name, { kind }]) => (kind === 'signal' ? [] : [[name, notYet]])),
  ) as unknown as Handlers<typeof contract>
}
