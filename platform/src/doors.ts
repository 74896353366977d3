import type { IncomingMessage } from 'node:http'
import { hostname } from 'node:os'
import type { TLSSocket } from 'node:tls'
import ipaddr from 'ipaddr.js'

/** The session cookie. Whoever carries it speaks for a person, so where the request began is looked at. */
export const cookieName = 'atrium'

export interface DoorRules {
  /** Where people open the hub; null: whatever address of this machine they use. */
  origin: string | null
  trustedProxies: readonly string[]
  /** What this machine is called in its network. */
  machineNames?: readonly string[]
}
export type Doors = ReturnType<typeof doors>

/** Who is at the door: where a request comes from and whether our own pages sent it. */
export function doors({ origin, trustedProxies, machineNames = [hostname()] }: DoorRules) {
  const isTrusted = within(trustedProxies)
  const ownNames = new Set(['localhost', ...machineNames.flatMap((name) => [name, `${name}.local`])].map((name) => name.toLowerCase()))

  const isProxy = lately(isTrusted)
  const comesByProxy = (request: IncomingMessage) => trustedProxies.length > 0 && isProxy(peerOf(request))

  /** The address a request comes from: behind proxies we trust, the last one in their list that is none of them. */
  function sourceOf(request: IncomingMessage): string {
    if (!comesByProxy(request)) return peerOf(request)
    const passed = header(request, 'x-forwarded-for')
      .split(',')
      .map((address) => address.trim())
    let source = peerOf(request)
    while (isTrusted(source)) {
      const before = passed.pop()
      if (!before || !ipaddr.isValid(before)) break
      source = ipaddr.process(before).toString()
    }
    return source
  }

  function isSecure(request: IncomingMessage): boolean {
    const said = comesByProxy(request) ? header(request, 'x-forwarded-proto').split(',')[0]!.trim() : ''
    return said === '' ? (request.socket as TLSSocket).encrypted === true : said === 'https'
  }

  function hostOf(request: IncomingMessage): string {
    const said = comesByProxy(request) ? header(request, 'x-forwarded-host').split(',')[0]!.trim() : ''
    return (said || header(request, 'host')).toLowerCase()
  }

  /** Where the person behind this request sees us. */
  const originOf = (request: IncomingMessage): string => origin ?? `${isSecure(request) ? 'https' : 'http'}://${hostOf(request)}`

  /**
   * Whether `Origin` names us. Without a configured origin the request's own host is compared, and only if it is one
   * that nobody else can point here: a foreign name that resolves to this machine would otherwise pass as ours.
   */
  function isOurOrigin(request: IncomingMessage): boolean {
    if (origin !== null) return header(request, 'origin') === origin
    return header(request, 'origin').toLowerCase() === originOf(request) && isOwnName(hostOf(request))
  }

  const isOwnName = lately((host: string): boolean => {
    const name = URL.parse(`http://${host}`)?.hostname ?? ''
    return ipaddr.isValid(name.replace(/^\[|\]$/g, '')) || ownNames.has(name) || name.endsWith('.localhost')
  })

  /**
   * Whether a request that changes something, or opens a socket, may come in. Browsers name the page that sent it;
   * who names none is no browser, and then only the cookie, which browsers alone attach by themselves, is suspicious.
   */
  function mayEnter(request: IncomingMessage): boolean {
    const site = request.headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin' && request.headers.upgrade === undefined) return false
    if (request.headers.origin !== undefined) return isOurOrigin(request)
    return site === 'same-origin' ? origin !== null || isOwnName(hostOf(request)) : !hasCookie(request)
  }

  return { sourceOf, isSecure, originOf, mayEnter }
}

/**
 * What pages and servers of others post to us: an identity provider's answers, and its word that somebody signed out there. None of
 * these reads our session; who is meant says what was signed.
 */
export const isPostedByOthers = (path: string): boolean => /^\/auth\/(?:saml\/[^/]+\/(?:acs|slo)|oidc\/[^/]+\/logout)$/.test(path)

/** Whether an address lies in one of these networks. IPv4 written as IPv6 counts as what it is. */
export function within(networks: readonly string[]): (address: string) => boolean {
  const ranges = networks.map((network) => {
    if (network.includes('/')) return ipaddr.parseCIDR(network)
    const address = ipaddr.process(network)
    return [address, address.kind() === 'ipv4' ? 32 : 128] as [ipaddr.IPv4 | ipaddr.IPv6, number]
  })
  return (text) => {
    if (!ipaddr.isValid(text)) return false
    const address = ipaddr.process(text)
    return ranges.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
  }
}

/** The other end of the connection itself. */
export const peerOf = (request: IncomingMessage): string => plain(request.socket.remoteAddress ?? '')

const plain = lately((address) => (ipaddr.isValid(address) ? ipaddr.process(address).toString() : address))

/** Remembers its last answer: thousands who come back at once come by one name, and often through one proxy. */
function lately<T>(answerTo: (asked: string) => T): (asked: string) => T {
  let last: { asked: string; answer: T } | undefined
  return (asked) => {
    if (last?.asked !== asked) last = { asked, answer: answerTo(asked) }
    return last.answer
  }
}

const header = (request: IncomingMessage, name: string): string => String(request.headers[name] ?? '')

const hasCookie = (request: IncomingMessage): boolean =>
  header(request, 'cookie')
    .split(';')
    .some((cookie) => cookie.trim().startsWith(`${cookieName}=`))
