import { fail, type Handlers } from '@atrium/platform'
import { lists as ofLists, resources as ofResources } from '@atrium/protocol'

export function lists() {
  const soon = async (): Promise<never> => {
    throw fail('unavailable', 'unavailable')
  }
  const named = (contract: object) => Object.entries(contract).flatMap(([name, { kind }]) => (kind === 'fact' ? [] : [[name, soon]]))
  return {
    handlers: Object.fromEntries([...named(ofLists), ...named(ofResources)]) as Handlers<typeof ofLists & typeof ofResources>,
  }
}
