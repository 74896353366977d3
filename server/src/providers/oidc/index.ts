import type { ClientAuth, Configuration, CustomFetch } from 'openid-client'
import { fail, type Actor, type Announce, type Call, type Outgoing, type Tx } from '@atrium/platform'
import type { AccountId, ProviderId, SessionId } from '@atrium/protocol'
import type { Entered } from '../../auth/index.ts'
import { said, type Arriving, type Identity } from '../arriving.ts'
import { secretOf } from '../secrets.ts'
import { findProvider, type Db, type ProviderRow } from '../store.ts'
import { spend, untie } from '../store.visits.ts'

interface Deps {
  db: Db
  work: <T>(unit: (tx: Tx, announce: Announce) => Promise<T>) => Promise<T>
  outgoing: Pick<Outgoing, 'configured' | 'foreign'>
  origin: string
  arriving: Arriving
  endSessions: (tx: Tx, announce: Announce, accountId: AccountId, sessionIds: SessionId[]) => Promise<void>
  now: () => Date
}
interface Kept {
  verifier: string
  nonce: string
  next: string
}
export type OidcRow = ProviderRow & { settings: Extract<ProviderRow['settings'], { kind: 'oidc' }> }

const describedForMs = 10 * 60_000
const answersWithinMs = 8_000
const clockToleranceSeconds = 60
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** OpenID Connect: the code flow with PKCE, state and nonce; the provider's own logout ends what began by it. */
export function oidc({ db, work, outgoing, origin, arriving, endSessions, now }: Deps) {
  const described = new Map<string, { config: Promise<Configuration>; until: number }>()
  const callbackOf = (id: ProviderId) => new URL(`/auth/oidc/${id}/callback`, origin).href

  async function existing(id: string): Promise<OidcRow> {
    const row = await findProvider(db, id)
    if (row?.settings.kind !== 'oidc' || !row.isOn) throw fail('not_found', 'providers.noSuchProvider')
    return row as OidcRow
  }

  /** The only way out is ours, also for a library. */
  const fetchFor =
    (row: OidcRow): CustomFetch =>
    async (url, { method, headers, body }) => {
      const go = row.mayGoInside ? outgoing.configured : outgoing.foreign
      const asked = { method: method as 'GET' | 'POST', headers: headers as Record<string, string>, timeoutMs: answersWithinMs }
      const answer = await go(url, { ...asked, ...(body !== undefined && body !== null && { body: String(body) }) })
      const hasBody = answer.status !== 204 && answer.status !== 304
      return new Response(hasBody ? new Uint8Array(answer.body) : null, { status: answer.status, headers: answer.headers })
    }

  /** What the provider says of itself, asked for now and then. */
  async function configOf(row: OidcRow): Promise<Configuration> {
    const key = JSON.stringify([row.id, row.settings, row.clientId, row.mayGoInside])
    const known = described.get(key)
    if (known && known.until > now().getTime()) return known.config
    const config = discover(row)
    described.set(key, { config, until: now().getTime() + describedForMs })
    // What went wrong is not remembered, nor is what holds no more.
    config.catch(() => described.delete(key))
    for (const [other, { until }] of described) if (until <= now().getTime()) described.delete(other)
    return config
  }
  async function discover(row: OidcRow): Promise<Configuration> {
    const client = await import('openid-client')
    const secret = await secretOf(db, row)
    const { issuer, clientId } = row.settings
    const isPlain = new URL(issuer).protocol === 'http:'
    // As the provider takes it; by the header where it does not say.
    const shownSecret: ClientAuth = (server, ...rest) =>
      (server.token_endpoint_auth_methods_supported?.includes('client_secret_post')
        ? client.ClientSecretPost(secret!)
        : client.ClientSecretBasic(secret!))(server, ...rest)
    return client
      .discovery(
        new URL(issuer),
        clientId,
        { [client.clockTolerance]: clockToleranceSeconds },
        secret === null ? client.None() : shownSecret,
        { [client.customFetch]: fetchFor(row), ...(isPlain && { execute: [client.allowInsecureRequests] }) },
      )
      .catch(() => {
        throw fail('unavailable', 'providers.away')
      })
  }

  function identityOf(row: OidcRow, claims: Record<string, unknown>): Identity {
    const { mapping } = row.settings
    const at = (name: string, usual: string) => said(claims[name || usual])
    const address = at(mapping.address, 'email').toLowerCase()
    return {
      subject: said(claims['sub'], 500),
      address: address || null,
      // Some say it as text.
      isVerified: claims['email_verified'] === true || claims['email_verified'] === 'true',
      name: at(mapping.name, 'name'),
      given: at(mapping.given, 'given_name'),
      surname: at(mapping.surname, 'family_name'),
      title: mapping.title ? at(mapping.title, '') : '',
      index: said(claims['sid'], 500) || null,
    }
  }

  return {
    /** Where the browser goes, and the secret by which it will be known when it comes back. */
    async begin(id: string, next: string): Promise<{ url: string; browser: string }> {
      const row = await existing(id)
      const config = await configOf(row)
      const client = await import('openid-client')
      const [verifier, nonce] = [client.randomPKCECodeVerifier(), client.randomNonce()]
      const { number, browser } = await arriving.begin(row, { verifier, nonce, next } satisfies Kept)
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: callbackOf(row.id),
        scope: row.settings.scopes,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state: number,
        nonce,
      })
      return { url: url.href, browser }
    },

    /** The browser is back, with a code or with a no. */
    async finish(
      id: string,
      query: URLSearchParams,
      browser: string | undefined,
      actor: Actor | undefined,
      call: Call,
    ): Promise<Entered & { next: string }> {
      const row = await existing(id)
      const { kept } = await arriving.finish(row, query.get('state') ?? '', browser)
      const { verifier, nonce, next } = kept as unknown as Kept
      if (query.get('error')) throw fail('unauthenticated', 'providers.givenUp')
      const config = await configOf(row)
      const client = await import('openid-client')
      const url = new URL(callbackOf(row.id))
      url.search = query.toString()
      const claims = await client
        .authorizationCodeGrant(config, url, {
          pkceCodeVerifier: verifier,
          expectedNonce: nonce,
          expectedState: query.get('state')!,
          idTokenExpected: true,
        })
        .then(async (tokens) => {
          const shown = tokens.claims()!
          // Many say little in the token and the rest where one asks.
          const more = config.serverMetadata().userinfo_endpoint ? await client.fetchUserInfo(config, tokens.access_token, shown.sub) : {}
          return { ...more, ...shown }
        })
        .catch(() => {
          throw fail('unauthenticated', 'providers.notAccepted')
        })
      return { ...(await arriving.enter(row, identityOf(row, claims), actor, call)), next }
    },

    /** The provider says itself, server to server, that somebody signed out there. */
    async logout(id: string, token: string): Promise<void> {
      const row = await existing(id)
      const config = await configOf(row)
      const { createLocalJWKSet, jwtVerify } = await import('jose')
      const answer = await fetchFor(row)(config.serverMetadata().jwks_uri ?? '', {
        method: 'GET',
        headers: {},
        body: undefined,
        redirect: 'manual',
      })
      const keys = createLocalJWKSet((await answer.json()) as Parameters<typeof createLocalJWKSet>[0])
      const { payload } = await jwtVerify(token, keys, {
        issuer: config.serverMetadata().issuer,
        audience: row.settings.clientId,
        clockTolerance: clockToleranceSeconds,
        currentDate: now(),
        requiredClaims: ['iat', 'jti', 'events'],
        maxTokenAge: 300,
      }).catch(() => {
        throw fail('invalid', 'providers.notAccepted')
      })
      const events = payload['events'] as Record<string, unknown> | undefined
      const [subject, index] = [payload.sub, payload['sid']]
      const isLogout = typeof events === 'object' && events !== null && logoutEvent in events && payload['nonce'] === undefined
      if (!isLogout || (subject === undefined && typeof index !== 'string')) throw fail('invalid', 'providers.notAccepted')
      await work(async (tx, announce) => {
        if (!(await spend(tx, row.id, `logout ${payload.jti}`, new Date(now().getTime() + 10 * 60_000))))
          throw fail('invalid', 'providers.notAccepted')
        const over = await untie(tx, row.id, { subject, index: typeof index === 'string' ? index : undefined })
        for (const [accountId, those] of Map.groupBy(over, (one) => one.accountId))
          await endSessions(
            tx,
            announce,
            accountId,
            those.map(({ sessionId }) => sessionId),
          )
      })
    },

    /** For an administrator: whether it can be found, and says what is needed. */
    async look(row: OidcRow): Promise<void> {
      await discover(row)
    },
  }
}
export type Oidc = ReturnType<typeof oidc>
