import type { IncomingMessage } from 'node:http'
import { fail, networkOf, type Actor, type Call, type Throttle } from '@atrium/platform'

/** Whom a token stands for, shown as this address where one is named. */
export type TokenOf = (secret: string, address: string | undefined, about: Pick<Call, 'source' | 'userAgent'>) => Promise<Actor | undefined>

/** Nobody guesses 256 bits: this keeps programs with an old one from asking the database for ever. */
const wrongOnes = { times: 60, perMs: 60_000 }
const maxLength = 1_000

/**
 * Programs name themselves in a header: a token as `Bearer`, or an application password as `Basic`, with or without its person's
 * address. What is wrong there is refused; the cookie, should there be one, says nothing then. Undefined: no program of ours, for
 * a proxy before us may ask for passwords of its own.
 */
export function programs(deps: {
  tokenOf: TokenOf
  throttle: Pick<Throttle, 'take'>
  sourceOf: (request: IncomingMessage) => string
}): (request: IncomingMessage) => Promise<Actor | undefined> {
  const { tokenOf, throttle, sourceOf } = deps

  return async (request) => {
    const shown = shownBy(request.headers.authorization)
    if (!shown?.secret.startsWith('atr_')) return undefined
    const source = sourceOf(request)
    const actor = await tokenOf(shown.secret, shown.address, { source, userAgent: request.headers['user-agent'] ?? '' })
    if (actor) return actor
    const retryAfterMs = throttle.take(`tokens ${networkOf(source)}`, wrongOnes)
    throw retryAfterMs > 0 ? fail('rate_limited', 'rateLimited', { retryAfterMs }) : fail('unauthenticated', 'unauthenticated')
  }
}

/** RFC 6750 2.1 and RFC 7617 2. */
function shownBy(header: string | undefined): { secret: string; address: string | undefined } | undefined {
  if (header === undefined) return undefined
  const [, scheme = '', value = ''] = /^([a-z]+) +(\S+)$/i.exec(header.slice(0, maxLength)) ?? []
  if (scheme.toLowerCase() === 'bearer') return { secret: value, address: undefined }
  if (scheme.toLowerCase() !== 'basic') return undefined
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { secret: text.slice(colon + 1), address: text.slice(0, colon) || undefined }
}
