import { fail, networkOf, together, type Actor, type Announce, type Call, type Tx } from '@atrium/platform'
import type { AccountId, Hub, Input, Output, SessionId, Token, TokenId } from '@atrium/protocol'
import { deviceOf, hashOf, newSecret } from '../auth/index.ts'
import { maxTokens, scopesFor, tokenTouchMs } from './rules.ts'
import type { Common } from './service.common.ts'
import { addToken, dropTokens, findTokens, listTokens, revokeToken, touchToken, type KnownToken } from './store.tokens.ts'
import type { TokenRow } from './store.ts'

/** Recognised by people and by programs that look for secrets where none should be. */
const prefix = 'atr_'
const isSecret = (text: string) => /^atr_[A-Za-z0-9_-]{43}$/.test(text)

/** Application passwords and tokens: made once, shown once, good until they are revoked. */
export function tokenService(here: Common) {
  const { db, work, accounts, now, newId } = here
  const asked = together((hashes) => findTokens(db, hashes))

  const shown = ({ id, kind, name, purpose, scopes, createdAt, expiresAt, usedAt, usedFrom }: KnownToken): Token => ({
    ...{ id, kind, name, purpose, scopes, usedFrom },
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    usedAt: usedAt?.toISOString() ?? null,
  })
  const isOff = async (accountId: AccountId, kind: Token['kind']) => {
    const values = await accounts.valuesOf(accountId)
    return !values[kind === 'script' ? 'features.tokens' : 'features.applicationPasswords']
  }

  async function create(
    accountId: AccountId,
    { kind, name, purpose, scopes: wanted, days }: Pick<Input<Hub, 'tokens.create'>, 'kind' | 'name' | 'purpose' | 'scopes' | 'days'>,
  ): Promise<{ token: Token; secret: string }> {
    if (await isOff(accountId, kind)) throw fail('forbidden', 'tokens.off')
    const scopes = scopesFor(kind, purpose, wanted)
    if (scopes.length === 0) throw fail('invalid', 'tokens.scopesMissing', { field: 'scopes' })
    const secret = `${prefix}${newSecret()}`
    const row: TokenRow = {
      ...{ id: newId() as TokenId, accountId, kind, name, purpose, scopes, secretHash: hashOf(secret), createdAt: now() },
      ...{ expiresAt: days === null ? null : new Date(now().getTime() + days * 86_400_000), usedAt: null, usedFrom: null, revokedAt: null },
    }
    await work(async (tx) => {
      if ((await listTokens(tx, accountId)).length >= maxTokens) throw fail('conflict', 'tokens.tooMany', { params: { max: maxTokens } })
      await addToken(tx, row)
    })
    return { token: shown(row), secret }
  }

  async function revoke(tx: Tx, announce: Announce, accountId: AccountId, id: TokenId): Promise<void> {
    const wasGood = await revokeToken(tx, accountId, id, now())
    if (wasGood === undefined) throw fail('not_found', 'tokens.noSuchToken', { field: 'tokenId' })
    // What is under way by it is cut like what is under way by a session: it stands in a session's place.
    if (wasGood)
      announce('revocations:all', 'directory.right.revoked', { kind: 'session', accountId, sessionIds: [id], reason: 'session_ended' })
  }

  return {
    create,
    list: async (accountId: AccountId): Promise<Token[]> => (await listTokens(db, accountId)).map(shown),
    async revoke(actor: Actor, { tokenId }: Input<Hub, 'tokens.revoke'>): Promise<Record<string, never>> {
      await work((tx, announce) => revoke(tx, announce, actor.accountId, tokenId))
      return {}
    },
    async revokeOf(_actor: Actor, { accountId, tokenId }: Input<Hub, 'accounts.token.revoke'>): Promise<Record<string, never>> {
      await work((tx, announce) => revoke(tx, announce, accountId, tokenId))
      return {}
    },
    forget: (tx: Tx, accountId: AccountId): Promise<void> => dropTokens(tx, accountId),

    /** Whom a token stands for, asked with each request: one that was revoked is good for nothing more. `address`: as whom it is shown. */
    async actorOf(
      secret: string,
      address: string | undefined,
      { source, userAgent }: Pick<Call, 'source' | 'userAgent'>,
    ): Promise<Actor | undefined> {
      if (!isSecret(secret)) return undefined
      const hash = hashOf(secret).toString('base64url')
      const token = (await asked([hash])).get(hash)
      const at = now()
      if (!token || (token.expiresAt !== null && token.expiresAt <= at)) return undefined
      if (address !== undefined && (await accounts.byAddress(address.trim().toLowerCase()))?.id !== token.accountId) return undefined
      const person = await accounts.person(token.accountId)
      if (person?.status !== 'active' || (await isOff(token.accountId, token.kind))) return undefined
      if (token.usedAt === null || at.getTime() - token.usedAt.getTime() >= tokenTouchMs) {
        const from = `${networkOf(source)} · ${deviceOf(userAgent)}`
        await work((tx) => touchToken(tx, token.id, at, from))
      }
      return {
        accountId: token.accountId,
        kind: 'person',
        sessionId: token.id as string as SessionId,
        scope: null,
        through: { kind: token.kind, scopes: token.scopes },
      }
    },
  }
}
export type Enrolled = Output<Hub, 'auth.enrolment.open'>
