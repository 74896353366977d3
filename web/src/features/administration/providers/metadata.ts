import { pemOf } from './certificates.ts'

/** What a SAML provider says of itself, as far as it is asked for here. */
export interface Described {
  issuer: string
  entryPoint: string
  logoutUrl: string | null
  certificates: string[]
}
const redirect = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect'

/** Undefined: this is no description of an identity provider that can be reached by redirect. */
export function describedBy(xml: string): Described | undefined {
  const parsed = new DOMParser().parseFromString(xml, 'application/xml')
  const named = (of: Document | Element, name: string) =>
    [...of.getElementsByTagName('*')].filter(
      (one) => (one.localName ?? one.tagName).replace(/^.*:/, '').toLowerCase() === name.toLowerCase(),
    )
  const idp = named(parsed, 'IDPSSODescriptor')[0]
  const entity = named(parsed, 'EntityDescriptor').find((one) => idp && one.contains(idp))
  if (!idp || !entity) return undefined
  const placeOf = (name: string) =>
    named(idp, name)
      .find((one) => one.getAttribute('Binding') === redirect)
      ?.getAttribute('Location') ?? null
  const entryPoint = placeOf('SingleSignOnService')
  const certificates = named(idp, 'KeyDescriptor')
    .filter((one) => one.getAttribute('use') !== 'encryption')
    .flatMap((one) => named(one, 'X509Certificate'))
    .map((one) => pemOf(one.textContent ?? ''))
  const issuer = entity.getAttribute('entityID')
  if (!entryPoint || !issuer || certificates.length === 0) return undefined
  return { issuer, entryPoint, logoutUrl: placeOf('SingleLogoutService'), certificates: [...new Set(certificates)].slice(0, 5) }
}
