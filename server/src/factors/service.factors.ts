import { audited, fail, type Actor, type Call } from '@atrium/platform'
import type { AccountId, Factors, FactorId, Hub, Input, Output, SignInState } from '@atrium/protocol'
import { base32, newTotpSecret, stepOf, uriOf } from './totp.ts'
import { enrolWithinMs, isLastRequired } from './rules.ts'
import type { Common } from './service.common.ts'
import {
  addFactor,
  confirmTotp,
  dropDevice,
  dropFactor,
  dropFactors,
  dropTotp,
  findFactor,
  findTotp,
  holdFactors,
  listFactors,
  proofsOf,
  renameFactor,
  replaceScratchCodes,
  useScratchCode,
  useStep,
} from './store.ts'

const wrongCode = () => fail('forbidden', 'factors.wrongCode', { field: 'code' })

/** Authenticators, scratch codes and trusted browsers: showing them, enrolling and removing. */
export function tendingFactors(here: Common) {
  const { db, work, auth, shown, now, newId } = here

  async function beginTotp(accountId: AccountId): Promise<{ secret: string; uri: string }> {
    const owner = await here.person(accountId)
    const secret = newTotpSecret()
    const id = newId() as FactorId
    const sealedSecret = await here.sealed(secret, id)
    await work(async (tx) => {
      await holdFactors(tx, accountId)
      await dropTotp(tx, accountId, false)
      await addFactor(tx, {
        ...{ id, accountId, kind: 'totp', name: '', createdAt: now(), confirmedAt: null, usedAt: null, sealedSecret, lastStep: 0 },
        ...{ credentialId: null, publicKey: null, counter: 0, transports: [] },
      })
    })
    return { secret: base32(secret), uri: uriOf(secret, { issuer: owner.organisation, address: owner.address }) }
  }

  /** Takes away what was made of a factor that is gone: without one there is nothing to replace and nothing to be trusted with. */
  async function remove(accountId: AccountId, factorId: FactorId, isRequired: boolean): Promise<Factors> {
    await work(async (tx) => {
      await holdFactors(tx, accountId)
      const factor = await findFactor(tx, accountId, factorId)
      if (!factor) throw fail('not_found', 'factors.noSuchFactor', { field: 'factorId' })
      const { totp, passkeys } = await proofsOf(tx, accountId)
      if (isLastRequired(isRequired, totp, passkeys)) throw fail('conflict', 'factors.lastRequired')
      await dropFactor(tx, factorId)
      if ((await listFactors(tx, accountId)).length === 0) await dropFactors(tx, accountId)
    })
    return shown(accountId)
  }

  return {
    beginTotp,

    async totp(actor: Actor, { code, trustsDevice }: Input<Hub, 'auth.totp'>, call: Call): Promise<SignInState> {
      const state = await auth.counting(`code of ${actor.accountId}`, call.source, async () => {
        const factor = await findTotp(db, actor.accountId, true)
        if (!factor) throw fail('conflict', 'factors.notNow')
        const step = stepOf(await here.unsealed(factor.sealedSecret!, factor.id), code, factor.at)
        if (step === undefined) return undefined
        return here.step(
          actor,
          call,
          async (tx) => {
            if (!(await useStep(tx, factor.id, step, now()))) throw fail('forbidden', 'factors.codeUsed', { field: 'code' })
          },
          trustsDevice,
        )
      })
      if (!state) throw wrongCode()
      return state
    },

    async scratch(actor: Actor, { code }: Input<Hub, 'auth.scratch'>, call: Call): Promise<SignInState> {
      const hash = await here.scratchHash(actor.accountId, code)
      const state = await auth.counting(`code of ${actor.accountId}`, call.source, async () => {
        let isRight = true
        const stepped = await here
          .step(
            actor,
            call,
            async (tx) => {
              isRight = await useScratchCode(tx, actor.accountId, hash, now())
              if (!isRight) throw wrongCode()
            },
            false,
          )
          .catch((error: unknown) => {
            if (isRight) throw error
            return undefined
          })
        return stepped
      })
      if (!state) throw wrongCode()
      return state
    },

    async list(actor: Actor): Promise<Factors> {
      await here.mayEnrol(actor)
      return shown(actor.accountId)
    },
    async begin(actor: Actor): Promise<Output<Hub, 'factors.totp.begin'>> {
      await here.mayEnrol(actor)
      return beginTotp(actor.accountId)
    },
    async finish(actor: Actor, { code }: Input<Hub, 'factors.totp.finish'>, call: Call): Promise<Output<Hub, 'factors.totp.finish'>> {
      await here.mayEnrol(actor)
      const { accountId } = actor
      const done = await auth.counting(`enrolment of ${accountId}`, call.source, async () => {
        const factor = await findTotp(db, accountId, false)
        if (!factor || now().getTime() - factor.createdAt.getTime() > enrolWithinMs) throw fail('not_found', 'factors.noSuchFactor')
        const step = stepOf(await here.unsealed(factor.sealedSecret!, factor.id), code, factor.at)
        if (step === undefined) return undefined
        const { codes, keep } = await here.newScratchCodes(accountId)
        return work(async (tx) => {
          await holdFactors(tx, accountId)
          if ((await findTotp(tx, accountId, false))?.id !== factor.id) throw fail('not_found', 'factors.noSuchFactor')
          await dropTotp(tx, accountId, true)
          await confirmTotp(tx, factor.id, step, now())
          await keep(tx)
          audited({ after: null })
          return { scratchCodes: codes, ...(await here.enrolled(tx, actor, call)) }
        })
      })
      if (!done) throw wrongCode()
      done.finish()
      return { scratchCodes: done.scratchCodes, signIn: done.signIn }
    },
    async renewScratch(actor: Actor): Promise<Output<Hub, 'factors.scratch.renew'>> {
      const { codes, keep } = await here.newScratchCodes(actor.accountId)
      return work(async (tx) => {
        await holdFactors(tx, actor.accountId)
        if ((await listFactors(tx, actor.accountId)).length === 0) throw fail('conflict', 'factors.noSuchFactor')
        await keep(tx)
        return { scratchCodes: codes }
      })
    },

    async rename(actor: Actor, { factorId, name }: Input<Hub, 'factors.passkey.rename'>): Promise<Factors> {
      await work(async (tx) => {
        const factor = await findFactor(tx, actor.accountId, factorId)
        if (factor?.kind !== 'passkey') throw fail('not_found', 'factors.noSuchFactor', { field: 'factorId' })
        await renameFactor(tx, factorId, name)
      })
      return shown(actor.accountId)
    },
    async remove(actor: Actor, { factorId }: Input<Hub, 'factors.remove'>): Promise<Factors> {
      const { values } = await here.person(actor.accountId)
      return remove(actor.accountId, factorId, values['secondFactor.isRequired'])
    },
    async forgetDevice(actor: Actor, { deviceId }: Input<Hub, 'factors.device.forget'>): Promise<Factors> {
      if (!(await work((tx) => dropDevice(tx, actor.accountId, deviceId))))
        throw fail('not_found', 'factors.noSuchDevice', { field: 'deviceId' })
      return shown(actor.accountId)
    },

    /** An administrator takes one away, or all of them: the next sign-in asks for an enrolment where one is required. */
    removeOf: (_actor: Actor, { accountId, factorId }: Input<Hub, 'accounts.factors.remove'>): Promise<Factors> =>
      remove(accountId, factorId, false),
    async resetOf(_actor: Actor, { accountId }: Input<Hub, 'accounts.factors.reset'>): Promise<Factors> {
      await here.person(accountId)
      await work(async (tx) => {
        await holdFactors(tx, accountId)
        await dropFactors(tx, accountId)
        await replaceScratchCodes(tx, accountId, [])
      })
      return shown(accountId)
    },
  }
}
