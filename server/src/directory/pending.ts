import { fail, type Handlers } from '@atrium/platform'
import { accounts as ofAccounts, domains as ofDomains } from '@atrium/protocol'

const soon = async (): Promise<never> => {
  throw fail('unavailable', 'unavailable')
}
const named = (contract: object) => Object.entries(contract).flatMap(([name, { kind }]) => (kind === 'fact' ? [] : [[name, soon]]))
export const pendingHandlers = Object.fromEntries([...named(ofDomains), ...named(ofAccounts)]) as Handlers<
  typeof ofDomains & typeof ofAccounts
>
