import { ProviderSettings } from '@atrium/protocol'

type Ldap = Extract<ProviderSettings, { kind: 'ldap' }>

/**
 * What the setting `LDAP_URL` says: `ldap(s)://[dn:password@]host[:port]/base`, and behind it `?preset=zimbra`, `&startTls=no` where
 * these are needed. All else is as usual, or as an administrator set it.
 */
export function saidBy(url: string): Ldap {
  const { protocol, host, hostname, username, password, pathname, searchParams } = new URL(url)
  return ProviderSettings.parse({
    kind: 'ldap',
    label: hostname,
    preset: searchParams.get('preset') ?? 'openldap',
    url: `${protocol}//${host}`,
    startTls: protocol === 'ldap:' && searchParams.get('startTls') !== 'no',
    bindDn: decodeURIComponent(username),
    ...(password && { bindPassword: decodeURIComponent(password) }),
    baseDn: decodeURIComponent(pathname.slice(1)),
  }) as Ldap
}

const ofTheUrl = ['preset', 'url', 'startTls', 'bindDn', 'baseDn'] as const
/** Whether a server is set as the URL says, whatever else was set of it. */
export const isAsSaid = (said: Ldap, set: Ldap, secret: string | null): boolean =>
  ofTheUrl.every((key) => said[key] === set[key]) && (said.bindPassword ?? null) === secret
