import { fail, type Actor, type Announce, type Call, type Reading, type Refusal, type Tx } from '@atrium/platform'
import type { AccountId, Owed, Person, SignInState, Values } from '@atrium/protocol'
import type { Accounts } from '../directory/index.ts'
import type { Lockouts } from './lockout.ts'
import { graceEndsAt, hasFactor, mustChange, owedBy, type Proofs, type ShownBy } from './rules.ts'
import type { Begun, Sessions } from './sessions.ts'
import { endGrace, findEntrance, findGrace, graceSince } from './store.ts'

/** A session that began, and what it owes before it opens anything. Once the unit has committed, `give` hands the cookie over. */
export interface Entered {
  begun: Begun
  state: SignInState
}
/**
 * Begins a session for somebody who has just shown who they are, inside the unit of whoever looked. Refuses where the account, or its
 * domain, lets nobody in, and where the password that was shown (`hash`) is another by now. A session that this browser had before
 * (`instead`) ends, and what was guessed at the account (`guess`) counts no more.
 */
export type EnterAs = (
  tx: Tx,
  announce: Announce,
  accountId: AccountId,
  call: Call,
  how: { by: ShownBy; instead?: Actor | undefined; guess?: Buffer | undefined; hash?: string | undefined },
) => Promise<Entered>

interface Deps {
  accounts: Accounts
  sessions: Sessions
  lockout: Lockouts
  /** Which second factors somebody has. */
  proofsOf: (at: Reading<any> | Tx, accountId: AccountId) => Promise<Proofs>
  /** Whether this browser is trusted with the second factor. */
  isTrusted: (tx: Tx, accountId: AccountId, call: Call) => Promise<boolean>
  now: () => Date
}

/** Signing in, step by step: what is owed, and what is left of it. */
export function entering({ accounts, sessions, lockout, proofsOf, isTrusted, now }: Deps) {
  /** Whether somebody without a factor must enrol one now. The days of grace begin with the first sign-in that is asked for one. */
  async function mustEnrol(tx: Tx, accountId: AccountId, proofs: Proofs, values: Values, since: Date | undefined): Promise<boolean> {
    if (!values['secondFactor.isRequired'] || hasFactor(proofs)) {
      if (since) await endGrace(tx, accountId)
      return false
    }
    return graceEndsAt(since ?? (await graceSince(tx, accountId, now())), values) <= now()
  }

  function stateOf(accountId: AccountId, owes: readonly Owed[], proofs: Proofs, values: Values): SignInState {
    if (owes.length === 0) return { state: 'in', accountId }
    const ways: Extract<SignInState, { state: 'owes' }>['ways'] = []
    if (proofs.totp) ways.push('totp')
    if (proofs.passkeys > 0) ways.push('passkey')
    if (proofs.scratchCodes > 0) ways.push('scratch')
    return { state: 'owes', owes: [...owes], ways, trustDays: values['secondFactor.trustDevices'] }
  }

  const enterAs: EnterAs = async (tx, announce, accountId, call, { by, instead, guess, hash }) => {
    // Asked together: a connection sends what waits for nothing else in one go, and the account is held first.
    const [held, proofs, entrance] = await Promise.all([
      accounts.holdWithValues(tx, accountId),
      proofsOf(tx, accountId),
      findEntrance(tx, accountId, now()),
    ])
    let standing = held
    // Invited, and here already by the provider of the domain: there is no password to choose first.
    if (standing?.status === 'invited' && (by === 'provider' || by === 'ldap')) {
      await accounts.join(tx, announce, accountId, now())
      standing = await accounts.holdWithValues(tx, accountId)
    }
    if (standing?.status !== 'active') throw shut(standing?.status)
    lockout.refuse(entrance.lockout)
    if (hash !== undefined && entrance.credential?.hash !== hash) throw fail('unauthenticated', 'auth.wrongPassword')
    const { values } = standing
    const owes = owedBy(by, {
      proofs,
      isTrusted: hasFactor(proofs) && (await isTrusted(tx, accountId, call)),
      mustChange: mustChange(entrance.credential, values, now()),
      mustEnrol: await mustEnrol(tx, accountId, proofs, values, entrance.graceSince),
    })
    if (instead) await sessions.end(tx, announce, instead.accountId, 'signed_out', { only: instead.sessionId })
    const begun = await sessions.begin(tx, accountId, call, { owes, values, guess, ...(by === 'phone' && { kind: 'phone' }) })
    return { begun, state: stateOf(accountId, owes, proofs, values) }
  }

  return {
    enterAs,

    /** What is owed next must be this. */
    async owesNext(at: Tx | undefined, actor: Actor, step: Owed): Promise<void> {
      const session = at ? await sessions.hold(at, actor) : await sessions.read(actor)
      if (session?.owes[0] !== step) throw fail('conflict', 'factors.notNow')
    },

    /** One thing less is owed, and the session has a new secret: whoever saw the one of the step before has nothing. */
    async stepped(tx: Tx, actor: Actor, call: Call, step: Owed): Promise<Entered> {
      const session = await sessions.hold(tx, actor)
      if (session?.owes[0] !== step) throw fail('conflict', 'factors.notNow')
      const { accountId } = actor
      const [standing, proofs] = await Promise.all([accounts.holdWithValues(tx, accountId), proofsOf(tx, accountId)])
      if (standing?.status !== 'active') throw shut(standing?.status)
      const owes = session.owes.slice(1)
      const begun = await sessions.renew(tx, actor, call, owes)
      if (!begun) throw fail('unauthenticated', 'unauthenticated')
      return { begun, state: stateOf(accountId, owes, proofs, standing.values) }
    },

    /** Where somebody's signing in stands. */
    async state(at: Reading<any>, actor: Actor): Promise<SignInState> {
      const { accountId } = actor
      const session = await sessions.read(actor, at)
      if (session?.openedBy) {
        const [opener] = await accounts.peopleOf(at, [session.openedBy])
        return { state: 'in', accountId, openedBy: { name: opener?.name ?? '', endsAt: session.expiresAt.toISOString() } }
      }
      const [proofs, layers] = await Promise.all([proofsOf(at, accountId), accounts.valuesIn(at, [accountId])])
      const values = layers.get(accountId)!
      const state = stateOf(accountId, session?.owes ?? [], proofs, values)
      if (state.state !== 'in' || !values['secondFactor.isRequired'] || hasFactor(proofs)) return state
      const since = await findGrace(at, accountId)
      return { ...state, enrolBy: since ? graceEndsAt(since, values).toISOString() : null }
    },
  }
}
export type Entering = ReturnType<typeof entering>

/** Who showed who they are is told why they stay outside. */
function shut(status: Person['status'] | undefined): Refusal {
  switch (status) {
    case 'maintenance':
      return fail('unauthenticated', 'factors.inMaintenance')
    case 'locked':
      return fail('unauthenticated', 'auth.accountLocked')
    case 'closed':
    case 'pending':
      return fail('unauthenticated', 'factors.accountClosed')
    default:
      return fail('unauthenticated', 'auth.wrongPassword')
  }
}
