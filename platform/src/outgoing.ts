import { lookup } from 'node:dns/promises'
import { request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as secureRequest } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { isMetadata, isPublic } from './addresses.ts'
import { within } from './doors.ts'
import { fail, Refusal } from './errors.ts'
import { connected, toThese, type ConnectionRequest } from './outgoing.connections.ts'

export { secured, trusting } from './outgoing.connections.ts'

export interface OutgoingRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'HEAD'
  headers?: Record<string, string>
  body?: string | Uint8Array
  /** Of the answer; one that is longer is refused with `too_large`. */
  maxBytes?: number
  /** For all of it: names, redirects, the last byte. */
  timeoutMs?: number
}
export interface OutgoingAnswer {
  status: number
  headers: Record<string, string>
  body: Buffer
  /** After redirects. */
  url: string
}

/** The only way out. */
export interface Outgoing {
  /** To an address that came from people, links or other systems: public ones only, however they are spelt. */
  foreign(url: string, request?: OutgoingRequest): Promise<OutgoingAnswer>
  /** To an address that a global administrator configured: any but link-local and metadata ones. */
  configured(url: string, request?: OutgoingRequest): Promise<OutgoingAnswer>
  /**
   * For what leaves by another protocol than HTTP, to an address that came from people: where it may go, or a refusal.
   * `also`: addresses or networks that an administrator allows besides.
   */
  addressesOf(url: string, also?: readonly string[]): Promise<string[]>
  /** A connection there, to an address that was looked at just now. */
  connection(url: string, request: ConnectionRequest, also?: readonly string[]): Promise<Socket>
}

export interface OutgoingOptions {
  /** All addresses of a name. */
  resolve?: (host: string) => Promise<string[]>
  /** Where a foreign target may lie; a parameter for tests, whose servers are on loopback. */
  mayVisit?: (address: string) => boolean
}

const maxHops = 3
const defaults = { maxBytes: 1 << 20, timeoutMs: 10_000 }
/** What a page elsewhere is no business of: they would carry our person's rights there. */
const ownOnly = ['authorization', 'cookie', 'proxy-authorization']

type Rule = (url: URL, addresses: readonly string[]) => boolean

export function openOutgoing({ resolve = addressesOf, mayVisit = isPublic }: OutgoingOptions = {}): Outgoing {
  const ordinaryPort = ({ port }: URL) => port === '' || port === '80' || port === '443' || Number(port) > 1_023
  const foreign: Rule = (url, addresses) => ordinaryPort(url) && addresses.every(mayVisit)
  const configured: Rule = (_url, addresses) => !addresses.some(isMetadata)

  async function visit(
    rule: Rule,
    text: string,
    { maxBytes = defaults.maxBytes, timeoutMs = defaults.timeoutMs, ...asked }: OutgoingRequest = {},
  ) {
    const signal = AbortSignal.timeout(timeoutMs)
    let url = checkedUrl(text)
    let request = asked
    for (let hop = 0; hop <= maxHops; hop++) {
      const addresses = await inTime(reachable(url, rule), signal)
      const answer = await send(url, addresses, request, maxBytes, signal)
      const target = redirection(answer, url)
      if (!target) return answer
      request = afterRedirect(request, answer.status, target.origin === url.origin)
      url = target
    }
    throw fail('unavailable', 'unavailable')
  }

  /** The addresses behind a URL, if one may go there. If one of them is refused all are: nobody needs both kinds. */
  async function reachable(url: URL, rule: Rule): Promise<string[]> {
    const host = hostOf(url)
    const addresses = isIP(host) ? [host] : await resolve(host).catch(() => [])
    if (addresses.length === 0) throw fail('unavailable', 'unavailable')
    if (!rule(url, addresses)) throw fail('forbidden', 'forbidden')
    return addresses
  }

  async function toOther(text: string, also: readonly string[], signal: AbortSignal) {
    const url = URL.parse(text)
    if (!url || url.hostname === '') throw fail('invalid', 'invalid', { field: 'url' })
    const isAllowed = within(also)
    const rule: Rule = (_url, addresses) =>
      addresses.every((address) => (isAllowed(address) && !isMetadata(address)) || (ordinaryPort(url) && mayVisit(address)))
    return { host: hostOf(url), addresses: await inTime(reachable(url, rule), signal) }
  }

  return {
    foreign: (url, request) => visit(foreign, url, request),
    configured: (url, request) => visit(configured, url, request),
    addressesOf: async (url, also = []) => (await toOther(url, also, AbortSignal.timeout(defaults.timeoutMs))).addresses,
    async connection(url, request, also = []) {
      const signal = AbortSignal.timeout(defaults.timeoutMs)
      const { host, addresses } = await toOther(url, also, signal)
      return connected(host, addresses, request, signal)
    },
  }
}

const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, '')
const addressesOf = async (host: string) => (await lookup(host, { all: true })).map(({ address }) => address)

function checkedUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
    throw fail('invalid', 'invalid', { field: 'url' })
  return url
}

/** One request over a connection to one of the addresses that were checked: the name is not asked again. */
async function send(
  url: URL,
  addresses: readonly string[],
  asked: OutgoingRequest,
  maxBytes: number,
  signal: AbortSignal,
): Promise<OutgoingAnswer> {
  const make = url.protocol === 'https:' ? secureRequest : plainRequest
  const outgoing = make(url, {
    method: asked.method ?? 'GET',
    // Uncompressed: a small answer must not become a large one after the count.
    headers: { 'user-agent': 'Atrium', 'accept-encoding': 'identity', ...asked.headers },
    lookup: toThese(addresses),
    agent: false,
    signal,
  })
  outgoing.end(asked.body)
  try {
    const response = await responseOf(outgoing)
    const body = await limited(response, maxBytes)
    const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]))
    return { status: response.statusCode!, headers, body, url: url.href }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw fail('unavailable', 'unavailable')
  } finally {
    outgoing.destroy()
  }
}

function responseOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  // The listener stays: an error after the answer would otherwise end the process.
  outgoing.on('error', reject).on('response', resolve)
  return promise
}

async function limited(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = fail('too_large', 'tooLarge', { params: { limit: maxBytes } })
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLarge
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function redirection({ status, headers }: OutgoingAnswer, from: URL): URL | undefined {
  const location = headers['location']
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined
  return checkedUrl(URL.parse(location, from.href)?.href ?? '')
}

function afterRedirect(request: OutgoingRequest, status: number, isSameOrigin: boolean): OutgoingRequest {
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).filter(([name]) => isSameOrigin || !ownOnly.includes(name.toLowerCase())),
  )
  const isRepeated =
    status === 307 || status === 308 || request.method === 'GET' || request.method === 'HEAD' || request.method === undefined
  const { body: _body, ...bare } = request
  return isRepeated ? { ...request, headers } : { ...bare, method: 'GET', headers }
}

async function inTime<T>(asking: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const end = () => reject(fail('unavailable', 'unavailable'))
  signal.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([asking, late])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
