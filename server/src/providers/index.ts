import { fail, type Actor, type Announce, type Call, type Handlers, type Jobs, type Tx } from '@atrium/platform'
import {
  isUuid,
  type AccountId,
  type Hub,
  type Input,
  type ListId,
  type Output,
  type ProviderId,
  type providers as contract,
  type SessionId,
} from '@atrium/protocol'
import { give, type Entered } from '../auth/index.ts'
import type { DomainWays } from '../directory/index.ts'
import { arriving, type ArrivingDeps } from './arriving.ts'
import { groupsMirror } from './ldap/groups.ts'
import { keptOfAccount, keptOfList } from './ldap/kept.ts'
import { isAsSaid, saidBy } from './ldap/setting.ts'
import { ldap, type LdapDeps } from './ldap/index.ts'
import { oidc, type OidcRow } from './oidc/index.ts'
import { saml, type SamlRow } from './saml/index.ts'
import { apart, secretOf } from './secrets.ts'
import { settingsService } from './service.ts'
import { findProvider, listProviders } from './store.ts'
import { forgetIdentities, sweepVisits, takeTie } from './store.visits.ts'
import { tryOidc, trySaml } from './trying.ts'

export { pathOf } from './arriving.ts'
export type { ProviderDeps } from './service.ts'
export type { ProviderTables } from './store.ts'

interface Deps extends Omit<LdapDeps, 'groups'>, ArrivingDeps {
  /** The first domain, that of the organisation; undefined while nobody has set the hub up. */
  homeDomain: () => Promise<DomainWays | undefined>
  /** Ends these sessions of somebody, on every screen. */
  endTheirSessions: (tx: Tx, announce: Announce, accountId: AccountId, sessionIds: SessionId[]) => Promise<void>
}
const dayMs = 86_400_000
const lookEveryMs = 15 * 60_000

/** How people of a domain sign in elsewhere: identity providers, and the LDAP directory that says who there is. */
export function providers(deps: Deps) {
  const settings = settingsService({
    ...deps,
    changed: (id) => directory.changed(id),
    readFilter: (filter) => directory.readFilter(filter),
    release: (tx, id) => directory.release(tx, id),
  })
  const directory = ldap({ ...deps, groups: groupsMirror(deps) }, settings)
  const parts = { ...deps, arriving: arriving(deps), endSessions: deps.endTheirSessions }
  const [bySaml, byOidc] = [saml(parts), oidc(parts)]

  async function test(actor: Actor, asked: Input<Hub, 'providers.test'>): Promise<Output<Hub, 'providers.test'>> {
    const { domainId, providerId, settings: said } = asked
    await settings.existingDomain(deps.db, domainId)
    const row = providerId ? await settings.existing(deps.db, { domainId, providerId }) : undefined
    await settings.readable(said)
    settings.whole(said)
    if (said.kind === 'ldap') return directory.test(actor, { ...asked, settings: said })
    if (said.kind === 'saml') return trySaml(said, deps.now())
    const { plain } = apart(said)
    const mayGoInside = await deps.isAdministrator(actor)
    // What is asked for needs no secret.
    const fresh = { isOn: true, sealedSecret: null, clientId: '', createdAt: deps.now() }
    const id = row?.id ?? (deps.newId() as ProviderId)
    return tryOidc(said.issuer, () =>
      byOidc.look({ ...fresh, id, domainId, kind: 'oidc', settings: plain as OidcRow['settings'], mayGoInside }),
    )
  }

  const handlers: Handlers<typeof contract> = {
    'auth.ways': settings.ways,
    'providers.list': settings.list,
    'providers.set': settings.set,
    'providers.remove': settings.remove,
    'providers.test': test,
    'providers.mirror': directory.mirrorNow,
    'providers.answer': directory.answer,
    'domains.ways': settings.setWays,
    'domains.ways.get': settings.getWays,
    'accounts.identities': settings.identities,
  }

  interface Asked {
    accountId?: AccountId
    accountIds?: AccountId[]
    listId?: ListId
    action?: Input<Hub, 'accounts.bulk'>['action']
  }
  type Writes = (actor: Actor, asked: Asked) => Promise<() => Promise<void>>
  const people: (idsOf: (actor: Actor, asked: Asked) => readonly AccountId[]) => Writes = (idsOf) => async (actor, asked) => async () => {
    for (const id of idsOf(actor, asked)) await directory.write(id)
  }
  const theirs = people((_actor, { accountId }) => [accountId!])
  const own = people(({ accountId }) => [accountId])
  const many = people((_actor, { accountIds }) => accountIds!)
  const list: Writes = (_actor, { listId }) => directory.writeList(listId!)
  /** What each of these operations changes of what LDAP may keep: looked at before, written after. */
  const writes: Record<string, Writes> = {
    ...{ 'accounts.change': theirs, 'accounts.status': theirs, 'directory.person.change': theirs },
    ...{ 'me.profile.change': own, 'directory.profile.change': own },
    'accounts.bulk': (actor, asked) => (asked.action?.do === 'addToList' ? list(actor, asked.action) : many(actor, asked)),
    ...{ 'lists.change': list, 'lists.members.change': list },
    ...{ 'me.list.change': list, 'me.list.join': list, 'me.list.leave': list },
  }

  /** Hands the cookie over, and says where they go: what is still owed is asked for where one signs in. */
  function arrived({ begun, state, next }: Entered & { next: string }, call: Call): string {
    give(call, begun)
    return state.state === 'in' ? next : `/sign-in?next=${encodeURIComponent(next)}`
  }
  const known = (id: string): string => {
    if (!isUuid(id)) throw fail('not_found', 'providers.noSuchProvider')
    return id
  }
  return {
    handlers,
    /** Looks whether a password is right where it is kept; undefined: it is kept here. */
    verifierOf: directory.verifierOf,
    /** Which fields of an account can be changed in LDAP only. */
    keptElsewhere: async ({ id, source }: { id: AccountId; source: 'here' | 'ldap' }): Promise<string[]> =>
      source === 'ldap' ? keptOfAccount(deps.db, id) : [],
    /** The same of a list. */
    listKeptElsewhere: async ({ id, source }: { id: ListId; source: 'here' | 'ldap' }, at: typeof deps.db | Tx): Promise<string[]> =>
      source === 'ldap' ? keptOfList(at, id) : [],

    /**
     * The same operations, and what they changed of accounts and lists that LDAP keeps is written there too, and read back: whoever may
     * do it was asked before.
     */
    writtenThere<All extends object>(all: All): All {
      const written = Object.entries(all as Record<string, (actor: Actor, input: object, call: Call) => Promise<unknown>>).flatMap(
        ([name, run]) => {
          const begin = writes[name]
          if (!begin) return []
          const also = async (actor: Actor, input: object, call: Call) => {
            const finish = await begin(actor, input)
            const done = await run(actor, input, call)
            await finish()
            return done
          }
          return [[name, also] as const]
        },
      )
      return { ...all, ...Object.fromEntries(written) }
    },

    /** Where who signs out goes, to be signed out of the provider that let them in as well. */
    async leavingToo(sessionId: SessionId): Promise<string | null> {
      const tied = await deps.work((tx) => takeTie(tx, sessionId))
      const row = tied && (await findProvider(deps.db, tied.providerId))
      if (!row?.isOn) return null
      if (row.settings.kind === 'saml') return bySaml.leave(row as SamlRow, tied!)
      return row.settings.kind === 'oidc' ? byOidc.leave(row as OidcRow, tied!) : null
    },
    /** Of somebody who is no more. */
    forget: forgetIdentities,

    /** What the doors below `/auth` need. */
    doors: {
      origin: new URL(deps.origin).origin,
      saml: {
        metadata: (id: string) => bySaml.metadata(known(id)),
        begin: (id: string, next: string) => bySaml.begin(known(id), next),
        receive: (id: string, body: object) => bySaml.receive(known(id), body),
        finish: async (id: string, number: string, browser: string | undefined, actor: Actor | undefined, call: Call) =>
          arrived(await bySaml.finish(known(id), number, browser, actor, call), call),
        logout: (id: string, asked: Parameters<typeof bySaml.logout>[1]) => bySaml.logout(known(id), asked),
      },
      oidc: {
        begin: (id: string, next: string) => byOidc.begin(known(id), next),
        finish: async (id: string, query: URLSearchParams, browser: string | undefined, actor: Actor | undefined, call: Call) =>
          arrived(await byOidc.finish(known(id), query, browser, actor, call), call),
        logout: (id: string, token: string) => byOidc.logout(known(id), token),
        left: (id: string, state: string) => byOidc.left(known(id), state),
      },
    },

    work(jobs: Jobs): void {
      jobs.every('providers.sweep', dayMs, () => deps.work((tx) => sweepVisits(tx, deps.now())))
      jobs.every('providers.look', lookEveryMs, byOidc.lookAtAll)
    },
    /**
     * What the setting `LDAP_URL` says holds for the domain of the organisation, as soon as there is one. Asked again and again: what
     * stands there already is left, and what was set besides it.
     */
    async setBy(url: string): Promise<void> {
      const home = await deps.homeDomain()
      if (!home) return
      const said = saidBy(url)
      const [row] = (await listProviders(deps.db, home.id)).filter(({ kind }) => kind === 'ldap')
      const set = row?.settings.kind === 'ldap' ? row.settings : undefined
      if (row && set && isAsSaid(said, set, await secretOf(deps.db, row))) return
      const asked = { ...set, ...said, ...(set && { label: set.label, authority: set.authority }) }
      const isOn = row?.isOn ?? true
      await settings.setByOperator({ clientId: deps.newId(), domainId: home.id, providerId: row?.id, isOn, settings: asked })
    },
    /** Begins to follow what domains mirror. */
    follow: directory.follow,
    stop: directory.stop,
  }
}
export type Providers = ReturnType<typeof providers>
export type ProviderDoors = Providers['doors']
