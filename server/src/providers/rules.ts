import type { Provider, ProviderSettings, Way } from '@atrium/protocol'

/** What a rule is told of a domain. */
export interface Allowed {
  allowsPassword: boolean
  allowsPasskey: boolean
}
type Kind = ProviderSettings['kind']

/**
 * PROV-1  Which ways a domain has is said by its name alone. What is checked by LDAP is a password, too. A domain that nobody has is
 * answered like one with passwords: a stranger learns nothing by asking.
 */
export function waysOf(
  domain: Allowed | undefined,
  providers: readonly { id: Provider['id']; kind: Kind; label: string; isOn: boolean }[],
): Way[] {
  const on = providers.filter(({ isOn }) => isOn)
  const asksPassword = !domain || domain.allowsPassword || on.some(({ kind }) => kind === 'ldap')
  return [
    ...(asksPassword ? [{ kind: 'password' } as const] : []),
    ...(!domain || domain.allowsPasskey ? [{ kind: 'passkey' } as const] : []),
    ...on.flatMap(({ id, kind, label }) => (kind === 'ldap' ? [] : [{ kind, id, label, path: `/auth/${kind}/${id}/login` }])),
  ]
}

/** PROV-2  A domain keeps a way in: neither its last provider nor its own passwords go while nothing else is left. */
export const leavesNoWay = (domain: Allowed, on: number): boolean => !domain.allowsPassword && on === 0

/**
 * PROV-3  Where LDAP is on, it says whether a password is right, also for accounts that were made here. Whoever it does not know
 * shows the password kept here. So may administrators of the hub, whatever their domain says: LDAP that is down shuts none of them out.
 */
export const mayUseOwnPassword = (
  domain: Allowed,
  account: { isAdministrator: boolean; isMirrored: boolean },
  knowsThem: boolean,
): boolean => account.isAdministrator || (!account.isMirrored && !knowsThem && domain.allowsPassword)

/** PROV-11  A provider is prepared before it is whole, for it wants our addresses first; switched on it lacks nothing. */
export function missingOf(settings: ProviderSettings): string | undefined {
  if (settings.kind === 'saml') {
    if (settings.entryPoint === '') return 'entryPoint'
    if (settings.issuer === '') return 'issuer'
    return settings.certificates.length === 0 ? 'certificates' : undefined
  }
  if (settings.kind === 'oidc') return settings.issuer === '' ? 'issuer' : settings.clientId === '' ? 'clientId' : undefined
  return undefined
}

/** PROV-4  A secret goes to no other place than it was given for: who changes where a provider is says its secret again. */
export function movesSecret(before: ProviderSettings, after: ProviderSettings): boolean {
  if (before.kind === 'ldap' && after.kind === 'ldap')
    return (
      before.url !== after.url ||
      before.bindDn !== after.bindDn ||
      (before.startTls && !after.startTls) ||
      before.authority !== after.authority
    )
  if (before.kind === 'oidc' && after.kind === 'oidc') return before.issuer !== after.issuer || before.clientId !== after.clientId
  return false
}

/** Of a mirror, by kind: how many vanished, or how many of them an administrator says have really left. */
export interface Vanished {
  accounts: number
  lists: number
}
export const isAny = ({ accounts, lists }: Vanished): boolean => accounts + lists > 0
/** What an administrator said of those who vanished; `asked`: what they were asked about, and have not answered. */
export interface Answered {
  accepted?: Vanished | undefined
  asked?: Vanished | undefined
}

const isLandslide = (known: number, vanished: number): boolean =>
  vanished > 0 && (vanished * 2 >= known || (vanished > 1 && vanished * 20 > known))
/**
 * PROV-5  What vanished from LDAP goes here only while it is little: of more than a twentieth, and of all there is, an administrator is
 * asked first. A single one of a few is no landslide. What vanishes bit by bit is counted together. While they are asked nothing of that
 * kind goes, and no group while they are asked about accounts: who is out is out, but a list that went comes back without what was built
 * on it. What they know of goes, and no more than that.
 */
export const mustAsk = (
  { known, vanished, lately }: { known: number; vanished: number; lately: number },
  { accepted = 0, isAsking = false }: { accepted?: number | undefined; isAsking?: boolean | undefined },
): boolean => vanished > accepted && (isAsking || isLandslide(known + lately, vanished + lately))
export const countedTogetherMs = 10 * 60_000

/**
 * PROV-7  An identity opens an account of its provider's own domain, and no other. Who administers the hub, or anything beyond that
 * domain, is let in by providers that an administrator of the hub set up: whoever administers one domain could otherwise make
 * themselves anybody in it, and so administer another.
 */
export const mayOpen = (
  provider: { domainId: string; mayGoInside: boolean },
  account: { domainId: string | null; isAdministrator: boolean; reachesBeyond: boolean },
): boolean => account.domainId === provider.domainId && (provider.mayGoInside || !(account.isAdministrator || account.reachesBeyond))

/**
 * PROV-8  An account that is here already becomes an identity's by its address only where the provider vouches for that: an address that
 * somebody merely typed over there takes over nobody.
 */
export const mayAdopt = (identity: { isVerified: boolean }): boolean => identity.isVerified

// PROV-12 (what is refused is a trouble for administrators only where it answers a sign-in that this browser began, or where the provider
// signed it: what strangers post is none) is in `receive` and `finish` of SAML; with OpenID Connect all that counts comes from the provider.
// PROV-9 (an account has one identity with each provider: a second one with the same address is refused) is a unique index.
// PROV-10 (a provider showing who somebody is stands for the password: a second factor that their class requires is owed here
// all the same) is `owedBy` of the slice of signing in.
