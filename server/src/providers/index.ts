import type { Handlers } from '@atrium/platform'
import type { AccountId, providers as contract } from '@atrium/protocol'
import { keptElsewhere } from './ldap/kept.ts'
import { ldap, type LdapDeps } from './ldap/index.ts'
import { settingsService } from './service.ts'

export type { ProviderDeps } from './service.ts'
export type { ProviderTables } from './store.ts'

/** How people of a domain sign in elsewhere: identity providers, and the LDAP directory that says who there is. */
export function providers(deps: Omit<LdapDeps, 'groups'>) {
  const settings = settingsService({
    ...deps,
    changed: (id) => directory.changed(id),
    readFilter: (filter) => directory.readFilter(filter),
    release: (tx, id) => directory.release(tx, id),
  })
  const groups = { take: async () => {}, compare: async () => {} }
  const directory = ldap({ ...deps, groups }, settings)
  const handlers: Handlers<typeof contract> = {
    'auth.ways': settings.ways,
    'providers.list': settings.list,
    'providers.set': settings.set,
    'providers.remove': settings.remove,
    'providers.test': directory.test,
    'providers.mirror': directory.mirrorNow,
    'providers.answer': directory.answer,
    'domains.ways': settings.setWays,
    'accounts.identities': settings.identities,
  }
  return {
    handlers,
    /** Whether a password is right where it is kept; undefined: it is kept here. */
    verifyElsewhere: directory.verify,
    /** Which fields of an account can be changed in LDAP only. */
    keptElsewhere: async ({ id, source }: { id: AccountId; source: 'here' | 'ldap' }): Promise<string[]> =>
      source === 'ldap' ? keptElsewhere(deps.db, id) : [],
    /** Begins to follow what domains mirror. */
    follow: directory.follow,
    stop: directory.stop,
  }
}
export type Providers = ReturnType<typeof providers>
