import { fail, type Actor, type Call } from '@atrium/platform'
import type { AccountId, Hub, Input, Output, SignInState } from '@atrium/protocol'
import { refuseWeak } from './policy.ts'
import { isInDomain, opens } from './rules.ts'
import { hashOf } from './secrets.ts'
import type { Common } from './service.common.ts'
import { give } from './sessions.ts'
import { saveCredential, takeLink } from './store.ts'

/** Coming in: by set-up, password, link, or as a guest; and going. */
export function signingIn(here: Common) {
  const { db, work, accounts, about, open, walk, proving, linkBy, isUsable, enter, now, newId } = here

  async function signIn(
    actor: Actor | undefined,
    { address, password }: { address: string; password: string },
    call: Call,
  ): Promise<SignInState> {
    const { where, hash, person, against } = await proving.isRight({ address, password, source: call.source })
    if (!where || !person) throw fail('unauthenticated', 'auth.wrongPassword')
    const by = where === 'here' ? 'password' : 'ldap'
    // They may have been locked, have gone, or have another password, while we compared.
    const how = { by, instead: actor, guess: against.guess, hash } as const
    const coming = enter(call, (tx, announce) => walk.enterAs(tx, announce, person.id, call, how), { asynchronousCommit: true })
    return (await Promise.all([coming, proving.forget({ ...against, guess: undefined })]))[0]
  }

  return {
    signIn,
    async about(): Promise<Output<Hub, 'hub.about'>> {
      const organisation = await accounts.organisation()
      return { ...about, organisation: organisation?.name ?? null, isSetUp: organisation !== undefined }
    },

    async peekSetup(_actor: Actor | undefined, { token }: Input<Hub, 'setup.peek'>): Promise<{ isOpen: boolean }> {
      const link = await linkBy(token)
      return { isOpen: link?.purpose === 'setup' && isUsable(link) && (await accounts.organisation()) === undefined }
    },

    async setUp(actor: Actor | undefined, draft: Input<Hub, 'setup.finish'>, call: Call): Promise<{ accountId: AccountId }> {
      const { token, clientId, address, password, name, domain, language = null } = draft
      const link = await linkBy(token)
      if (link?.purpose !== 'setup') throw fail('not_found', 'auth.linkUsed')
      // The answer to the first attempt was lost: they are in if the password is the one they chose.
      if (link.usedByClient === clientId) {
        const state = await signIn(actor, { address, password }, call)
        if (state.state === 'in') return { accountId: state.accountId }
      }
      if (await accounts.organisation()) throw fail('conflict', 'auth.alreadySetUp')
      if (!isUsable(link)) throw fail('not_found', 'auth.linkUsed')
      if (!isInDomain(address, domain)) throw fail('invalid', 'auth.addressOutsideDomain', { field: 'address', params: { domain } })
      refuseWeak(password, accounts.defaultValues, { address, name }, 'password')

      const secret = await proving.hash(password)
      const id = newId() as AccountId
      const begun = await work(async (tx, announce) => {
        if (!(await takeLink(tx, hashOf(token), clientId, now()))) throw fail('conflict', 'auth.alreadySetUp')
        const organisation = { name: draft.organisation, domain }
        await accounts.found(tx, announce, { organisation, administrator: { id, name, address, language }, at: now() })
        await saveCredential(tx, id, { hash: secret, changedAt: now(), mustChange: false }, 0)
        return open.begin(tx, id, call)
      })
      give(call, begun)
      return { accountId: id }
    },

    /** Who looked through another's eyes has their own session back. */
    async signOut(actor: Actor, _input: unknown, call: Call): Promise<Record<string, never>> {
      const back = await work(async (tx, announce) => {
        const session = await open.hold(tx, actor)
        await open.end(tx, announce, actor.accountId, 'signed_out', { only: actor.sessionId })
        if (!session?.openedBy || !session.openedFrom) return undefined
        return open.renew(tx, { accountId: session.openedBy, sessionId: session.openedFrom }, call)
      })
      if (back) give(call, back)
      else call.session?.end()
      return {}
    },

    async peekInvitation(
      _actor: Actor | undefined,
      { token }: Input<Hub, 'auth.invitation.peek'>,
    ): Promise<Output<Hub, 'auth.invitation.peek'>> {
      const found = await here.openerBy(token)
      if (!found) throw fail('not_found', 'auth.linkUsed')
      const organisation = await accounts.organisation()
      return { name: found.person.name, address: found.person.address, organisation: organisation?.name ?? '' }
    },

    async accept(actor: Actor | undefined, { token, clientId, password }: Input<Hub, 'auth.invitation.accept'>, call: Call) {
      const found = await here.openerBy(token, clientId)
      if (!found) throw fail('not_found', 'auth.linkUsed')
      const { person, link } = found
      if (link.usedAt !== null) return signIn(actor, { address: person.address, password }, call)
      const values = await accounts.valuesOf(person.id)
      if (link.purpose === 'forgotten' && !values['password.mayChange']) throw fail('forbidden', 'factors.passwordFixed')
      refuseWeak(password, values, person, 'password')
      await here.refuseUsed(person.id, password, values, 'password')

      const secret = await proving.hash(password)
      return enter(call, async (tx, announce) => {
        const standing = await accounts.hold(tx, person.id)
        if (!standing || !opens(link.purpose, standing.status)) throw fail('not_found', 'auth.linkUsed')
        if (!(await takeLink(tx, hashOf(token), clientId, now()))) throw fail('not_found', 'auth.linkUsed')
        await accounts.join(tx, announce, person.id, now())
        await here.savePassword(tx, person.id, secret, values)
        await open.end(tx, announce, person.id, 'password_changed')
        const other = actor && actor.accountId !== person.id ? actor : undefined
        return walk.enterAs(tx, announce, person.id, call, { by: 'link', instead: other })
      })
    },

    /**
     * Who says a name at a meeting's link. The same browser, at the same link, is the same guest, under the name they say now; but
     * whom a host was asked about, or has let in, is called what the host was told.
     */
    async guest(actor: Actor | undefined, { slug, name }: Input<Hub, 'auth.guest'>, call: Call): Promise<Output<Hub, 'auth.guest'>> {
      const { meetingId, isPresent } = await here.guestDoor(slug, actor)
      if (actor && actor.kind !== 'guest') throw fail('conflict', 'auth.signedInAlready')
      if (actor?.scope === meetingId) {
        if (!isPresent) await work((tx) => accounts.renameGuest(tx, actor.accountId, name))
        return { accountId: actor.accountId, meetingId }
      }
      const accountId = newId() as AccountId
      const begun = await work(async (tx, announce) => {
        await accounts.addGuest(tx, { id: accountId, name, at: now() })
        // A browser is one guest at a time.
        if (actor) await open.end(tx, announce, actor.accountId, 'signed_out', { only: actor.sessionId })
        return open.beginGuest(tx, accountId, meetingId, call)
      })
      give(call, begun)
      return { accountId, meetingId }
    },

    /** Where somebody's signing in stands. */
    state: (actor: Actor): Promise<SignInState> => walk.state(db, actor),
  }
}
