import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import compression from 'compression'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import type { ErrorCode } from '@atrium/protocol'
import type { Config } from './config.ts'
import { doors, isPostedByOthers, type Doors } from './doors.ts'
import { Refusal, fail } from './errors.ts'
import type { Log } from './log.ts'
import { pages } from './pages.ts'
import { whyNotListening } from './ports.ts'
import type { Certificate } from './tls.ts'

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** The one port: pages, operations, uploads, sockets. */
export interface Http {
  /** Express 5. `/api` bodies are parsed (JSON, limited); a refusal thrown in a handler becomes its reply. */
  app: Express
  /** For who needs the bare server, such as a build tool's hot reload. Upgrades go through `upgrade`. */
  server: Server
  /** Takes the upgrades of a path and what lies below it; of two, the longer path. Their origin has been checked. The result takes it back. */
  upgrade(path: string, handler: Upgrade): () => void
  /** The address a request comes from, seen through trusted proxies. */
  sourceOf: Doors['sourceOf']
  /** Where this request's person sees us: `https://hub.example.org`. For `Secure` cookies, never for links in mails. */
  originOf: Doors['originOf']
  /** Serves; from now on paths nobody took are pages. Resolves to the address to open. */
  listen(): Promise<string>
  /** Opens no more sockets: they are told to go elsewhere. */
  drain(): void
  /** Accepts no more connections, lets requests finish, cuts what is left after `graceMs`. */
  close(graceMs?: number): Promise<void>
}

/** The HTTP status of each code a refusal may have. */
export const statusOf: Record<ErrorCode, number> = {
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  invalid: 400,
  conflict: 409,
  too_large: 413,
  over_quota: 507,
  rate_limited: 429,
  unavailable: 503,
  internal: 500,
}

const maxBody = '256kb'

export interface HttpOptions {
  config: Pick<Config, 'host' | 'port' | 'origin' | 'trustedProxies' | 'webDir' | 'isDev'>
  log: Log
  certificate?: Certificate | undefined
  /** Instead of the built client: the build tool's, while developing. */
  pages?: ((server: Server) => Promise<RequestHandler>) | undefined
  /** What this machine is called in its network; a parameter for tests. */
  machineNames?: readonly string[]
}

export function openHttp({ config, log, certificate, pages: otherPages, machineNames }: HttpOptions): Http {
  const app = express()
  const server = certificate ? createSecureServer(certificate.current(), app) : createServer(app)
  certificate?.onChange((context) => 'setSecureContext' in server && server.setSecureContext(context))
  // A slow sender gets five minutes for a whole request: a picture over a bad line, not a held connection.
  Object.assign(server, { headersTimeout: 15_000, requestTimeout: 300_000, keepAliveTimeout: 65_000 })

  const door = doors({ origin: config.origin, trustedProxies: config.trustedProxies, ...(machineNames && { machineNames }) })
  const upgrades = new Map<string, Upgrade>()
  const opened = new Set<Duplex>()
  let isDraining = false

  app.disable('x-powered-by').set('query parser', 'simple')
  app.use(securityHeaders(door, config))
  app.use((request, response, next) => {
    if (isDraining) response.set('connection', 'close')
    next(isSafe(request.method) || isPostedByOthers(request.path) || door.mayEnter(request) ? undefined : fail('forbidden', 'forbidden'))
  })
  app.use(compression({ threshold: 1_024 }))
  app.use('/api', express.json({ limit: maxBody }))

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A connection that breaks during the handshake has nobody else who would listen, and would end the process.
    socket.on('error', () => {})
    if (config.isDev && String(request.headers['sec-websocket-protocol']).startsWith('vite-')) return
    const path = (request.url ?? '').split('?', 1)[0]!
    const [taken] = [...upgrades.keys()].filter((prefix) => path === prefix || path.startsWith(`${prefix}/`)).sort(longestFirst)
    const handler = upgrades.get(taken ?? '')
    if (!handler) return refuseUpgrade(socket, '404 Not Found')
    if (!door.mayEnter(request)) return refuseUpgrade(socket, '403 Forbidden')
    if (isDraining) return refuseUpgrade(socket, '503 Service Unavailable')
    opened.add(socket)
    socket.once('close', () => opened.delete(socket))
    handler(request, socket, head)
  })

  return {
    app,
    server,
    upgrade(path, handler) {
      upgrades.set(path, handler)
      return () => void (upgrades.get(path) === handler && upgrades.delete(path))
    },
    sourceOf: door.sourceOf,
    originOf: door.originOf,
    async listen() {
      app.use(await (otherPages ? otherPages(server) : pages(config.webDir)))
      app.use(() => {
        throw fail('not_found', 'notFound')
      })
      app.use(replyToErrors(log))
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      server.once('error', reject).listen(config.port, config.host, resolve)
      await promise.catch(async (error: NodeJS.ErrnoException) => {
        throw await whyNotListening(error, config)
      })
      server.off('error', reject)
      return config.origin ?? `${certificate ? 'https' : 'http'}://${shown(config.host)}:${(server.address() as AddressInfo).port}`
    },
    drain() {
      isDraining = true
    },
    async close(graceMs = 2_000) {
      isDraining = true
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      server.closeIdleConnections()
      for (const socket of opened) socket.end()
      const cut = setTimeout(() => {
        server.closeAllConnections()
        for (const socket of opened) socket.destroy()
      }, graceMs)
      await promise
      clearTimeout(cut)
      certificate?.close()
    },
  }
}

const isSafe = (method: string) => ['GET', 'HEAD', 'OPTIONS'].includes(method)

const longestFirst = (one: string, other: string) => other.length - one.length

/** Answers an upgrade that nobody takes. */
export function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy())
}

/** What a browser should refuse on our behalf. Pages replace the content policy by their own. */
function securityHeaders(door: Doors, { origin, isDev }: Pick<Config, 'origin' | 'isDev'>): RequestHandler {
  const always = {
    // The build tool's pages run scripts that nobody has hashed.
    'content-security-policy': isDev ? "frame-ancestors 'none'" : "default-src 'none'; frame-ancestors 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    // Not `no-referrer`: it would make `Origin` of our own requests `null`.
    'referrer-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()',
    // Remembered per host name, whatever the port: on `localhost` it would lock out every other program.
    ...(origin?.startsWith('https:') && { 'strict-transport-security': 'max-age=31536000' }),
  }
  return (request, response, next) => {
    response.set(always)
    if (door.isSecure(request)) response.set('cross-origin-opener-policy', 'same-origin')
    next()
  }
}

/** Every error becomes a reply: what we refuse says why, anything else is a bug with a reference to its line in the log. */
function replyToErrors(log: Log): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) return next(error)
    const { failure } = error instanceof Refusal ? error : (refusalOfParser(error) ?? bug(error))
    response.status(statusOf[failure.code]).json({ ok: false, error: failure })
  }

  function bug(error: unknown): Refusal {
    const ref = crypto.randomUUID()
    log.error({ operation: 'http', code: 'internal', ref, error })
    return fail('internal', 'internal', { ref })
  }
}

function refusalOfParser(error: { status?: unknown }): Refusal | undefined {
  if (error.status === 413) return fail('too_large', 'tooLarge')
  if (error.status === 404) return fail('not_found', 'notFound')
  return typeof error.status === 'number' && error.status >= 400 && error.status < 500 ? fail('invalid', 'invalid') : undefined
}

const shown = (host: string): string =>
  ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host
