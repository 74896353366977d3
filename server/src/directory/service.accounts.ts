import { audited, fail, Refusal, type Actor, type Announce, type Tx } from '@atrium/platform'
import type { Account, AccountId, ChosenStatus, Hub, Input, Invitation, Output, Person } from '@atrium/protocol'
import { tell, tellCard } from './accounts.ts'
import { beyondCap, mustBeAllowed, mustFit } from './limits.ts'
import {
  canInvite,
  endsAdministration,
  leavesNobody,
  locksOneself,
  loses,
  statusAfter,
  type Change as Asked,
  type Standing,
} from './rules.ts'
import {
  accountTopic,
  addressTaken,
  existing,
  isNews,
  noSuchClass,
  noSuchDomain,
  noSuchPerson,
  type DirectoryDeps,
} from './service.common.ts'
import type { Showing } from './service.showing.ts'
import { findAccount, removeAlias, setPrimary, writeAccount, type Change, type Whole } from './store.accounts.ts'
import { findCos } from './store.cos.ts'
import { bytesIn, findDomains, holdDomains } from './store.domains.ts'
import { addressesOf, countOtherAdministrators, findPerson, holdOrganisation, setAdministrator, takeAddress } from './store.ts'
import { changed, effective, isSameAs } from './values.ts'
import { fold, searchableWords } from './words.ts'

interface Held {
  standing: Standing
  person: Person
  account: Whole
}
type Said<K extends `accounts.${string}`> = Omit<Input<Hub, K & keyof Hub>, 'clientId'>

/** What administrators do to accounts. `directory.person.change` and `.invite` are the same, said shorter. */
export function accountsService(deps: DirectoryDeps, { whole }: Showing) {
  const { work, known } = deps

  /** Who is kept only for a while is restored first, and changed then. */
  async function held(tx: Tx, id: AccountId): Promise<Held> {
    const [standing, person] = await existing(tx, id)
    const account = (await findAccount(tx, id))!
    if (account.deletedAt !== null) throw fail('conflict', 'accounts.isDeleted', { field: 'accountId' })
    return { standing, person, account }
  }

  /** Writes what is new, tells who sees it, and says it for the audit log. */
  async function write(tx: Tx, announce: Announce, { person: before, account }: Held, change: Change): Promise<Person> {
    const was = account as unknown as Record<string, unknown>
    const news = Object.fromEntries(
      Object.entries(change).filter(([key, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(was[column(key)])),
    ) as Change
    const name = news.name ?? before.name
    const isNamed = news.name !== undefined
    const addresses = isNamed ? await addressesOf(tx, before.id) : []
    await writeAccount(tx, before.id, { ...news, ...(isNamed && { sortKey: fold(name), words: searchableWords(name, addresses) }) })
    const person = (await findPerson(tx, before.id))!
    if (isNews(before, person)) tell(announce, person)
    if (Object.keys(news).length > 0)
      note(account, Object.fromEntries(Object.keys(news).map((key) => [key, was[column(key)] ?? null])), news as Record<string, unknown>)
    return person
  }
  const note = ({ id, name, domainId }: Whole, before: Record<string, unknown>, after: Record<string, unknown>) =>
    audited({ target: { kind: 'account', id, name }, domainId, before, after })

  /** DIR-6: sessions and links end here, what is open elsewhere by the fact. */
  async function shutOut(tx: Tx, announce: Announce, before: Person, after: Person): Promise<void> {
    if (!loses(before.status, after.status)) return
    await deps.endSessions(tx, announce, after.id)
    announce('revocations:all', 'directory.right.revoked', { kind: 'account', accountId: after.id, reason: 'locked' })
  }

  async function mayEnd(tx: Tx, actor: Actor, standing: Standing, change: Asked): Promise<void> {
    if (locksOneself(actor, standing, change)) throw fail('conflict', 'directory.notYourself', { field: 'status' })
    if (leavesNobody(standing, change, await countOtherAdministrators(tx, standing.id)))
      throw fail('conflict', 'directory.lastAdministrator')
  }

  async function notKeptElsewhere(account: Whole, fields: readonly string[]): Promise<void> {
    const kept = await deps.keptElsewhere(account)
    const field = fields.find((one) => kept.includes(one))
    if (field) throw fail('conflict', 'providers.keptInLdap', { field })
  }

  const one = (run: (tx: Tx, announce: Announce) => Promise<AccountId>): Promise<Account> =>
    work(async (tx, announce) => whole(await run(tx, announce), tx))

  async function changeIn(
    tx: Tx,
    announce: Announce,
    actor: Actor,
    { accountId, profile, recoveryAddress, userName, ...said }: Said<'accounts.change'>,
  ) {
    const all = await held(tx, accountId)
    const { account } = all
    await notKeptElsewhere(account, [...Object.keys(said), ...(profile ? Object.keys(profile) : []), ...(userName ? ['address'] : [])])
    if (userName !== undefined) await rename(tx, all, userName)
    const recovery =
      recoveryAddress === undefined || recoveryAddress === account.recoveryAddress ? {} : { recoveryAddress, isRecoveryVerified: false }
    void actor
    // Who is called otherwise is shown otherwise, unless that was chosen for itself.
    const parts = (of: Pick<Whole, 'given' | 'initials' | 'surname'>) =>
      [of.given, of.initials, of.surname].filter((part) => part !== '').join(' ')
    const composed = parts({ ...account, ...(defined(said) as Partial<Whole>) } as Whole)
    const name = said.name ?? (account.name === parts(account) && composed !== '' ? composed : undefined)
    const merged = profile && { ...account.profile, ...defined(profile) }
    // A new address changes the words too.
    const person = await write(tx, announce, all, {
      ...said,
      ...(userName !== undefined ? { name: name ?? account.name } : { name }),
      profile: merged,
      ...recovery,
    })
    if (merged) tellCard(announce, accountId)
    if (userName !== undefined) await writeAccount(tx, accountId, { words: searchableWords(person.name, await addressesOf(tx, accountId)) })
    return person
  }

  async function rename(tx: Tx, { account }: Held, userName: string): Promise<void> {
    const [domain] = await findDomains(tx, [account.domainId])
    const address = `${userName}@${domain!.name}`.toLowerCase()
    if (address !== account.address && !(await setPrimary(tx, account.id, address, false))) throw addressTaken()
  }

  async function setStatus(tx: Tx, announce: Announce, actor: Actor, accountId: AccountId, status: ChosenStatus): Promise<Person> {
    if (endsAdministration({ status })) await holdOrganisation(tx)
    const all = await held(tx, accountId)
    await notKeptElsewhere(all.account, ['status'])
    await mayEnd(tx, actor, all.standing, { status })
    const person = await write(tx, announce, all, { status: statusAfter(all.standing, status) })
    await shutOut(tx, announce, all.person, person)
    return person
  }

  async function setAdministration(
    tx: Tx,
    announce: Announce,
    actor: Actor,
    accountId: AccountId,
    isAdministrator: boolean,
  ): Promise<Person> {
    if (!isAdministrator) await holdOrganisation(tx)
    const { standing, person: before, account } = await held(tx, accountId)
    if (standing.isAdministrator === isAdministrator) return before
    await mayEnd(tx, actor, standing, { isAdministrator })
    await setAdministrator(tx, accountId, isAdministrator)
    await deps.rightsChanged(tx, announce)
    const person = (await findPerson(tx, accountId))!
    tell(announce, person)
    note(account, { isAdministrator: !isAdministrator }, { isAdministrator })
    return person
  }

  async function setValues(tx: Tx, announce: Announce, { accountId, cosId, values }: Said<'accounts.values'>): Promise<void> {
    // The domain first: what counts in it is alone with it.
    const domainId = (await findAccount(tx, accountId))?.domainId
    const [domain] = domainId ? await holdDomains(tx, [domainId]) : []
    const all = await held(tx, accountId)
    if (!domain) throw noSuchDomain()
    if (cosId !== undefined && cosId !== all.account.ownCosId) {
      if (cosId !== null && !(await findCos(tx, cosId))) throw noSuchClass()
      await mustBeAllowed(tx, domain, cosId, accountId)
    }
    const given = defined(values ?? {})
    const beyond = beyondCap(domain.caps, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)))
    if (beyond) throw beyond
    const before = (await known.layersIn(tx, [accountId])).get(accountId)!
    const ownValues = changed(before.own, given)
    const isNew = !isSameAs(before.own, ownValues)
    if (!isNew && (cosId === undefined || cosId === all.account.ownCosId)) return
    await writeAccount(tx, accountId, { cosId, ...(isNew && { ownValues }) })
    const after = (await known.layersIn(tx, [accountId])).get(accountId)!
    announce(accountTopic(accountId), 'me.values.changed', { effective: effective(after) }, { replaces: `values:${accountId}` })
    note(
      all.account,
      { cosId: all.account.ownCosId, ...before.own },
      { cosId: cosId === undefined ? all.account.ownCosId : cosId, ...ownValues },
    )
  }

  async function addAlias(tx: Tx, { accountId, domainId, userName }: Said<'accounts.alias.add'>): Promise<void> {
    const { account, person } = await held(tx, accountId)
    const [domain] = await findDomains(tx, [domainId])
    if (!domain) throw noSuchDomain()
    const address = `${userName}@${domain.name}`.toLowerCase()
    const before = await addressesOf(tx, accountId)
    if (before.includes(address)) return
    if (!(await takeAddress(tx, { address, ownerKind: 'account', ownerId: accountId, isPrimary: false }))) throw addressTaken()
    await writeAccount(tx, accountId, { words: searchableWords(person.name, [...before, address]) })
    note(account, {}, { alias: address })
  }

  async function dropAlias(tx: Tx, { accountId, address }: Said<'accounts.alias.remove'>): Promise<void> {
    const { account, person } = await held(tx, accountId)
    if (address === account.address) throw fail('conflict', 'accounts.noSuchAlias', { field: 'address' })
    // Gone already: a repetition.
    if (!(await removeAlias(tx, accountId, address))) return
    await writeAccount(tx, accountId, { words: searchableWords(person.name, await addressesOf(tx, accountId)) })
    note(account, { alias: address }, {})
  }

  /** DIR-17  Who moves keeps everything but the address, and fits into the other domain, or stays. */
  async function move(tx: Tx, announce: Announce, { accountId, toDomainId, userName, keepsAlias }: Said<'accounts.move'>): Promise<void> {
    const from = (await findAccount(tx, accountId))?.domainId
    const domains = await holdDomains(tx, from ? [from, toDomainId] : [toDomainId])
    const domain = domains.find(({ id }) => id === toDomainId)
    if (!domain) throw noSuchDomain('toDomainId')
    const all = await held(tx, accountId)
    const { account, person: before } = all
    await notKeptElsewhere(account, ['address'])
    const local = userName ?? account.address?.slice(0, account.address.lastIndexOf('@')) ?? ''
    const address = `${local}@${domain.name}`.toLowerCase()
    if (account.domainId === toDomainId && account.address === address) return

    if (account.domainId !== toDomainId) {
      mustFit(domain)
      await mustBeAllowed(tx, domain, account.ownCosId, accountId)
      if (domain.maxBytes !== null) {
        const bytes = await deps.bytesOf(tx, accountId)
        if (((await bytesIn(tx, [toDomainId])).get(toDomainId) ?? 0) + bytes > domain.maxBytes)
          throw fail('over_quota', 'accounts.bytesFull', { field: 'toDomainId', params: { max: domain.maxBytes } })
      }
    }
    if (!(await setPrimary(tx, accountId, address, keepsAlias))) throw addressTaken()
    await deps.carryOver(tx, accountId)
    await writeAccount(tx, accountId, {
      domainId: toDomainId,
      isExternal: false,
      words: searchableWords(account.name, await addressesOf(tx, accountId)),
    })
    const person = (await findPerson(tx, accountId))!
    tell(announce, person)
    await shutOut(tx, announce, before, person)
    await deps.rightsChanged(tx, announce)
    const values = (await known.valuesIn(tx, [accountId])).get(accountId)!
    announce(accountTopic(accountId), 'me.values.changed', { effective: values }, { replaces: `values:${accountId}` })
    note(account, { address: account.address, domainId: account.domainId }, { address, domainId: toDomainId })
  }

  return {
    change: (actor: Actor, { clientId: _, ...said }: Input<Hub, 'accounts.change'>): Promise<Account> =>
      one(async (tx, announce) => (await changeIn(tx, announce, actor, said)).id),

    values: (_actor: Actor, { clientId: _, ...said }: Input<Hub, 'accounts.values'>): Promise<Account> =>
      one(async (tx, announce) => (await setValues(tx, announce, said), said.accountId)),

    status: (actor: Actor, { accountId, status }: Input<Hub, 'accounts.status'>): Promise<Account> =>
      one(async (tx, announce) => (await setStatus(tx, announce, actor, accountId, status)).id),

    async addAlias(actor: Actor, { clientId: _, ...said }: Input<Hub, 'accounts.alias.add'>): Promise<Account> {
      await deps.mustHave(actor, 'account.create', { domainId: said.domainId })
      return one(async (tx) => (await addAlias(tx, said), said.accountId))
    },
    removeAlias: (_actor: Actor, { clientId: _, ...said }: Input<Hub, 'accounts.alias.remove'>): Promise<Account> =>
      one(async (tx) => (await dropAlias(tx, said), said.accountId)),

    async move(actor: Actor, { clientId: _, ...said }: Input<Hub, 'accounts.move'>): Promise<Account> {
      await deps.mustHave(actor, 'account.create', { domainId: said.toDomainId })
      return one(async (tx, announce) => (await move(tx, announce, said), said.accountId))
    },

    administrator: (actor: Actor, { accountId, isAdministrator }: Input<Hub, 'accounts.administrator'>): Promise<Account> =>
      one(async (tx, announce) => (await setAdministration(tx, announce, actor, accountId, isAdministrator)).id),

    async liftLockout(_actor: Actor, { accountId }: Input<Hub, 'accounts.lockout.lift'>): Promise<Account> {
      await work(async (tx) => {
        const { account } = await held(tx, accountId)
        await deps.liftLockout(tx, accountId)
        note(account, { isLockedOut: true }, { isLockedOut: false })
      })
      return whole(accountId)
    },
    async removePassword(_actor: Actor, { accountId }: Input<Hub, 'accounts.password.remove'>): Promise<Account> {
      await deps.removePassword(accountId)
      return whole(accountId)
    },

    /** The older, shorter way. */
    async changePerson(
      actor: Actor,
      { accountId, clientId: _, isAdministrator, status, ...said }: Input<Hub, 'directory.person.change'>,
    ): Promise<Person> {
      const rights = [
        ...(said.name !== undefined || said.title !== undefined ? (['account.change'] as const) : []),
        ...(status ? (['account.status'] as const) : []),
      ]
      await onlyFor(async () => {
        for (const right of rights) await deps.mustHave(actor, right, { accountId })
        if (isAdministrator !== undefined || rights.length === 0) await deps.mustAdminister(actor)
      })
      return work(async (tx, announce) => {
        if (endsAdministration({ isAdministrator, status })) await holdOrganisation(tx)
        const [standing] = await existing(tx, accountId)
        await mayEnd(tx, actor, standing, { isAdministrator, status })
        if (isAdministrator !== undefined) await setAdministration(tx, announce, actor, accountId, isAdministrator)
        if (status) await setStatus(tx, announce, actor, accountId, status)
        if (said.name !== undefined || said.title !== undefined) await changeIn(tx, announce, actor, { accountId, ...said })
        return (await findPerson(tx, accountId))!
      })
    },

    async invite(actor: Actor, { accountId }: Input<Hub, 'directory.person.invite'>): Promise<Invitation> {
      await onlyFor(() => deps.mustHave(actor, 'account.security', { accountId }))
      return work(async (tx) => {
        const by = (await findPerson(tx, actor.accountId))!
        const { standing, person, account } = await held(tx, accountId)
        if (!canInvite(standing)) throw fail('conflict', 'directory.isClosed')
        const [domain] = await findDomains(tx, [account.domainId])
        if (domain && !domain.allowsPassword && !domain.allowsPasskey) throw fail('conflict', 'accounts.externalSignIn')
        return deps.invite(tx, person, by, standing.hasJoined ? 'reset' : 'invitation')
      })
    },

    /** Each on its own, under its own right: what is refused is said, the others are done. */
    async bulk(actor: Actor, { accountIds, action }: Input<Hub, 'accounts.bulk'>): Promise<Output<Hub, 'accounts.bulk'>> {
      const right = (
        {
          status: 'account.status',
          cos: 'account.values',
          hide: 'account.change',
          endSessions: 'account.sessions',
          addToList: 'account.see',
        } as const
      )[action.do]
      const refused: Output<Hub, 'accounts.bulk'>['refused'] = []
      let done = 0
      for (const accountId of new Set(accountIds)) {
        try {
          await deps.mustHave(actor, right, { accountId })
          await doOne(actor, accountId, action)
          done++
        } catch (error) {
          if (!(error instanceof Refusal) || error.failure.code === 'unavailable') throw error
          refused.push({ accountId, key: error.failure.key })
        }
      }
      // Of things that do not exist nothing is said one by one, either.
      if (done === 0 && refused.every(({ key }) => key === 'directory.noSuchPerson' || key === 'notFound')) throw noSuchPerson()
      return { done, refused }
    },
  }

  async function doOne(actor: Actor, accountId: AccountId, action: Input<Hub, 'accounts.bulk'>['action']): Promise<void> {
    switch (action.do) {
      case 'status':
        return work(async (tx, announce) => void (await setStatus(tx, announce, actor, accountId, action.status)))
      case 'cos':
        return work((tx, announce) => setValues(tx, announce, { accountId, cosId: action.cosId }))
      case 'hide':
        return work(async (tx, announce) => void (await changeIn(tx, announce, actor, { accountId, isHidden: action.isHidden })))
      case 'endSessions':
        return deps.endAllSessions(accountId)
      case 'addToList':
        return work((tx, announce) => deps.addToList(tx, announce, actor, action.listId, [accountId]))
    }
  }
}

const column = (key: string) => (key === 'cosId' ? 'ownCosId' : key)
const defined = <T extends object>(said: T) =>
  Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }

async function onlyFor(look: () => Promise<void>): Promise<void> {
  await look().catch((error: unknown) => {
    if (error instanceof Refusal && error.failure.key === 'forbidden') throw fail('forbidden', 'directory.onlyAdministrators')
    throw error
  })
}
