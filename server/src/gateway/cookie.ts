import type { IncomingMessage } from 'node:http'
import { cookieName } from '@atrium/platform/doors'

/** The session's secret, as the browser brings it. */
export const secretOf = (request: IncomingMessage): string | undefined => valueOf(request, cookieName)
/** What a browser shows that was trusted with the second factor. It opens nothing by itself. */
export const deviceSecretOf = (request: IncomingMessage): string | undefined => valueOf(request, deviceCookieName)
const deviceCookieName = `${cookieName}-device`

function valueOf(request: IncomingMessage, wanted: string): string | undefined {
  for (const cookie of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = cookie.trim().split('=', 2)
    if (name === wanted && value && isSecret(value)) return value
  }
  return undefined
}

// 256 bits in base64url. Anything else was not made by us and need not be looked up.
const isSecret = (value: string) => /^[A-Za-z0-9_-]{43}$/.test(value)

/**
 * No `__Host-` prefix: browsers take it over TLS only, and the hub is opened by plain HTTP on this machine and in the house.
 * What the prefix prevents, a neighbouring subdomain planting its own session here, costs a person at most a look at
 * somebody else's hub: sign-in always issues a new secret, and requests from other origins are refused.
 */
export const cookieFor = (secret: string, expiresAt: Date, isSecure: boolean): string => written(cookieName, secret, expiresAt, isSecure)
export const deviceCookieFor = (secret: string, expiresAt: Date, isSecure: boolean): string =>
  written(deviceCookieName, secret, expiresAt, isSecure)

const written = (name: string, secret: string, expiresAt: Date, isSecure: boolean): string =>
  [`${name}=${secret}`, 'Path=/', 'HttpOnly', 'SameSite=Lax', `Expires=${expiresAt.toUTCString()}`, ...(isSecure ? ['Secure'] : [])].join(
    '; ',
  )

export const noCookie = (isSecure: boolean): string => cookieFor('', new Date(0), isSecure)
