import type { Kysely } from 'kysely'
import { fail, inOneGo, type Actor } from '@atrium/platform'
import { Profile, type AccountId, type Hub, type Input, type Me, type Output, type Person } from '@atrium/protocol'
import { languageIn, tell, tellCard } from './accounts.ts'
import { isListed } from './rules.ts'
import { accountTopic, isNews, noSuchPerson, type DirectoryDeps } from './service.common.ts'
import { findAccount, writeAccount } from './store.accounts.ts'
import { findHomeOf } from './store.domains.ts'
import { listMatching, listPeople } from './store.people.ts'
import { changeAccount, findOrganisation, findPerson, holdAccount, peopleOf } from './store.ts'
import { saveOwnValues } from './store.values.ts'
import type { Db, DirectoryTables } from './tables.ts'
import type { Tx } from '@atrium/platform'
import { changed, effective, inherited, isSameAs } from './values.ts'

/** Which field of the policy each field of a profile belongs to. */
const ofPolicy = (field: keyof Profile): 'phones' | 'company' | 'address' =>
  field.startsWith('phone') ? 'phones' : ['company', 'department', 'office', 'manager'].includes(field) ? 'company' : 'address'
const profileFields = Object.keys(Profile.shape) as (keyof Profile)[]

/** What everybody does: look people up, and care for what is their own. */
export function ownService(deps: DirectoryDeps) {
  const { db, work, known } = deps

  /** All that a page begins with, asked in one go. */
  async function meOf(actor: Actor): Promise<Me> {
    const id = actor.accountId
    const isGuest = actor.kind === 'guest'
    const [mayAdminister, [person, values, organisation, home, signedIn]] = await Promise.all([
      isGuest ? false : deps.mayAdminister(actor),
      inOneGo(db, (at: Kysely<DirectoryTables>) => [
        findPerson(at, id),
        known.valuesIn(at, [id]),
        findOrganisation(at),
        findHomeOf(at, id),
        isGuest ? Promise.resolve({}) : deps.signedIn(at, actor),
      ]),
    ])
    if (!person) throw fail('not_found', 'directory.noSuchPerson')
    const language = languageIn(values.get(id))
    return { person, language, organisation: organisation ?? { name: '', domain: '' }, ...home, mayAdminister, ...signedIn }
  }

  async function valuesIn(at: Db | Tx, id: AccountId): Promise<Output<Hub, 'me.values'>> {
    const [layers, account] = await Promise.all([known.layersIn(at, [id]), findAccount(at, id)])
    const of = layers.get(id)
    if (!of || !account) throw noSuchPerson()
    return { effective: effective(of), own: of.own, inherited: inherited(of), cosId: account.cosId, domainId: account.domainId }
  }

  /** DIR-18  Which fields of a profile its person may change is a value like others; what another directory keeps is changed there. */
  async function editable(at: Db | Tx, id: AccountId): Promise<string[]> {
    const account = await findAccount(at, id)
    if (!account) throw noSuchPerson()
    const [values, elsewhere] = [(await known.valuesIn(at, [id])).get(id)!, await deps.keptElsewhere(account)]
    const allowed: readonly string[] = values['profile.ownFields']
    const fields = [
      ...['name', 'title', 'picture'].filter((one) => allowed.includes(one)),
      ...profileFields.filter((one) => allowed.includes(ofPolicy(one))),
    ]
    return fields.filter((one) => !elsewhere.includes(one))
  }
  async function mustBeOwn(at: Db | Tx, id: AccountId, fields: readonly string[]): Promise<void> {
    if (fields.length === 0) return
    const mine = await editable(at, id)
    const field = fields.find((one) => !mine.includes(one))
    if (field) throw fail('forbidden', 'accounts.notYourField', { field })
  }

  async function saveValues(
    tx: Tx,
    id: AccountId,
    change: Input<Hub, 'me.preferences'>['values'],
  ): Promise<Output<Hub, 'me.values'> | undefined> {
    const before = (await known.layersIn(tx, [id])).get(id)!
    const ownValues = changed(before.own, change)
    if (isSameAs(before.own, ownValues)) return undefined
    await saveOwnValues(tx, id, ownValues)
    return valuesIn(tx, id)
  }

  return {
    me: meOf,

    /** Who is searched for is somebody one talks with, most of the time: these come first. */
    async people(actor: Actor, asked: Input<Hub, 'directory.people'>): Promise<Output<Hub, 'directory.people'>> {
      const limit = asked.limit + 1
      const found = asked.search
        ? await listMatching(db, { ...asked, limit, first: await deps.contactsOf(actor.accountId) })
        : await listPeople(db, { ...asked, limit })
      return { people: found.slice(0, asked.limit), hasMore: found.length > asked.limit }
    },

    async of(_actor: Actor, { ids }: Input<Hub, 'directory.people.of'>): Promise<Person[]> {
      return peopleOf(db, ids)
    },

    async changeProfile(actor: Actor, { clientId: _, language, ...change }: Input<Hub, 'directory.profile.change'>): Promise<Me> {
      await work(async (tx, announce) => {
        await holdAccount(tx, actor.accountId)
        const before = await findPerson(tx, actor.accountId)
        if (!before) throw fail('not_found', 'directory.noSuchPerson')
        const fields = (['name', 'title', 'picture'] as const).filter(
          (field) => change[field] !== undefined && change[field] !== before[field],
        )
        await mustBeOwn(tx, before.id, fields)
        if (change.picture !== undefined && change.picture !== before.picture) await deps.setProfilePicture(tx, before.id, change.picture)
        const person = await changeAccount(tx, before, change)
        const values = language && (await saveValues(tx, before.id, { 'preferences.language': language }))
        if (values)
          announce(accountTopic(before.id), 'me.values.changed', { effective: values.effective }, { replaces: `values:${before.id}` })
        if (isNews(before, person)) tell(announce, person)
      })
      return meOf(actor)
    },

    values: (actor: Actor): Promise<Output<Hub, 'me.values'>> => valuesIn(db, actor.accountId),

    preferences: (actor: Actor, { values }: Input<Hub, 'me.preferences'>): Promise<Output<Hub, 'me.preferences'>> =>
      work(async (tx, announce) => {
        await holdAccount(tx, actor.accountId)
        const after = await saveValues(tx, actor.accountId, values)
        if (!after) return valuesIn(tx, actor.accountId)
        announce(
          accountTopic(actor.accountId),
          'me.values.changed',
          { effective: after.effective },
          { replaces: `values:${actor.accountId}` },
        )
        return after
      }),

    async profile(actor: Actor): Promise<Output<Hub, 'me.profile'>> {
      const [account, mine, me] = await Promise.all([findAccount(db, actor.accountId), editable(db, actor.accountId), meOf(actor)])
      return { profile: Profile.parse(account?.profile ?? {}), editable: mine, me }
    },

    changeOwnProfile: (actor: Actor, { profile }: Input<Hub, 'me.profile.change'>): Promise<Profile> =>
      work(async (tx, announce) => {
        await holdAccount(tx, actor.accountId)
        const account = await findAccount(tx, actor.accountId)
        if (!account) throw noSuchPerson()
        const before = Profile.parse(account.profile)
        const news = Object.fromEntries(
          Object.entries(profile).filter(([key, value]) => value !== undefined && value !== before[key as keyof Profile]),
        )
        await mustBeOwn(tx, actor.accountId, Object.keys(news))
        const after = { ...before, ...news }
        if (Object.keys(news).length === 0) return after
        await writeAccount(tx, actor.accountId, { profile: after })
        tellCard(announce, actor.accountId)
        return after
      }),

    /** Who is hidden, or not open yet, is in no address list: what is said of them is what their messages show anyway. */
    async card(_actor: Actor, { accountId }: Input<Hub, 'people.card'>): Promise<Output<Hub, 'people.card'>> {
      const [person, account, lists] = await Promise.all([findPerson(db, accountId), findAccount(db, accountId), deps.listsOf(accountId)])
      if (!person) throw noSuchPerson()
      const isShown = account !== undefined && !account.isHidden && isListed(person.status)
      return { person, profile: Profile.parse(isShown ? account.profile : {}), lists: isShown ? lists : [] }
    },
  }
}
