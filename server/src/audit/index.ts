import { fail, type Handlers } from '@atrium/platform'
import type { audit as contract } from '@atrium/protocol'

export function audit() {
  const handlers: Handlers<typeof contract> = {
    'audit.list': async () => {
      throw fail('unavailable', 'unavailable')
    },
  }
  return { handlers }
}
