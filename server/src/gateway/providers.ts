import { randomUUID } from 'node:crypto'
import express, { type Request, type Response } from 'express'
import { fail, networkOf, Refusal, type Actor, type Call, type Throttle } from '@atrium/platform'
import type { Http } from '@atrium/platform/http'
import { pathOf, type ProviderDoors } from '../providers/index.ts'
import { cookieFor, noCookie } from './cookie.ts'
import type { Session } from './http.ts'

/** By which a browser is known that went to a provider, until it is back. */
const visitCookie = 'atrium_visit'
const visitLastsMs = 15 * 60_000

const perCaller = { times: 60, perMs: 60_000 }
/** A provider tells of many people. */
const perServer = { times: 1_200, perMs: 60_000 }

type At = Request<{ id: string }>

/**
 * `/auth/saml/…` and `/auth/oidc/…`: from the sign-in page to a provider and back. What other sites post here carries no cookie of
 * ours: an answer is kept, and the browser sent to fetch it by an address of our own, with the cookie it got when it left.
 */
export function providerDoors(http: Http, actorOf: Session, doors: ProviderDoors, throttle: Pick<Throttle, 'take'>): void {
  const { app } = http
  const isSecure = (request: Request) => http.originOf(request).startsWith('https:')
  const callOf = (request: Request, response: Response): Call => ({
    door: 'http',
    source: http.sourceOf(request),
    userAgent: request.headers['user-agent'] ?? '',
    requestId: randomUUID(),
    session: {
      begin: (secret, expiresAt) => void response.append('set-cookie', cookieFor(secret, expiresAt, isSecure(request))),
      end: () => void response.append('set-cookie', noCookie(isSecure(request))),
    },
  })
  const setVisit = (request: Request, response: Response, secret: string, livesMs: number): void =>
    void response.append(
      'set-cookie',
      [
        `${visitCookie}=${secret}`,
        ...['Path=/auth', 'HttpOnly', 'SameSite=Lax', `Expires=${new Date(Date.now() + livesMs).toUTCString()}`],
        ...(isSecure(request) ? ['Secure'] : []),
      ].join('; '),
    )

  function limit(request: Request, rate: { times: number; perMs: number }): void {
    const retryAfterMs = throttle.take(`provider ${rate.times} ${networkOf(http.sourceOf(request))}`, rate)
    if (retryAfterMs > 0) throw fail('rate_limited', 'rateLimited', { retryAfterMs })
  }

  /** Whatever was refused is said where people sign in. */
  const told =
    (run: (request: At, response: Response) => Promise<void>) =>
    async (request: At, response: Response): Promise<void> => {
      response.set('cache-control', 'no-store')
      try {
        limit(request, perCaller)
        await run(request, response)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        response.redirect(303, `/sign-in?refused=${encodeURIComponent(error.failure.key)}`)
      }
    }
  async function entered(request: At, response: Response, enter: (actor: Actor | undefined, call: Call) => Promise<string>): Promise<void> {
    const next = await enter(await actorOf(request), callOf(request, response))
    setVisit(request, response, '', -1)
    response.redirect(303, next)
  }
  const visitOf = (request: Request): string | undefined =>
    new RegExp(`(?:^|;\\s*)${visitCookie}=([A-Za-z0-9_-]{43})(?:;|$)`).exec(request.headers.cookie ?? '')?.[1]
  const queryOf = (request: Request): string => (request.url.includes('?') ? request.url.slice(request.url.indexOf('?') + 1) : '')
  const form = express.urlencoded({ extended: false, limit: '512kb', parameterLimit: 20 })

  for (const kind of ['saml', 'oidc'] as const)
    app.get(
      `/auth/${kind}/:id/login`,
      told(async (request, response) => {
        // The provider sends people to the one address it knows; a cookie of another name of this machine would not come along.
        if (http.originOf(request) !== doors.origin) return response.redirect(303, new URL(request.originalUrl, doors.origin).href)
        const { url, browser } = await doors[kind].begin(request.params.id, pathOf(request.query['next']))
        setVisit(request, response, browser, visitLastsMs)
        response.redirect(303, url)
      }),
    )
  app.get(
    '/auth/oidc/:id/callback',
    told((request, response) =>
      entered(request, response, (actor, call) =>
        doors.oidc.finish(request.params.id, new URLSearchParams(queryOf(request)), visitOf(request), actor, call),
      ),
    ),
  )
  app.get(
    '/auth/oidc/:id/left',
    told(async (request, response) =>
      response.redirect(303, await doors.oidc.left(request.params.id, String(request.query['state'] ?? ''))),
    ),
  )
  app.post('/auth/oidc/:id/logout', form, async (request: At, response) => {
    response.set('cache-control', 'no-store')
    limit(request, perServer)
    await doors.oidc.logout(request.params.id, String((request.body as { logout_token?: unknown } | undefined)?.logout_token ?? ''))
    response.status(200).end()
  })

  app.get('/auth/saml/:id/metadata', async (request: At, response) => {
    response.type('application/samlmetadata+xml').send(await doors.saml.metadata(request.params.id))
  })
  app.post(
    '/auth/saml/:id/acs',
    form,
    told(async (request, response) => {
      const number = await doors.saml.receive(request.params.id, (request.body as object | undefined) ?? {})
      response.redirect(303, `/auth/saml/${encodeURIComponent(request.params.id)}/finish?visit=${number}`)
    }),
  )
  app.get(
    '/auth/saml/:id/finish',
    told((request, response) =>
      entered(request, response, (actor, call) =>
        doors.saml.finish(request.params.id, String(request.query['visit'] ?? ''), visitOf(request), actor, call),
      ),
    ),
  )
  app.get(
    '/auth/saml/:id/slo',
    told(async (request, response) =>
      response.redirect(303, (await doors.saml.logout(request.params.id, { query: queryOf(request) })).url),
    ),
  )
  app.post(
    '/auth/saml/:id/slo',
    form,
    told(async (request, response) =>
      response.redirect(303, (await doors.saml.logout(request.params.id, { body: (request.body as object | undefined) ?? {} })).url),
    ),
  )
}
