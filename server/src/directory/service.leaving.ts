import { audited, fail, type Actor, type Announce, type Call, type Tx } from '@atrium/platform'
import type { Account, AccountId, Hub, Input, Person } from '@atrium/protocol'
import { tell } from './accounts.ts'
import { leavesNobody, locksOneself, statusAfter, takesMessages } from './rules.ts'
import { existing, type DirectoryDeps } from './service.common.ts'
import type { Showing } from './service.showing.ts'
import { findAccount, listOverdue, writeAccount } from './store.accounts.ts'
import { addressesOf, closeAccount, countOtherAdministrators, findPerson, holdOrganisation } from './store.ts'

const dayMs = 86_400_000
/** Units that hold many rows keep to a transaction of their own. */
const alone = { alone: true }

export function leavingService(deps: DirectoryDeps, { whole }: Showing) {
  const { db, work, now } = deps

  /** DIR-4: what is left is a row without a name. The organisation is held by the caller, if an administrator may go. */
  async function forget(tx: Tx, announce: Announce, accountId: AccountId, messages: 'keep' | 'delete', to?: AccountId): Promise<void> {
    if (messages === 'delete') await deps.forgetAuthor(tx, announce, accountId)
    await deps.closeSeats(tx, announce, accountId, to)
    await deps.forgetFiles(tx, announce, accountId)
    await deps.setProfilePicture(tx, accountId, null)
    await deps.forgetSecrets(tx, accountId)
    for (const address of await addressesOf(tx, accountId)) await deps.forgetLetters(tx, address)
    await deps.forgetGrants(tx, announce, accountId)
    tell(announce, await closeAccount(tx, accountId))
    announce('revocations:all', 'directory.right.revoked', { kind: 'account', accountId, reason: 'deleted' })
  }

  async function heir(tx: Tx, to: AccountId, from: AccountId): Promise<Person> {
    const person = to === from ? undefined : await findPerson(tx, to)
    if (person?.kind !== 'person' || !(takesMessages as readonly string[]).includes(person.status))
      throw fail('not_found', 'accounts.notInAddressList', { field: 'then.to' })
    return person
  }

  return {
    /** One's own. */
    async deleteOwn(
      actor: Actor,
      { password, messages }: Input<Hub, 'directory.account.delete'>,
      call: Call,
    ): Promise<Record<string, never>> {
      if (!(await deps.isPassword(actor, password, call.source))) throw fail('forbidden', 'auth.wrongPassword', { field: 'password' })
      await work(async (tx, announce) => {
        await holdOrganisation(tx)
        const [standing] = await existing(tx, actor.accountId)
        if (leavesNobody(standing, 'delete', await countOtherAdministrators(tx, actor.accountId)))
          throw fail('conflict', 'directory.lastAdministrator')
        await forget(tx, announce, actor.accountId, messages)
      }, alone)
      call.session?.end()
      return {}
    },

    async delete(actor: Actor, { accountId, then }: Input<Hub, 'accounts.delete'>): Promise<Record<string, never>> {
      // Nothing is left to somebody whom one may not see.
      if (then.do === 'transfer') await deps.mustHave(actor, 'account.see', { accountId: then.to })
      return work(async (tx, announce) => {
        await holdOrganisation(tx)
        const [standing, person] = await existing(tx, accountId)
        const to = then.do === 'transfer' ? await heir(tx, then.to, accountId) : undefined
        if (locksOneself(actor, standing, { status: 'closed' })) throw fail('conflict', 'directory.notYourself', { field: 'accountId' })
        if (leavesNobody(standing, 'delete', await countOtherAdministrators(tx, accountId)))
          throw fail('conflict', 'directory.lastAdministrator')
        const account = (await findAccount(tx, accountId))!
        const said = { name: account.name, address: account.address, ...then }
        audited({ target: { kind: 'account', id: accountId, name: account.name }, domainId: account.domainId, before: said, after: null })

        if (to) await deps.handFilesOver(tx, announce, person, to.id)
        if (then.do === 'transfer' || then.days === 0) {
          await forget(tx, announce, accountId, 'keep', to?.id)
          return {}
        }
        // All of it stays, behind a shut door.
        await writeAccount(tx, accountId, { status: 'closed', deletedAt: new Date(now().getTime() + then.days * dayMs) })
        await deps.endSessions(tx, announce, accountId)
        tell(announce, (await findPerson(tx, accountId))!)
        announce('revocations:all', 'directory.right.revoked', { kind: 'account', accountId, reason: 'deleted' })
        return {}
      }, alone)
    },

    restore: (_actor: Actor, { accountId }: Input<Hub, 'accounts.restore'>): Promise<Account> =>
      work(async (tx, announce) => {
        const [standing] = await existing(tx, accountId)
        const account = (await findAccount(tx, accountId))!
        if (account.deletedAt === null) throw fail('conflict', 'accounts.notDeleted', { field: 'accountId' })
        await writeAccount(tx, accountId, { status: statusAfter(standing, 'active'), deletedAt: null })
        tell(announce, (await findPerson(tx, accountId))!)
        audited({
          target: { kind: 'account', id: accountId, name: account.name },
          domainId: account.domainId,
          before: { deletedAt: account.deletedAt.toISOString() },
          after: { deletedAt: null },
        })
        return whole(accountId, tx)
      }),

    /** For a daily job: who was kept long enough. */
    async finish(): Promise<void> {
      for (let some = await listOverdue(db, now(), 50); some.length > 0; some = await listOverdue(db, now(), 50))
        for (const id of some)
          await work(async (tx, announce) => {
            await existing(tx, id)
            const account = await findAccount(tx, id)
            // Restored meanwhile, or gone: by a look at the row that is held.
            if (account?.deletedAt && account.deletedAt <= now()) await forget(tx, announce, id, 'keep')
          }, alone)
    },
  }
}
