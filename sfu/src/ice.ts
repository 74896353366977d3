import { createHmac } from 'node:crypto'
import type { Config } from '@atrium/platform'

export interface IceServer {
  urls: string[]
  username?: string
  credential?: string
}

const relayForMs = 86_400_000

/**
 * The relays for one participant, each with a password of its own that is good for a day: coturn's `use-auth-secret`, which
 * recomputes it from the name. The name begins with the end of its time.
 */
export function iceServersFor({ turnUrls, turnSecret }: Config['media'], participantId: string, now: Date): IceServer[] {
  const isRelay = (url: string) => url.startsWith('turn')
  const relays = turnUrls.filter(isRelay)
  const mirrors = turnUrls.filter((url) => !isRelay(url))
  const username = `${Math.floor((now.getTime() + relayForMs) / 1_000)}:${participantId}`
  const servers: IceServer[] = mirrors.length > 0 ? [{ urls: mirrors }] : []
  if (relays.length === 0 || turnSecret === null) return servers
  return [...servers, { urls: relays, username, credential: createHmac('sha1', turnSecret).update(username).digest('base64') }]
}
