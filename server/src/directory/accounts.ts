import { fail, gathered, type Actor, type Announce, type Database, type Reading, type Tx } from '@atrium/platform'
import {
  unlimited,
  type AccountId,
  type CosId,
  type DomainId,
  type Language,
  type Organisation,
  type Person,
  type Values,
} from '@atrium/protocol'
import { canAdminister, isHidden, type Standing } from './rules.ts'
import { addCos } from './store.cos.ts'
import { addDomain } from './store.domains.ts'
import { allowanceOf } from './allowance.ts'
import { layersOf } from './store.values.ts'
import { defaultValues, effective } from './values.ts'
import type { DomainWays } from './ways.ts'
import {
  accountAt,
  addAccount,
  addGuest,
  addOrganisation,
  changeAccount,
  findArriving,
  findByAddress,
  findOrganisation,
  findPerson,
  administersInSql,
  findStanding,
  holdAccount,
  holdWithLayers,
  peopleOf,
  reachable,
  type DirectoryTables,
} from './store.ts'

export interface Founding {
  organisation: Organisation
  administrator: { id: AccountId; name: string; address: string; language: Language | null }
  at: Date
}

interface Deps extends Pick<Database<DirectoryTables>, 'db'> {
  newId: () => string
  /** What the hub's settings say where neither a class nor an account says anything. */
  defaults: Partial<Values>
}

/** What the other slices stand on. What takes `tx` is called inside their units of work. */
export function accounts({ db, newId, defaults }: Deps) {
  const layersIn = (at: Reading<any> | Tx, ids: readonly string[]) => layersOf(at, ids, defaults)
  const valuesIn = async (at: Reading<any> | Tx, ids: readonly string[]): Promise<Map<string, Values>> =>
    new Map([...(await layersIn(at, ids))].map(([id, of]) => [id, effective(of)]))

  return {
    /** Those of them who exist, closed accounts included: what they wrote may still be on a screen. */
    peopleOf: (at: Reading<any> | Tx, ids: readonly string[]): Promise<Person[]> => peopleOf(at, ids),
    person: (id: string): Promise<Person | undefined> => findPerson(db, id),
    /** For a store that keeps something by the ids of accounts. */
    accountAt,
    byAddress: (address: string): Promise<Person | undefined> => findByAddress(db, address),
    /** Somebody at the door, if it is somebody: with what holds for them, and where they are at home. */
    async arriving(at: Reading<any>, address: string): Promise<{ person: Person | undefined; values: Values; home: DomainWays | null }> {
      const { layers, ...rest } = await findArriving(at, address, defaults)
      return { ...rest, values: effective(layers) }
    },
    /** DIR-11  Of these, those who can be written to. */
    reachable: (ids: readonly string[]): Promise<AccountId[]> => reachable(db, ids),
    takesMessages: gathered(async (at: Reading<any> | Tx, ids: string[]): Promise<boolean[]> => {
      const those = new Set<string>(await reachable(at, ids))
      return ids.map((id) => those.has(id))
    }),
    /** Of these, whose account is shut for good or not open yet: what is theirs is shown to nobody. */
    async hiddenAmong(at: Reading<any>, ids: readonly string[]): Promise<ReadonlySet<string>> {
      const people = await peopleOf(at, ids)
      return new Set(people.filter(({ status }) => isHidden(status)).map(({ id }) => id))
    },
    /** DIR-13  What holds for each of these: one statement, whatever their number. */
    valuesIn,
    layersIn,
    async valuesOf(id: AccountId): Promise<Values> {
      return (await valuesIn(db, [id])).get(id)!
    },
    /** Of these, who does not want others to see when they are here. */
    async hidingPresence(ids: readonly AccountId[]): Promise<ReadonlySet<string>> {
      const values = await valuesIn(db, ids)
      return new Set([...values].flatMap(([id, one]) => (one['preferences.showPresence'] ? [] : [id])))
    },
    /** For how long somebody may change what they said, and take it back. */
    async windowsOf(at: Reading<any> | Tx, id: AccountId): Promise<{ editMs: number; deleteMs: number }> {
      const values = (await valuesIn(at, [id])).get(id) ?? defaultValues(defaults)
      const inMs = (seconds: number | typeof unlimited) => (seconds === unlimited ? Number.POSITIVE_INFINITY : seconds * 1_000)
      return { editMs: inMs(values['messages.editWithin']), deleteMs: inMs(values['messages.deleteWithin']) }
    },
    /** Of these, those who let others see what they have read. Guests say nothing about it, and are not shown. */
    async showReceipts(ids: readonly AccountId[]): Promise<Set<AccountId>> {
      const values = await valuesIn(db, ids)
      return new Set(ids.filter((id) => values.get(id)?.['preferences.showReceipts']))
    },
    /** How much somebody may keep in files. In a unit of work, what a domain has left is the unit's alone. */
    allowanceOf: (at: Reading<any> | Tx, id: AccountId) => allowanceOf(at, id, valuesIn),
    /** What holds where nobody says anything. */
    defaultValues: defaultValues(defaults),
    administersInSql,
    isAdministrator: async (actor: Pick<Actor, 'accountId'>): Promise<boolean> => canAdminister(await findStanding(db, actor.accountId)),
    organisation: (): Promise<Organisation | undefined> => findOrganisation(db),
    organisationIn: (tx: Tx): Promise<Organisation | undefined> => findOrganisation(tx),
    languageOf: async (tx: Tx, id: AccountId): Promise<Language | null> => languageIn((await valuesIn(tx, [id])).get(id)),

    /** Locks the account until the unit ends. */
    hold: (tx: Tx, id: string): Promise<Standing | undefined> => holdAccount(tx, id),

    /** The same, with what holds for it. */
    async holdWithValues(tx: Tx, id: string): Promise<(Standing & { values: Values }) | undefined> {
      const found = await holdWithLayers(tx, id, defaults)
      return found && { ...found.standing, values: effective(found.layers) }
    },

    addGuest: (tx: Tx, guest: { id: AccountId; name: string; at: Date }): Promise<void> => addGuest(tx, guest),
    async renameGuest(tx: Tx, id: AccountId, name: string): Promise<void> {
      const before = await findPerson(tx, id)
      if (before?.kind === 'guest' && before.name !== name) await changeAccount(tx, before, { name })
    },

    /** The organisation with its domain, the class that everybody has who has no other, and the first administrator. Of two at once, one is refused. */
    async found(tx: Tx, announce: Announce, { organisation, administrator, at }: Founding): Promise<Person> {
      if (!(await addOrganisation(tx, { ...organisation, at }))) throw fail('conflict', 'auth.alreadySetUp')
      const [defaultCosId, domainId] = [newId() as CosId, newId() as DomainId]
      await addCos(tx, { id: defaultCosId, name: 'Default', description: '', ownValues: {}, createdAt: at })
      await addDomain(tx, { id: domainId, name: organisation.domain, description: '', defaultCosId, createdAt: at })
      const { language, ...who } = administrator
      const ownValues = language ? { 'preferences.language': language } : {}
      const account = { ...who, domainId, ownValues, title: '', isAdministrator: true, status: 'active', at, joinedAt: at } as const
      if (!(await addAccount(tx, account))) throw fail('conflict', 'directory.addressTaken', { field: 'address' })
      const person = (await findPerson(tx, administrator.id))!
      tell(announce, person)
      return person
    },

    /** Somebody chose a password: an invited person is here now, and an administrator's own link opens what was locked. */
    async join(tx: Tx, announce: Announce, id: AccountId, at: Date): Promise<void> {
      const [before, standing] = [await findPerson(tx, id), await findStanding(tx, id)]
      if (!before || standing?.ownStatus === 'active') return
      tell(announce, await changeAccount(tx, before, { status: 'active', joinedAt: standing?.hasJoined ? undefined : at }))
    },
  }
}
export type Accounts = ReturnType<typeof accounts>

export const languageIn = (values: Values | undefined): Language | null => {
  const chosen = values?.['preferences.language']
  return chosen === undefined || chosen === 'auto' ? null : (chosen as Language)
}

/** The newest words about a person replace all earlier ones, so the journal never knows more than the directory. */
export function tell(announce: Announce, person: Person): void {
  announce('directory:all', 'directory.person.changed', person, { replaces: `person:${person.id}` })
}

/** What is said of somebody below the name: nobody has all cards on screen, so who shows this one asks again. */
export function tellCard(announce: Announce, accountId: AccountId): void {
  announce('directory:all', 'people.card.changed', { accountId }, { replaces: `card:${accountId}` })
}
