import { inflateRawSync } from 'node:zlib'
import type { Profile, SAML } from '@node-saml/node-saml'

/** What a provider says about a sign-out: by the address, or posted. */
export type Said = { query: string } | { body: { SAMLRequest?: unknown; SAMLResponse?: unknown } }

/** An honest one is a tenth of it. What is read here is looked through more than once, and a part of it is signed by nobody. */
const mostBytes = 100_000
const mostOfRoot = 4_000

export const isAnswer = (said: Said): boolean => {
  if ('body' in said) return said.body.SAMLResponse !== undefined
  const parts = new URLSearchParams(said.query)
  return parts.has('SAMLResponse') && !parts.has('SAMLRequest')
}
export const relayedIn = (said: Said): string =>
  'query' in said
    ? (new URLSearchParams(said.query).get('RelayState') ?? '')
    : String((said.body as { RelayState?: unknown }).RelayState ?? '')

/**
 * Of a message whose signature holds: what its first element says of itself. What stands before that element is signed by nobody, so
 * nothing may.
 */
function rootOf(said: Said, name: 'LogoutRequest' | 'LogoutResponse'): { attributes: Map<string, string>; xml: string } {
  const field = name === 'LogoutRequest' ? 'SAMLRequest' : 'SAMLResponse'
  const bytes = Buffer.from('query' in said ? (new URLSearchParams(said.query).get(field) ?? '') : String(said.body[field] ?? ''), 'base64')
  const xml = ('query' in said ? inflateRawSync(bytes, { maxOutputLength: mostBytes }) : bytes).toString().trimStart()
  const root = new RegExp(`^(?:<\\?xml[^>]*\\?>\\s*)?<(?:[\\w.-]+:)?${name}\\s([^>]*)>`).exec(xml)
  if (!root || root[1]!.length > mostOfRoot) throw new Error(`This is no ${name}.`)
  return { attributes: new Map([...root[1]!.matchAll(/([\w:.-]+)\s*=\s*["']([^"']*)["']/g)].map(([, key, value]) => [key!, value!])), xml }
}

/** Somebody signed out over there: signed by the provider, for this door, just now. */
export async function wishOf(speaker: SAML, said: Said, here: { address: string; now: Date; skewMs: number }): Promise<Profile> {
  const { profile } = await verified(speaker, said)
  if (!profile) throw new Error('This is no wish.')
  const { attributes } = rootOf(said, 'LogoutRequest')
  const [destination, issuedAt] = [attributes.get('Destination'), Date.parse(attributes.get('IssueInstant') ?? '')]
  if (destination !== undefined && destination !== here.address) throw new Error('This is for another door.')
  // Written so that an unreadable time is refused.
  if (!(Math.abs(here.now.getTime() - issuedAt) <= wishLastsMs + here.skewMs)) throw new Error('This is too old.')
  return profile
}
const wishLastsMs = 5 * 60_000

/** Whether the provider says, signed, that it did what this request asked. */
export async function isDone(speaker: SAML, said: Said, requestId: string): Promise<boolean> {
  try {
    const { loggedOut } = await verified(speaker, said)
    const { attributes, xml } = rootOf(said, 'LogoutResponse')
    // No signature is over comments: anybody may have written them.
    const status = /<(?:[\w.-]+:)?StatusCode\s[^>]*Value\s*=\s*["']([^"']*)["']/.exec(xml.replaceAll(/<!--[^]*?-->/g, ''))?.[1]
    return loggedOut && attributes.get('InResponseTo') === requestId && status === 'urn:oasis:names:tc:SAML:2.0:status:Success'
  } catch {
    return false
  }
}

/** What is signed in an address is its text: each part is there once, and read from the same place as its signature was made over. */
async function verified(speaker: SAML, said: Said): Promise<{ profile: Profile | null; loggedOut: boolean }> {
  if ('body' in said) {
    const { SAMLRequest = '', SAMLResponse } = said.body
    const posted = String(SAMLResponse ?? SAMLRequest)
    if (posted.length > mostBytes) throw new Error('This is too long.')
    return isAnswer(said)
      ? speaker.validatePostResponseAsync({ SAMLResponse: posted })
      : speaker.validatePostRequestAsync({ SAMLRequest: posted })
  }
  const parts = said.query.split('&').filter((part) => /^(?:SAMLRequest|SAMLResponse|RelayState|SigAlg|Signature)=/.test(part))
  const names = parts.map((part) => part.slice(0, part.indexOf('=')))
  const isWhole = ['SigAlg', 'Signature'].every((name) => names.includes(name)) && new Set(names).size === names.length
  if (!isWhole || names.includes('SAMLRequest') === names.includes('SAMLResponse')) throw new Error('This is not signed.')
  // The library finds parts by their names anywhere: a part that carries another's name would be taken for it.
  if (parts.some((part) => names.some((name) => part.indexOf(name) > 0))) throw new Error('A part carries the name of another.')
  return speaker.validateRedirectAsync(Object.fromEntries(new URLSearchParams(parts.join('&'))), parts.join('&'))
}
