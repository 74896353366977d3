import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Express } from 'express'

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** The one port: pages, operations, uploads, sockets. */
export interface Http {
  /** Express 5. `/api` bodies are parsed (JSON, limited); a refusal thrown in a handler becomes its reply. */
  app: Express
  /** For who needs the bare server, such as a build tool's hot reload. Upgrades go through `upgrade`. */
  server: Server
  /** Takes the upgrades of a path and what lies below it. Their origin has been checked. The result takes it back. */
  upgrade(path: string, handler: Upgrade): () => void
  /** The address a request comes from, seen through trusted proxies. */
  sourceOf(request: IncomingMessage): string
  /** Where this request's person sees us: `https://hub.example.org`. For `Secure` cookies, never for links in mails. */
  originOf(request: IncomingMessage): string
  /** Serves; from now on paths nobody took are pages. Resolves to the address to open. */
  listen(): Promise<string>
  /** Accepts no more connections, lets requests finish, cuts what is left after `graceMs`. */
  close(graceMs?: number): Promise<void>
}
