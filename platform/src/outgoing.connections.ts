import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectSecurely, createSecureContext, getCACertificates, type ConnectionOptions, type SecureContext } from 'node:tls'

/** What a name leads to is what was looked at a moment ago: it is not asked again. */
export function toThese(addresses: readonly string[]): LookupFunction {
  const checked = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, { all }, found) => (all ? found(null, checked) : found(null, checked[0]!.address, checked[0]!.family))
}

export interface ConnectionRequest {
  port: number
  /** Under TLS, with a certificate of that name. */
  isSecure: boolean
  /** Makers of certificates, besides those that every machine knows. */
  trusted?: readonly string[]
}

const contexts = new Map<string, SecureContext>()
const mostContexts = 50
/**
 * Trusts these makers of certificates, besides those that every machine knows. Reading those takes twenty milliseconds in which nobody
 * else is served: it is done once, not with each connection.
 */
export function trusting(authorities: readonly string[]): SecureContext {
  const key = authorities.join('\n')
  const known = contexts.get(key)
  if (known) return known
  const context = createSecureContext({ ca: [...getCACertificates('default'), ...authorities] })
  if (contexts.size >= mostContexts) contexts.clear()
  contexts.set(key, context)
  return context
}

/** A connection that is there, under TLS from here on. It leads nowhere else. */
export const secured = (options: ConnectionOptions & { socket: NonNullable<ConnectionOptions['socket']> }): Socket =>
  connectSecurely(options)

/** A connection to one of these addresses. Rejects where there is none, and where whoever answers is somebody else. */
export function connected(
  host: string,
  addresses: readonly string[],
  { port, isSecure, trusted = [] }: ConnectionRequest,
  signal: AbortSignal,
): Promise<Socket> {
  const where = { host, port, lookup: toThese(addresses) }
  const socket = isSecure
    ? connectSecurely({
        ...where,
        ...(isIP(host) === 0 && { servername: host }),
        ...(trusted.length > 0 && { secureContext: trusting(trusted) }),
      })
    : connect(where)
  return new Promise((resolve, reject) => {
    const late = () => void socket.destroy(new Error(`${host} does not answer.`))
    signal.addEventListener('abort', late, { once: true })
    socket.once('error', reject).once(isSecure ? 'secureConnect' : 'connect', () => {
      signal.removeEventListener('abort', late)
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
