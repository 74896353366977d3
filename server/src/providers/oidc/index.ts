import type { ClientAuth, Configuration, CustomFetch } from 'openid-client'
import { fail, Refusal, type Actor, type Announce, type Call, type Outgoing, type Tx } from '@atrium/platform'
import type { AccountId, ProviderId, SessionId } from '@atrium/protocol'
import type { Entered } from '../../auth/index.ts'
import { said, type Arriving, type Identity } from '../arriving.ts'
import { secretOf } from '../secrets.ts'
import { findProvider, listOpenId, type Db, type ProviderRow } from '../store.ts'
import { spend, untie, type Tie } from '../store.visits.ts'
import { note, refusedFor, settle } from '../troubles.ts'

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
/** What a session that began by a provider needs for its end. */
interface KeptOfSession {
  endSession: string | null
  idToken: string | null
}
export type OidcRow = ProviderRow & { settings: Extract<ProviderRow['settings'], { kind: 'oidc' }> }

const describedForMs = 10 * 60_000
const answersWithinMs = 8_000
const clockToleranceSeconds = 60
/** A token that is longer makes an address that servers cut off; without it the provider asks whether to sign out. */
const longestHint = 4_000
/** It was noted. */
const unlessAway = (error: unknown): void => {
  if (!(error instanceof Refusal)) throw error
}
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** OpenID Connect: the code flow with PKCE, state and nonce; the provider's own logout ends what began by it. */
export function oidc({ db, work, outgoing, origin, arriving, endSessions, now }: Deps) {
  const kept = new Map<string, { config: Promise<Configuration>; until: number }>()
  const callbackOf = (id: ProviderId) => new URL(`/auth/oidc/${id}/callback`, origin).href
  const leftOf = (id: ProviderId) => new URL(`/auth/oidc/${id}/left`, origin).href

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
    const known = kept.get(key)
    if (known && known.until > now().getTime()) return known.config
    const config = described(row)
    kept.set(key, { config, until: now().getTime() + describedForMs })
    // What went wrong is not remembered, nor is what holds no more.
    config.catch(() => kept.delete(key))
    for (const [other, { until }] of kept) if (until <= now().getTime()) kept.delete(other)
    return config
  }
  /** That it cannot be asked is said to administrators, until it can. */
  async function described(row: OidcRow): Promise<Configuration> {
    try {
      const config = await discover(row)
      await work((tx) => settle(tx, row.id, 'metadata'))
      return config
    } catch (error) {
      if (error instanceof Refusal) await work((tx) => note(tx, row.id, 'metadata', 'away', now()))
      throw error
    }
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
    // Although tokens come straight from the provider; but for those signed with our own secret, which say no more than the line does.
    const lookAtSignatures = (config: Configuration) => {
      const { jwks_uri: keys, id_token_signing_alg_values_supported: ways = [] } = config.serverMetadata()
      if (keys && ways.some((way) => !way.startsWith('HS'))) client.enableNonRepudiationChecks(config)
    }
    return client
      .discovery(
        new URL(issuer),
        clientId,
        { [client.clockTolerance]: clockToleranceSeconds },
        secret === null ? client.None() : shownSecret,
        {
          [client.customFetch]: fetchFor(row),
          execute: [lookAtSignatures, ...(isPlain ? [client.allowInsecureRequests] : [])],
        },
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
      const visit = await arriving.finish(row, query.get('state') ?? '', browser)
      const { verifier, nonce, next } = visit.kept as unknown as Kept
      if (query.get('error')) throw fail('unauthenticated', 'providers.givenUp')
      const config = await configOf(row)
      const client = await import('openid-client')
      const url = new URL(callbackOf(row.id))
      url.search = query.toString()
      const { claims, idToken } = await client
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
          return { claims: { ...more, ...shown }, idToken: tokens.id_token! }
        })
        .catch(async (error: unknown) => {
          await arriving.refused(row, refusedFor(error))
          throw fail('unauthenticated', 'providers.notAccepted')
        })
      const endSession = config.serverMetadata().end_session_endpoint ? client.buildEndSessionUrl(config).href : null
      const hint = idToken.length <= longestHint ? idToken : null
      const who = { ...identityOf(row, claims), kept: { endSession, idToken: hint } satisfies KeptOfSession }
      return { ...(await arriving.enter(row, who, actor, call)), next }
    },

    /** Where who signs out here goes, to be signed out over there as well: where the provider said when they signed in. Nobody is asked. */
    async leave(row: OidcRow, { kept }: Pick<Tie, 'kept'>): Promise<string | null> {
      const { endSession, idToken } = kept as Partial<KeptOfSession>
      if (!endSession) return null
      const url = new URL(endSession)
      if (idToken) url.searchParams.set('id_token_hint', idToken)
      url.searchParams.set('post_logout_redirect_uri', leftOf(row.id))
      url.searchParams.set('state', await arriving.leave(row))
      return url.href
    },
    /** Back from there. */
    async left(id: string, state: string): Promise<string> {
      await arriving.left(await existing(id), state)
      return '/sign-in'
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

    /** Now and then, also while nobody signs in: whether all of them can be asked. */
    async lookAtAll(): Promise<void> {
      for (const row of await listOpenId(db)) await described(row as OidcRow).catch(unlessAway)
    },

    /** For an administrator: whether it can be found, and says what is needed. */
    async look(row: OidcRow): Promise<void> {
      await discover(row)
    },
  }
}
export type Oidc = ReturnType<typeof oidc>
