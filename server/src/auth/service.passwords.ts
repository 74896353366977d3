import { fail, type Actor, type Call } from '@atrium/platform'
import type { AccountId, Hub, Input, Output, SignInState, Values } from '@atrium/protocol'
import { letterWith } from './letters.ts'
import { makeLink } from './links.ts'
import { policyOf, refuseWeak } from './policy.ts'
import { canSignIn, daysTooYoung } from './rules.ts'
import { hashOf } from './secrets.ts'
import type { Common } from './service.common.ts'
import { findCredential, forgetLinks, takeLink } from './store.ts'

export const forgottenJob = 'auth.forgotten'
/** Letters to one address, whoever asks for them. */
const forgottenRate = { times: 3, perMs: 3_600_000 }

/** Choosing a password, changing it, and what happens when it is forgotten. */
export function choosingPasswords(here: Common) {
  const { db, work, accounts, open, walk, proving, throttle, recovery, enter, linkBy, isUsable, now } = here

  async function signedIn(actor: Actor) {
    const person = await accounts.person(actor.accountId)
    if (!canSignIn(person)) throw fail('unauthenticated', 'unauthenticated')
    return { person, values: await accounts.valuesOf(person.id) }
  }
  /** May the owner change it, and now? */
  async function refuseFixed(accountId: AccountId, values: Values): Promise<void> {
    if (!values['password.mayChange']) throw fail('forbidden', 'factors.passwordFixed')
    const days = daysTooYoung((await findCredential(db, accountId))?.changedAt, values, now())
    if (days > 0) throw fail('forbidden', 'factors.passwordTooYoung', { params: { days } })
  }

  async function change(actor: Actor, { current, next }: Input<Hub, 'auth.password.change'>, call: Call): Promise<SignInState> {
    const { person, values } = await signedIn(actor)
    const { address } = person
    const { where, against } = await proving.isRight({ address, password: current, source: call.source })
    await proving.forget(against)
    if (!where) throw fail('forbidden', 'auth.wrongPassword', { field: 'current' })
    if (where === 'elsewhere') throw fail('forbidden', 'factors.passwordFixed')
    await refuseFixed(person.id, values)
    refuseWeak(next, values, person, 'next')
    await here.refuseUsed(person.id, next, values, 'next')

    const secret = await proving.hash(next)
    return enter(call, async (tx, announce) => {
      if ((await accounts.hold(tx, person.id))?.status !== 'active') throw fail('unauthenticated', 'unauthenticated')
      const begun = await open.renew(tx, actor, call)
      if (!begun) throw fail('unauthenticated', 'unauthenticated')
      await here.savePassword(tx, person.id, secret, values)
      await open.end(tx, announce, person.id, 'password_changed', { except: actor.sessionId })
      return { begun, state: { state: 'in', accountId: person.id } }
    })
  }

  /** The new one that signing in asked for. */
  async function choose(actor: Actor, { password }: Input<Hub, 'auth.newPassword'>, call: Call): Promise<SignInState> {
    await walk.owesNext(undefined, actor, 'new_password')
    const { person, values } = await signedIn(actor)
    refuseWeak(password, values, person, 'password')
    await here.refuseUsed(person.id, password, { ...values, 'password.history': Math.max(1, values['password.history']) }, 'password')
    const secret = await proving.hash(password)
    return enter(call, async (tx, announce) => {
      const stepped = await walk.stepped(tx, actor, call, 'new_password')
      await here.savePassword(tx, person.id, secret, values)
      await open.end(tx, announce, person.id, 'password_changed', { except: actor.sessionId })
      return stepped
    })
  }

  async function forgot(_actor: Actor | undefined, { address }: Input<Hub, 'auth.forgot'>): Promise<Record<string, never>> {
    const key = `forgotten ${hashOf(address).toString('base64url')}`
    const counts = [{ key, rate: forgottenRate }]
    const { retryAfterMs } = await throttle.check(counts)
    if (retryAfterMs > 0) throw fail('rate_limited', 'rateLimited', { retryAfterMs })
    await throttle.hit(counts)
    // The same work for whoever it is: whether somebody is there is looked at behind it.
    await work((tx) => here.later(tx, forgottenJob, { address }))
    return {}
  }

  return {
    change,
    choose,
    forgot,

    async policy(actor: Actor): Promise<Output<Hub, 'auth.policy'>> {
      const policy = policyOf(await accounts.valuesOf(actor.accountId))
      // Whose password must be changed chooses one even where they may not otherwise.
      if (actor.through?.kind === 'unfinished') return { ...policy, mayChange: true }
      // Who signs in elsewhere has none here to change.
      return { ...policy, mayChange: policy.mayChange && (await findCredential(db, actor.accountId)) !== undefined }
    },
    async policyOfLink(_actor: Actor | undefined, { token }: Input<Hub, 'auth.link.policy'>): Promise<Output<Hub, 'auth.link.policy'>> {
      const link = await linkBy(token)
      if (link?.purpose === 'setup' && isUsable(link)) return policyOf(accounts.defaultValues)
      const found = await here.openerBy(token)
      if (!found) throw fail('not_found', 'auth.linkUsed')
      return { ...policyOf(await accounts.valuesOf(found.person.id)), mayChange: true }
    },

    /** The letter, to who may have one. For a job: nobody waits for it. */
    async remind({ address }: { address: string }): Promise<void> {
      const person = await accounts.byAddress(address)
      if (!canSignIn(person) || person.kind !== 'person') return
      const values = await accounts.valuesOf(person.id)
      if (!values['recovery.isOn'] || !values['password.mayChange'] || !(await findCredential(db, person.id))) return
      const to = await recovery.find(db, person.id)
      if (!to?.isVerified) return
      await work(async (tx) => {
        await forgetLinks(tx, person.id, ['forgotten'])
        const link = await makeLink(tx, 'forgotten', person.id, now())
        await write(tx, 'forgotten', to.address, person, link)
      })
    },

    async setRecovery(actor: Actor, { address }: Input<Hub, 'me.recovery'>): Promise<Output<Hub, 'me.recovery'>> {
      const { person, values } = await signedIn(actor)
      if (!values['recovery.isOn']) throw fail('forbidden', 'tokens.off')
      if (address !== null && (await accounts.byAddress(address))?.id === person.id)
        throw fail('invalid', 'factors.recoveryIsOwn', { field: 'address' })
      return work(async (tx) => {
        const before = await recovery.find(tx, person.id)
        if (before?.address === address && before?.isVerified) return { isVerified: true }
        if (before?.address !== address) await recovery.set(tx, person.id, address)
        await forgetLinks(tx, person.id, ['recovery', 'forgotten'])
        if (address === null) return { isVerified: false }
        const link = await makeLink(tx, 'recovery', person.id, now(), { address })
        await write(tx, 'recovery', address, person, link)
        return { isVerified: false }
      })
    },

    async verifyRecovery(
      _actor: Actor | undefined,
      { token, clientId }: Input<Hub, 'auth.recovery.verify'>,
    ): Promise<Record<string, never>> {
      const link = await linkBy(token)
      if (link?.purpose !== 'recovery' || link.accountId === null) throw fail('not_found', 'auth.linkUsed')
      if (link.usedByClient === clientId) return {}
      const { accountId, detail } = link
      await work(async (tx) => {
        if (!(await takeLink(tx, hashOf(token), clientId, now()))) throw fail('not_found', 'auth.linkUsed')
        if (!(await recovery.verify(tx, accountId, detail?.address ?? ''))) throw fail('not_found', 'auth.linkUsed')
      })
      return {}
    },

    /** For what must be confirmed by the password. Counted like a sign-in, or a stolen session could guess at it. */
    async isPassword(actor: Actor, password: string, source: string): Promise<boolean> {
      const person = await accounts.person(actor.accountId)
      if (!canSignIn(person)) return false
      const { where, against } = await proving.isRight({ address: person.address, password, source })
      await proving.forget(against)
      return where !== undefined
    },
  }

  async function write(
    tx: Parameters<Common['post']>[0],
    about: 'forgotten' | 'recovery',
    to: string,
    person: { id: AccountId; name: string },
    link: { path: string; expiresAt: string },
  ): Promise<void> {
    const organisation = (await accounts.organisationIn(tx))?.name ?? 'Atrium'
    const language = (await accounts.languageOf(tx, person.id)) ?? 'en'
    const { name } = person
    const url = new URL(link.path, here.origin).href
    await here.post(tx, { to, ...letterWith(about, language, { name, by: name, organisation, url, expiresAt: new Date(link.expiresAt) }) })
  }
}
