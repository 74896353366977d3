import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

export interface OidcPerson {
  email: string
  email_verified: boolean
  name: string
}
export const client = { id: 'atrium', secret: 'a secret between two servers' }

/** A real OpenID provider in this process; whoever types a known name is that person. */
export async function openIdProvider(people: Record<string, OidcPerson>) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let handler: ReturnType<Provider['callback']> | undefined
  server.on('request', (request, response) => void handler?.(request, response))

  return {
    issuer,
    /** Once it is known where the hub answers. */
    serve({ callback, logout, left }: { callback: string; logout: string; left: string | null }) {
      const provider = new Provider(issuer, {
        clients: [
          {
            client_id: client.id,
            client_secret: client.secret,
            redirect_uris: [callback],
            post_logout_redirect_uris: [left!],
            backchannel_logout_uri: logout,
            backchannel_logout_session_required: true,
            token_endpoint_auth_method: 'client_secret_post',
          },
        ],
        claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'] },
        features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
        cookies: { keys: ['of a test'] },
        // By itself it would not go to loopback, where this hub is.
        fetch: (url, init) => {
          const { dispatcher: _, ...plain } = (init ?? {}) as RequestInit & { dispatcher?: unknown }
          return fetch(url, plain)
        },
        findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub, ...people[sub] }) as never }),
      })
      handler = provider.callback()
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
