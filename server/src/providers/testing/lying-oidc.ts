import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import { client } from './oidc.ts'

/** What it says in place of the truth. */
export interface Lie {
  claims?: JWTPayload
  /** Signed with a key that is not published. */
  isForged?: boolean
  /** Not signed at all. */
  isBare?: boolean
  livesSeconds?: number
  issuedSecondsAgo?: number
}

/** An OpenID provider that signs what it is told to: for what an honest one never says. */
export async function lyingProvider() {
  const [{ privateKey, publicKey }, forger] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')])
  const jwk = { ...(await exportJWK(publicKey)), kid: 'its-own', alg: 'RS256', use: 'sig' }
  const nonces = new Map<string, string>()
  let lie: Lie = {}
  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function token(nonce: string | undefined): Promise<string> {
    const at = Math.floor(Date.now() / 1_000) - (lie.issuedSecondsAgo ?? 0)
    const claims = {
      ...{ iss: issuer, aud: client.id, sub: 'alice', nonce, email: 'alice@example.org', email_verified: true, name: 'Alice' },
      ...{ iat: at, exp: at + (lie.livesSeconds ?? 300) },
      ...lie.claims,
    }
    if (lie.isBare) {
      const part = (said: object) => Buffer.from(JSON.stringify(said)).toString('base64url')
      return `${part({ alg: 'none' })}.${part(claims)}.`
    }
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: jwk.kid }).sign(lie.isForged ? forger.privateKey : privateKey)
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, issuer)
    const say = (said: object) => response.setHeader('content-type', 'application/json').end(JSON.stringify(said))
    if (url.pathname === '/.well-known/openid-configuration')
      return void say({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        token_endpoint_auth_methods_supported: ['client_secret_post'],
      })
    if (url.pathname === '/jwks') return void say({ keys: [jwk] })
    if (url.pathname === '/auth') {
      const code = crypto.randomUUID()
      nonces.set(code, url.searchParams.get('nonce')!)
      const back = new URL(url.searchParams.get('redirect_uri')!)
      back.search = new URLSearchParams({ code, state: url.searchParams.get('state')! }).toString()
      return void response.writeHead(303, { location: back.href }).end()
    }
    let body = ''
    for await (const part of request) body += String(part)
    const nonce = nonces.get(new URLSearchParams(body).get('code') ?? '')
    say({ access_token: 'of no use', token_type: 'Bearer', id_token: await token(nonce) })
  }

  return {
    issuer,
    says: (next: Lie) => void (lie = next),
    /** Its word, server to server, that somebody signed out there. */
    async logoutToken(said: Omit<Lie, 'claims'> & { claims?: Record<string, unknown>; name?: string } = {}): Promise<string> {
      const at = Math.floor(Date.now() / 1_000) - (said.issuedSecondsAgo ?? 0)
      const events = { [said.name ?? 'http://schemas.openid.net/event/backchannel-logout']: {} }
      const claims = { iss: issuer, aud: client.id, sub: 'alice', jti: crypto.randomUUID(), events, iat: at, exp: at + 120, ...said.claims }
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: jwk.kid, typ: 'logout+jwt' })
        .sign(said.isForged ? forger.privateKey : privateKey)
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
