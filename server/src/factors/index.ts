import { fail, type Actor, type Call, type Handlers, type Tx } from '@atrium/platform'
import type { AccountId, factors as contract, Hub, Input } from '@atrium/protocol'
import { common, type FactorDeps } from './service.common.ts'
import { tendingFactors } from './service.factors.ts'
import { passkeyService } from './service.passkeys.ts'
import { tokenService, type Enrolled } from './service.tokens.ts'
import { dropDevices, dropFactors, proofsOf, sweepFactors } from './store.ts'

export type { FactorDeps } from './service.common.ts'
export type { FactorTables } from './store.ts'
export { fromBase32, hotp } from './totp.ts'
export { stepAt } from './rules.ts'

type Own = Omit<
  typeof contract,
  | 'auth.state'
  | 'auth.newPassword'
  | 'auth.policy'
  | 'auth.link.policy'
  | 'auth.forgot'
  | 'auth.confirm'
  | 'auth.phone.begin'
  | 'auth.phone.finish'
  | 'auth.recovery.verify'
  | 'me.recovery'
>

/** What somebody shows besides a password, and instead of one: authenticators, scratch codes, passkeys, tokens. */
export function factors(deps: FactorDeps) {
  const here = common(deps)
  const { work, auth, shown, now } = here
  const [tended, passkeys, tokens] = [tendingFactors(here), passkeyService(here), tokenService(here)]

  /** A link for somebody, who is signed in when it is opened: whoever else has it sees nothing. */
  async function openEnrolment(actor: Actor, { token, clientId }: Input<Hub, 'auth.enrolment.open'>): Promise<Enrolled> {
    const link = await auth.linkOf(token, 'enrolment')
    if (link.accountId !== actor.accountId) throw fail('forbidden', 'factors.someoneElse')
    await auth.takeLink(token, clientId)
    switch (link.detail?.what) {
      case 'totp':
        return { what: 'totp', ...(await tended.beginTotp(actor.accountId)) }
      case 'application':
        return {
          what: 'application',
          ...(await tokens.create(actor.accountId, { kind: 'application', name: 'Application', purpose: 'api', scopes: [], days: null })),
        }
      default:
        return { what: 'passkey' }
    }
  }

  const handlers: Handlers<Own> = {
    'auth.totp': tended.totp,
    'auth.scratch': tended.scratch,
    'auth.passkey.begin': passkeys.beginStep,
    'auth.passkey.finish': passkeys.finishStep,
    'auth.withPasskey.begin': passkeys.beginAlone,
    'auth.withPasskey.finish': passkeys.finishAlone,
    'auth.confirm.begin': passkeys.beginConfirm,
    'auth.confirm.passkey': passkeys.finishConfirm,
    'auth.enrolment.open': openEnrolment,
    'factors.list': tended.list,
    'factors.totp.begin': tended.begin,
    'factors.totp.finish': tended.finish,
    'factors.scratch.renew': tended.renewScratch,
    'factors.passkey.begin': passkeys.beginEnrolment,
    'factors.passkey.finish': passkeys.finishEnrolment,
    'factors.passkey.rename': tended.rename,
    'factors.remove': tended.remove,
    'factors.device.forget': tended.forgetDevice,
    'tokens.list': (actor) => tokens.list(actor.accountId),
    'tokens.create': (actor, draft) => tokens.create(actor.accountId, draft),
    'tokens.revoke': tokens.revoke,
    'accounts.factors': async (_actor, { accountId }) => {
      await here.person(accountId)
      return { ...(await shown(accountId)), tokens: await tokens.list(accountId) }
    },
    'accounts.factors.remove': tended.removeOf,
    'accounts.factors.reset': tended.resetOf,
    'accounts.token.revoke': tokens.revokeOf,
    'accounts.enrolment': async (_actor, { accountId, what }) => {
      await here.person(accountId)
      return auth.linkFor(accountId, 'enrolment', { what })
    },
  }
  return {
    handlers,
    proofsOf,
    isTrusted: (tx: Tx, accountId: AccountId, call: Call): Promise<boolean> => here.isTrusted(tx, accountId, call),
    forgetDevices: (tx: Tx, accountId: AccountId): Promise<void> => dropDevices(tx, accountId),
    /** Whom a token at the door stands for. */
    actorOf: tokens.actorOf,
    async forgetSecrets(tx: Tx, accountId: AccountId): Promise<void> {
      await dropFactors(tx, accountId)
      await tokens.forget(tx, accountId)
    },
    /** For a daily job. */
    sweep: (): Promise<void> => work((tx) => sweepFactors(tx, now())),
  }
}
export type FactorSlice = ReturnType<typeof factors>
