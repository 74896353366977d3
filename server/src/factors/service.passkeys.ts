import { audited, fail, type Actor, type Call, type Tx } from '@atrium/platform'
import type { FactorId, Hub, Input, Output, SessionId, SignInState } from '@atrium/protocol'
import { give, hashOf } from '../auth/index.ts'
import { credentialIdIn, enrolmentOptions, questionOptions, readAnswer, readEnrolment } from './passkeys.ts'
import { challengeLivesMs, maxPasskeys } from './rules.ts'
import type { Common } from './service.common.ts'
import {
  addChallenge,
  addFactor,
  countScratchCodes,
  findByCredential,
  holdFactors,
  listFactors,
  takeChallenge,
  usePasskey,
  type ChallengePurpose,
  type FactorRow,
} from './store.ts'

type Json = Record<string, unknown>

/** Passkeys: enrolling one, and showing one, beside a password or alone. */
export function passkeyService(here: Common) {
  const { db, work, auth, originOf, now, newId } = here

  async function asked(purpose: ChallengePurpose, sessionId: SessionId | null, made: { options: Json; challenge: string }): Promise<Json> {
    const expiresAt = new Date(now().getTime() + challengeLivesMs)
    await work((tx) => addChallenge(tx, { hash: hashOf(made.challenge), purpose, sessionId, expiresAt }))
    return made.options
  }
  async function take(tx: Tx, purpose: ChallengePurpose, sessionId: SessionId | null, hash: Buffer): Promise<void> {
    if (!(await takeChallenge(tx, { hash, purpose, sessionId }, now()))) throw fail('invalid', 'factors.passkeyRefused')
  }
  const passkeysOf = async (actor: Actor) => (await listFactors(db, actor.accountId)).filter(({ kind }) => kind === 'passkey')

  /** The caller's own passkey that answered, and what to write when the answer is taken. */
  async function answered(actor: Actor, purpose: 'step' | 'confirm', response: Json, call: Call) {
    const factor = await findByCredential(db, credentialIdIn(response))
    if (factor?.accountId !== actor.accountId) throw fail('forbidden', 'factors.passkeyUnknown')
    const { counter, challengeHash } = await readAnswer(originOf(call), response, factor, { alone: false })
    return async (tx: Tx) => {
      await take(tx, purpose, actor.sessionId, challengeHash)
      if (!(await usePasskey(tx, factor.id, counter, now()))) throw fail('forbidden', 'factors.passkeyRefused')
    }
  }

  return {
    async beginStep(actor: Actor, _input: unknown, call: Call): Promise<Json> {
      await auth.walk.owesNext(undefined, actor, 'second_factor')
      return asked('step', actor.sessionId, await questionOptions(originOf(call), await passkeysOf(actor)))
    },
    async finishStep(actor: Actor, { response, trustsDevice }: Input<Hub, 'auth.passkey.finish'>, call: Call): Promise<SignInState> {
      return here.step(actor, call, await answered(actor, 'step', response, call), trustsDevice)
    },

    async beginConfirm(actor: Actor, _input: unknown, call: Call): Promise<Json> {
      const passkeys = await passkeysOf(actor)
      if (passkeys.length === 0) throw fail('conflict', 'factors.noSuchFactor')
      return asked('confirm', actor.sessionId, await questionOptions(originOf(call), passkeys))
    },
    async finishConfirm(actor: Actor, { response }: Input<Hub, 'auth.confirm.passkey'>, call: Call): Promise<Record<string, never>> {
      const taken = await answered(actor, 'confirm', response, call)
      await work(taken)
      await auth.confirm(actor)
      return {}
    },

    beginAlone: async (_actor: Actor | undefined, _input: unknown, call: Call): Promise<Json> =>
      asked('alone', null, await questionOptions(originOf(call), undefined)),
    async finishAlone(actor: Actor | undefined, { response }: Input<Hub, 'auth.withPasskey.finish'>, call: Call): Promise<SignInState> {
      const factor = await findByCredential(db, credentialIdIn(response))
      if (!factor) throw fail('unauthenticated', 'factors.passkeyUnknown')
      const { counter, challengeHash } = await readAnswer(originOf(call), response, factor, { alone: true })
      if (!(await here.allows(factor.accountId, 'passkey'))) throw fail('forbidden', 'factors.otherWay')
      const { begun, state } = await work(async (tx, announce) => {
        await take(tx, 'alone', null, challengeHash)
        if (!(await usePasskey(tx, factor.id, counter, now()))) throw fail('forbidden', 'factors.passkeyRefused')
        return auth.enterAs(tx, announce, factor.accountId, call, { by: 'passkey', instead: actor })
      })
      give(call, begun)
      return state
    },

    async beginEnrolment(actor: Actor, _input: unknown, call: Call): Promise<Json> {
      await here.mayEnrol(actor)
      const [owner, passkeys] = [await here.person(actor.accountId), await passkeysOf(actor)]
      if (passkeys.length >= maxPasskeys) throw fail('conflict', 'factors.tooMany', { params: { max: maxPasskeys } })
      return asked('enrol', actor.sessionId, await enrolmentOptions(originOf(call), owner, passkeys))
    },
    /** The first factor brings scratch codes; later ones leave those that were noted down. */
    async finishEnrolment(
      actor: Actor,
      { name, response }: Input<Hub, 'factors.passkey.finish'>,
      call: Call,
    ): Promise<Output<Hub, 'factors.passkey.finish'>> {
      await here.mayEnrol(actor)
      const { accountId } = actor
      const { passkey, challengeHash } = await readEnrolment(originOf(call), response)
      const row: FactorRow = {
        ...{ id: newId() as FactorId, accountId, kind: 'passkey', name, createdAt: now(), confirmedAt: now(), usedAt: null },
        ...{ sealedSecret: null, lastStep: 0 },
        ...passkey,
      }
      const { codes, keep } = await here.newScratchCodes(accountId)
      const { finish, ...shown } = await work(async (tx) => {
        await take(tx, 'enrol', actor.sessionId, challengeHash)
        await holdFactors(tx, accountId)
        if (await findByCredential(tx, passkey.credentialId!)) throw fail('conflict', 'factors.passkeyRefused')
        await addFactor(tx, row)
        const isFirst = (await countScratchCodes(tx, accountId)) === 0
        if (isFirst) await keep(tx)
        audited({ after: { name } })
        return { scratchCodes: isFirst ? codes : [], ...(await here.enrolled(tx, actor, call)) }
      })
      finish()
      return shown
    },
  }
}
