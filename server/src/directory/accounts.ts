import { fail, type Actor, type Announce, type Database, type Reading, type Tx } from '@atrium/platform'
import type { AccountId, Language, Organisation, Person } from '@atrium/protocol'
import { canAdminister, type Standing } from './rules.ts'
import {
  activeAccounts,
  addAccount,
  addGuest,
  addOrganisation,
  changeAccount,
  findByAddress,
  findLanguage,
  findOrganisation,
  findPerson,
  findStanding,
  holdAccount,
  peopleOf,
  type DirectoryTables,
} from './store.ts'

export interface Founding {
  organisation: Organisation
  administrator: { id: AccountId; name: string; address: string; language: Language | null }
  at: Date
}

/** What the other slices stand on. What takes `tx` is called inside their units of work. */
export function accounts({ db }: Pick<Database<DirectoryTables>, 'db'>) {
  return {
    /** Those of them who exist, closed accounts included: what they wrote may still be on a screen. */
    peopleOf: (at: Reading<any> | Tx, ids: readonly string[]): Promise<Person[]> => peopleOf(at, ids),
    person: (id: string): Promise<Person | undefined> => findPerson(db, id),
    byAddress: (address: string): Promise<Person | undefined> => findByAddress(db, address),
    /** Of these, those who can be written to: active, or invited. */
    activeAccounts: (ids: readonly string[]): Promise<AccountId[]> => activeAccounts(db, ids),
    isAdministrator: async (actor: Pick<Actor, 'accountId'>): Promise<boolean> => canAdminister(await findStanding(db, actor.accountId)),
    organisation: (): Promise<Organisation | undefined> => findOrganisation(db),
    organisationIn: (tx: Tx): Promise<Organisation | undefined> => findOrganisation(tx),
    languageOf: (tx: Tx, id: AccountId): Promise<Language | null> => findLanguage(tx, id),

    /** Locks the account until the unit ends. */
    hold: (tx: Tx, id: string): Promise<Standing | undefined> => holdAccount(tx, id),

    addGuest: (tx: Tx, guest: { id: AccountId; name: string; at: Date }): Promise<void> => addGuest(tx, guest),
    async renameGuest(tx: Tx, id: AccountId, name: string): Promise<void> {
      const before = await findPerson(tx, id)
      if (before?.kind === 'guest' && before.name !== name) await changeAccount(tx, before, { name })
    },

    /** The organisation and its first administrator. Of two at once, one is refused. */
    async found(tx: Tx, announce: Announce, { organisation, administrator, at }: Founding): Promise<Person> {
      const account = { ...administrator, title: '', isAdministrator: true, status: 'active', at } as const
      if (!(await addOrganisation(tx, { ...organisation, at }))) throw fail('conflict', 'auth.alreadySetUp')
      if (!(await addAccount(tx, account))) throw fail('conflict', 'directory.addressTaken', { field: 'address' })
      const person = (await findPerson(tx, administrator.id))!
      tell(announce, person)
      return person
    },

    /** Somebody chose a password: an invited person is here now, and an administrator's own link opens what was locked. */
    async join(tx: Tx, announce: Announce, id: AccountId, at: Date): Promise<void> {
      const [before, standing] = [await findPerson(tx, id), await findStanding(tx, id)]
      if (!before || before.status === 'active') return
      tell(announce, await changeAccount(tx, before, { status: 'active', joinedAt: standing?.hasJoined ? undefined : at }))
    },
  }
}
export type Accounts = ReturnType<typeof accounts>

/** The newest words about a person replace all earlier ones, so the journal never knows more than the directory. */
export function tell(announce: Announce, person: Person): void {
  announce('directory:all', 'directory.person.changed', person, { replaces: `person:${person.id}` })
}
