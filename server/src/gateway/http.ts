import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Request, RequestHandler, Response } from 'express'
import { fail, opens, type Actor, type Call, type Throttle } from '@atrium/platform'
import { statusOf, type Http } from '@atrium/platform/http'
import { contract, type Operation, type Reply, type Scope } from '@atrium/protocol'
import { cookieFor, deviceCookieFor, deviceSecretOf, noCookie, secretOf } from './cookie.ts'
import { openApi } from './openapi.ts'
import { inputFromAddress } from './parameters.ts'
import { programs, type TokenOf } from './programs.ts'
import type { Dispatch } from './socket.ts'

export type Session = (request: IncomingMessage) => Promise<Actor | undefined>

/** The second door: the same operations for programs, and those that set or end the cookie. */
export function httpDoor(deps: {
  http: Http
  dispatch: Dispatch
  sessionOf: (secret: string) => Promise<Actor | undefined>
  unfinishedOf: (secret: string) => Promise<Actor | undefined>
  tokenOf: TokenOf
  throttle: Pick<Throttle, 'take'>
  version: string
}): { actorOf: Session; actorWith: (scope: Scope) => Session } {
  const { http, dispatch, sessionOf, unfinishedOf, version } = deps
  const { app } = http
  const isSecure = (request: IncomingMessage) => http.originOf(request).startsWith('https:')

  const actorOf: Session = async (request) => {
    const secret = secretOf(request)
    return secret === undefined ? undefined : sessionOf(secret)
  }
  const programOf = programs({ ...deps, sourceOf: http.sourceOf })
  /** A person with a cookie, or a program that may use this scope. */
  const actorWith =
    (scope: Scope): Session =>
    async (request) => {
      const program = await programOf(request)
      if (!program) return actorOf(request)
      if (!program.through || !('scopes' in program.through) || !opens(program.through, scope))
        throw fail('forbidden', 'factors.outOfScope')
      return program
    }
  /** Only here: for every other door, who has not finished signing in is nobody. What a program may ask is the dispatcher's to say. */
  const askerOf: Session = async (request) => {
    const program = await programOf(request)
    if (program) return program
    const secret = secretOf(request)
    return secret === undefined ? undefined : ((await sessionOf(secret)) ?? (await unfinishedOf(secret)))
  }

  const answer = async (request: Request, response: Response, name: string, input: unknown): Promise<void> => {
    const call: Call = {
      door: 'http',
      source: http.sourceOf(request),
      userAgent: request.headers['user-agent'] ?? '',
      requestId: randomUUID(),
      session: {
        begin: (secret, expiresAt) => void response.append('set-cookie', cookieFor(secret, expiresAt, isSecure(request))),
        end: () => void response.append('set-cookie', noCookie(isSecure(request))),
      },
      device: {
        secret: deviceSecretOf(request),
        trust: (secret, expiresAt) => void response.append('set-cookie', deviceCookieFor(secret, expiresAt, isSecure(request))),
      },
      origin: http.originOf(request),
    }
    send(response, await dispatch(await askerOf(request), name, input, call))
  }

  // What an operation answers is for this person and this moment.
  app.use('/api', (_request, response, next) => {
    response.set('cache-control', 'no-store')
    next()
  })
  let description: string | undefined
  app.get('/api/openapi.json', fromOurPages, async (request, response) => {
    await signedIn(async () => (await programOf(request)) ?? actorOf(request), request)
    description ??= JSON.stringify(openApi(contract, version))
    response.type('application/json').send(description)
  })
  app.get('/api/:name', fromOurPages, async (request: Request<{ name: string }>, response) => {
    const operation = operationOf(request.params.name)
    if (operation?.kind !== 'query') throw fail('not_found', 'noSuchOperation')
    await answer(request, response, request.params.name, inputFromAddress(operation.input, request.query))
  })
  // A query that is too long for an address may be posted.
  app.post('/api/:name', async (request: Request<{ name: string }>, response) => {
    if (!operationOf(request.params.name)) throw fail('not_found', 'noSuchOperation')
    if (!request.is('application/json')) throw fail('invalid', 'invalid', { field: 'content-type' })
    await answer(request, response, request.params.name, request.body)
  })
  return { actorOf, actorWith }
}

/** A browser says where a request began. Reading for another site's page is not what the cookie is for. */
export const fromOurPages: RequestHandler = (request, _response, next) => {
  const site = request.headers['sec-fetch-site']
  next(site === undefined || site === 'same-origin' || site === 'none' ? undefined : fail('forbidden', 'forbidden'))
}

/** Whose session it is. Who has none is refused. */
export async function signedIn(actorOf: Session, request: IncomingMessage): Promise<Actor> {
  const actor = await actorOf(request)
  if (!actor) throw fail('unauthenticated', 'unauthenticated')
  return actor
}

/** Streams to whoever asked. Who stops reading has had enough: that is no error. */
export async function written(content: AsyncIterable<unknown>, response: Response): Promise<void> {
  try {
    await pipeline(content, response)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

export function send(response: Response, reply: Reply<unknown>): void {
  if (!reply.ok && reply.error.retryAfterMs !== undefined) response.set('retry-after', `${Math.ceil(reply.error.retryAfterMs / 1_000)}`)
  response.status(reply.ok ? 200 : statusOf[reply.error.code]).json(reply)
}

function operationOf(name: string): Operation | undefined {
  const entry = Object.hasOwn(contract, name) ? contract[name as keyof typeof contract] : undefined
  return entry?.kind === 'query' || entry?.kind === 'command' ? entry : undefined
}
