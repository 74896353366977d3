import { isIPv4, isIPv6 } from 'node:net'
import type { Outgoing } from '@atrium/platform'

/**
 * Where a stream is sent: to an address that was looked at, and not to whatever its name means when somebody connects, now or
 * after it broke off. Under TLS the name stays, because servers go by it; who is none of them gets nothing but a greeting there.
 */
export const reaching =
  (outgoing: Pick<Outgoing, 'addressesOf'>, also: readonly string[]) =>
  async (url: string): Promise<string> => {
    const addresses = await outgoing.addressesOf(url, also)
    const target = new URL(url)
    if (target.protocol !== 'rtmp:') return url
    const address = addresses.find(isIPv4) ?? addresses[0]!
    target.host = `${isIPv6(address) ? `[${address}]` : address}${target.port && `:${target.port}`}`
    return target.href
  }
