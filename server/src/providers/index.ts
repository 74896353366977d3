import { fail, type Handlers } from '@atrium/platform'
import type { providers as contract } from '@atrium/protocol'
import { settingsService, type ProviderDeps } from './service.ts'

export type { ProviderDeps } from './service.ts'
export type { ProviderTables } from './store.ts'

/** How people of a domain sign in elsewhere: identity providers, and the LDAP directory that says who there is. */
export function providers(deps: ProviderDeps) {
  const settings = settingsService({
    ...deps,
    changed: () => {},
    readFilter: async () => {},
  })
  const soon = async (): Promise<never> => {
    throw fail('unavailable', 'unavailable')
  }
  const handlers: Handlers<typeof contract> = {
    'auth.ways': settings.ways,
    'providers.list': settings.list,
    'providers.set': settings.set,
    'providers.remove': settings.remove,
    'providers.test': soon,
    'providers.mirror': soon,
    'providers.answer': soon,
    'domains.ways': settings.setWays,
    'accounts.identities': soon,
  }
  return { handlers }
}
