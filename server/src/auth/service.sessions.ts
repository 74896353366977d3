import { fail, type Actor, type Call } from '@atrium/platform'
import type { AccountId, Hub, Input, Invitation, Output, SignInState } from '@atrium/protocol'
import { deviceOf } from './device.ts'
import { makeLink } from './links.ts'
import { canSignIn, linkLivesMs, mayOpen } from './rules.ts'
import { hashOf } from './secrets.ts'
import type { Common } from './service.common.ts'
import { choosing } from './service.common.ts'
import { give } from './sessions.ts'
import { dropCredential, forgetLinks, takeLink } from './store.ts'

/** Which sessions there are; a phone that a screen lets in; and what administrators do about sessions and passwords of others. */
export function tendingSessions(here: Common) {
  const { work, accounts, open, walk, proving, enter, linkBy, isUsable, now } = here

  async function end(actor: Pick<Actor, 'accountId'>, which: Parameters<typeof open.end>[4]): Promise<void> {
    await work((tx, announce) => open.end(tx, announce, actor.accountId, 'session_ended', which))
  }

  async function refuseUnknown(accountId: AccountId): Promise<void> {
    const person = await accounts.person(accountId)
    if (person?.kind !== 'person' || person.status === 'deleted') throw fail('not_found', 'directory.noSuchPerson', { field: 'accountId' })
  }

  return {
    async list(actor: Actor): Promise<Output<Hub, 'auth.sessions'>> {
      const standing = await open.list(actor.accountId)
      return standing.map(({ id, kind, device, source, startedAt, seenAt, openedByName }) => ({
        id,
        kind,
        device,
        source,
        startedAt: startedAt.toISOString(),
        seenAt: seenAt.toISOString(),
        isThis: id === actor.sessionId,
        openedBy: openedByName,
      }))
    },

    async end(actor: Actor, { sessionId }: Input<Hub, 'auth.session.end'>, call: Call): Promise<Output<Hub, 'auth.session.end'>> {
      const session = await work((tx) => open.hold(tx, { ...actor, sessionId }))
      if (!session) throw fail('not_found', 'notFound', { field: 'sessionId' })
      await end(actor, { only: sessionId })
      if (sessionId === actor.sessionId) call.session?.end()
      return { sessionId }
    },

    /** The password again. */
    async confirm(actor: Actor, { password }: Input<Hub, 'auth.confirm'>, call: Call): Promise<Record<string, never>> {
      const person = await accounts.person(actor.accountId)
      if (!canSignIn(person)) throw fail('unauthenticated', 'unauthenticated')
      const { where, against } = await proving.isRight({ address: person.address, password, source: call.source })
      if (!where) throw fail('forbidden', 'auth.wrongPassword', { field: 'password' })
      await Promise.all([work((tx) => open.confirm(tx, actor)), proving.forget(against)])
      return {}
    },
    async beginPhone(actor: Actor): Promise<Output<Hub, 'auth.phone.begin'>> {
      return work(async (tx) => {
        await forgetLinks(tx, actor.accountId, ['phone'])
        return { ...(await makeLink(tx, 'phone', actor.accountId, now())), livesMs: linkLivesMs.phone }
      })
    },
    async finishPhone(actor: Actor | undefined, { token, clientId }: Input<Hub, 'auth.phone.finish'>, call: Call): Promise<SignInState> {
      const link = await linkBy(token)
      if (link?.purpose !== 'phone' || link.accountId === null || !isUsable(link)) throw fail('not_found', 'auth.linkUsed')
      const { accountId } = link
      return enter(call, async (tx, announce) => {
        if (!(await takeLink(tx, hashOf(token), clientId, now()))) throw fail('not_found', 'auth.linkUsed')
        const entered = await walk.enterAs(tx, announce, accountId, call, { by: 'phone', instead: actor })
        announce(`account:${accountId}`, 'auth.phone.signedIn', { device: deviceOf(call.userAgent), source: call.source })
        return entered
      })
    },

    /** What administrators see of somebody's sessions, and end. */
    async listOf(_actor: Actor, { accountId }: Input<Hub, 'accounts.sessions'>): Promise<Output<Hub, 'accounts.sessions'>> {
      await refuseUnknown(accountId)
      const standing = await open.list(accountId)
      return standing.map(({ id, kind, device, source, startedAt, seenAt }) => ({
        ...{ id, kind, device, source },
        startedAt: startedAt.toISOString(),
        seenAt: seenAt.toISOString(),
      }))
    },
    async endOf(_actor: Actor, { accountId, sessionIds }: Input<Hub, 'accounts.session.end'>): Promise<Record<string, never>> {
      await refuseUnknown(accountId)
      if (sessionIds !== 'all') {
        const theirs = new Set((await open.find(sessionIds)).flatMap((session) => (session.accountId === accountId ? session.id : [])))
        if (sessionIds.some((id) => !theirs.has(id))) throw fail('not_found', 'notFound', { field: 'sessionIds' })
      }
      await end({ accountId }, sessionIds === 'all' ? {} : { only: sessionIds })
      return {}
    },
    endAll: (accountId: AccountId): Promise<void> => end({ accountId }, {}),

    /** AUTH-13: the reason is in the audit log, which keeps every administrative command with its input. */
    async openAs(actor: Actor, { accountId, minutes }: Input<Hub, 'accounts.openAs'>, call: Call): Promise<Output<Hub, 'accounts.openAs'>> {
      const person = await accounts.person(accountId)
      if (!person) throw fail('not_found', 'directory.noSuchPerson', { field: 'accountId' })
      const by = { accountId: actor.accountId, isAdministrator: await accounts.isAdministrator(actor) }
      if (!mayOpen(by, person)) throw fail('forbidden', 'forbidden')
      const begun = await work(async (tx) => {
        if ((await accounts.hold(tx, accountId))?.status !== 'active') throw fail('forbidden', 'forbidden')
        // What was allowed when it was asked for may have been taken back meanwhile.
        if (!(await here.mayLook(tx, actor.accountId, [accountId])).has(accountId)) throw fail('forbidden', 'forbidden')
        return open.begin(tx, accountId, call, { opened: { by: actor, livesMs: minutes * 60_000 } })
      })
      give(call, begun)
      return { accountId }
    },

    /** The password is gone, and with it every session and trusted browser. The link lets its person choose another. */
    async wipe(_actor: Actor, { accountId }: Input<Hub, 'accounts.password.wipe'>): Promise<Invitation> {
      const person = await accounts.person(accountId)
      if (!person || person.kind !== 'person' || person.status === 'deleted')
        throw fail('not_found', 'directory.noSuchPerson', { field: 'accountId' })
      return work(async (tx, announce) => {
        // A sign-in that is under way has committed, and ends with the others.
        await accounts.hold(tx, accountId)
        await dropCredential(tx, accountId)
        await forgetLinks(tx, accountId, choosing)
        await here.forgetDevices(tx, accountId)
        await open.end(tx, announce, accountId, 'password_changed')
        return makeLink(tx, person.status === 'invited' ? 'invitation' : 'reset', accountId, now())
      })
    },
    /** Only outside ways to sign in stay, and passkeys. */
    async remove(accountId: AccountId): Promise<void> {
      await work(async (tx, announce) => {
        await accounts.hold(tx, accountId)
        await dropCredential(tx, accountId)
        await forgetLinks(tx, accountId, choosing)
        await here.forgetDevices(tx, accountId)
        await open.end(tx, announce, accountId, 'password_changed')
      })
    },
  }
}
