import { fail, type Actor, type Announce, type Call, type Database, type Tx } from '@atrium/platform'
import type { AccountId, Hub, Input, Invitation, Me, Output, Person, PictureId } from '@atrium/protocol'
import { languageIn, tell, type Accounts } from './accounts.ts'
import { homeOf } from './store.domains.ts'
import { layersOf, saveOwnValues } from './store.values.ts'
import { changed } from './values.ts'
import {
  canAdminister,
  canChange,
  canInvite,
  endsAdministration,
  leavesNobody,
  locksOneself,
  loses,
  statusAfter,
  type Standing,
} from './rules.ts'
import {
  addAccount,
  changeAccount,
  closeAccount,
  countOtherAdministrators,
  findAdded,
  findOrganisation,
  findPerson,
  findStanding,
  holdAccount,
  holdOrganisation,
  listPeople,
  peopleOf,
  type DirectoryTables,
} from './store.ts'

/** What the directory needs of the slices above it, given as functions. */
export interface DirectoryDeps extends Database<DirectoryTables> {
  now: () => Date
  newId: () => string
  known: Accounts
  /** A link by which its person chooses a password; earlier ones stop working. It is mailed in the same unit. */
  invite: (tx: Tx, person: Person, by: Person, purpose: 'invitation' | 'reset') => Promise<Invitation>
  isPassword: (actor: Actor, password: string, source: string) => Promise<boolean>
  /** Ends all sessions and links, without telling: whoever calls it announces why. */
  endSessions: (tx: Tx, accountId: AccountId) => Promise<void>
  /** Password, sessions, links: nothing is left that could sign in. */
  forgetSecrets: (tx: Tx, accountId: AccountId) => Promise<void>
  /** Letters to an address that wait, were given up, or are kept for administrators to read. */
  forgetLetters: (tx: Tx, address: string) => Promise<void>
  /** Makes an uploaded picture the profile's, or takes the old one away. */
  setProfilePicture: (tx: Tx, accountId: AccountId, picture: PictureId | null) => Promise<void>
  /** Deletes all that somebody wrote, and says so in the rooms. */
  forgetAuthor: (tx: Tx, announce: Announce, accountId: AccountId) => Promise<void>
  /** Takes their own files along. */
  forgetFiles: (tx: Tx, announce: Announce, accountId: AccountId) => Promise<void>
  /** Leaves the rooms where others stay. */
  closeSeats: (tx: Tx, announce: Announce, accountId: AccountId) => Promise<void>
}

export function directoryService(deps: DirectoryDeps) {
  const { db, work, now, newId, known } = deps

  async function meIn(at: Parameters<typeof findPerson>[0], id: AccountId): Promise<Me> {
    const [person, values, organisation] = await Promise.all([findPerson(at, id), known.valuesIn(at, [id]), findOrganisation(at)])
    if (!person) throw fail('not_found', 'directory.noSuchPerson')
    return { person, language: languageIn(values.get(id)), organisation: organisation ?? { name: '', domain: '' } }
  }

  /** DIR-1, and who it is. */
  async function administrator(tx: Tx, actor: Actor): Promise<Person> {
    if (!canAdminister(await findStanding(tx, actor.accountId))) throw fail('forbidden', 'directory.onlyAdministrators')
    return (await findPerson(tx, actor.accountId))!
  }

  async function existing(tx: Tx, id: AccountId): Promise<[Standing, Person]> {
    const standing = await holdAccount(tx, id)
    const person = standing && (await findPerson(tx, id))
    if (!person || person.kind !== 'person') throw fail('not_found', 'directory.noSuchPerson')
    if (!canChange(standing)) throw fail('conflict', 'directory.isClosed')
    return [standing, person]
  }

  return {
    me: (actor: Actor): Promise<Me> => meIn(db, actor.accountId),

    async people(_actor: Actor, asked: Input<Hub, 'directory.people'>): Promise<Output<Hub, 'directory.people'>> {
      const found = await listPeople(db, { ...asked, limit: asked.limit + 1 })
      return { people: found.slice(0, asked.limit), hasMore: found.length > asked.limit }
    },

    async of(_actor: Actor, { ids }: Input<Hub, 'directory.people.of'>): Promise<Person[]> {
      return peopleOf(db, ids)
    },

    async changeProfile(actor: Actor, { clientId: _, language, ...change }: Input<Hub, 'directory.profile.change'>): Promise<Me> {
      return work(async (tx, announce) => {
        await holdAccount(tx, actor.accountId)
        const before = await findPerson(tx, actor.accountId)
        if (!before) throw fail('not_found', 'directory.noSuchPerson')
        if (change.picture !== undefined && change.picture !== before.picture) await deps.setProfilePicture(tx, before.id, change.picture)
        const person = await changeAccount(tx, before, change)
        if (language) {
          const { own } = (await layersOf(tx, [before.id])).get(before.id)!
          await saveOwnValues(tx, before.id, changed(own, { 'preferences.language': language }))
        }
        if (isNews(before, person)) tell(announce, person)
        return meIn(tx, person.id)
      })
    },

    async add(actor: Actor, { clientId, ...draft }: Input<Hub, 'directory.person.add'>): Promise<Output<Hub, 'directory.person.add'>> {
      return work(async (tx, announce) => {
        const by = await administrator(tx, actor)
        const id = newId() as AccountId
        const domainId = (await homeOf(tx, draft.address))!
        const account = { ...draft, id, domainId, status: 'invited', ownValues: {}, at: now(), added: { by: by.id, clientId } } as const
        // A repetition gets a new link: the first one may never have arrived, and we keep no copy of it.
        const earlier = await findAdded(tx, by.id, clientId)
        if (earlier && !isSame(earlier, draft)) throw fail('conflict', 'clientIdReused')
        if (!earlier && !(await addAccount(tx, account))) throw fail('conflict', 'directory.addressTaken', { field: 'address' })

        const person = earlier ?? (await findPerson(tx, id))!
        const invitation = await deps.invite(tx, person, by, 'invitation')
        if (!earlier) tell(announce, person)
        return { person, invitation }
      })
    },

    async change(actor: Actor, { accountId, clientId: _, ...change }: Input<Hub, 'directory.person.change'>): Promise<Person> {
      return work(async (tx, announce) => {
        if (endsAdministration(change)) await holdOrganisation(tx)
        await administrator(tx, actor)
        const [standing, before] = await existing(tx, accountId)
        if (locksOneself(actor, standing, change)) throw fail('conflict', 'directory.notYourself', { field: 'status' })
        if (leavesNobody(standing, change, await countOtherAdministrators(tx, accountId)))
          throw fail('conflict', 'directory.lastAdministrator')

        const status = change.status && statusAfter(standing, change.status)
        const person = await changeAccount(tx, before, { ...change, status })
        if (loses(before.status, person.status)) {
          await deps.endSessions(tx, accountId)
          announce('revocations:all', 'directory.right.revoked', { kind: 'account', accountId, reason: 'locked' })
        }
        if (isNews(before, person)) tell(announce, person)
        return person
      })
    },

    async invite(actor: Actor, { accountId }: Input<Hub, 'directory.person.invite'>): Promise<Invitation> {
      return work(async (tx) => {
        const by = await administrator(tx, actor)
        const [standing, person] = await existing(tx, accountId)
        if (!canInvite(standing)) throw fail('conflict', 'directory.isClosed')
        return deps.invite(tx, person, by, standing.status === 'invited' ? 'invitation' : 'reset')
      })
    },

    async delete(actor: Actor, { password, messages }: Input<Hub, 'directory.account.delete'>, call: Call): Promise<Record<string, never>> {
      if (!(await deps.isPassword(actor, password, call.source))) throw fail('forbidden', 'auth.wrongPassword', { field: 'password' })
      await work(
        async (tx, announce) => {
          await holdOrganisation(tx)
          const [standing, { id: accountId, address }] = await existing(tx, actor.accountId)
          if (leavesNobody(standing, 'delete', await countOtherAdministrators(tx, accountId)))
            throw fail('conflict', 'directory.lastAdministrator')

          if (messages === 'delete') await deps.forgetAuthor(tx, announce, accountId)
          await deps.closeSeats(tx, announce, accountId)
          await deps.forgetFiles(tx, announce, accountId)
          await deps.setProfilePicture(tx, accountId, null)
          await deps.forgetSecrets(tx, accountId)
          if (address !== null) await deps.forgetLetters(tx, address)
          tell(announce, await closeAccount(tx, accountId))
          announce('revocations:all', 'directory.right.revoked', { kind: 'account', accountId, reason: 'deleted' })
        },
        { alone: true },
      )
      call.session?.end()
      return {}
    },
  }
}

const shown = ['name', 'address', 'title', 'picture', 'status', 'isAdministrator'] as const
const isNews = (before: Person, after: Person) => shown.some((field) => before[field] !== after[field])

const isSame = (person: Person, draft: { name: string; address: string }) => person.name === draft.name && person.address === draft.address
