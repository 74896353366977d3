import { sql, type Insertable, type RawBuilder } from 'kysely'
import { statement, type Tx } from '@atrium/platform'
import type { AccountId, DomainId, Organisation, OwnValues, Person, PictureId, Values } from '@atrium/protocol'
import { ladder, takesMessages, type Standing } from './rules.ts'
import { homeDomain } from './store.domains.ts'
import { layersFrom } from './store.values.ts'
import { open, type Db, type DirectoryTables } from './tables.ts'
import type { Layers } from './values.ts'
import type { DomainWays } from './ways.ts'
import { fold, searchableWords } from './words.ts'

export type { DirectoryTables } from './tables.ts'

/** DIR-10 as the database says it, where an account stands beside its domain. */
export const statusThatHolds = sql<Person['status']>`case
  when account.kind <> 'guest'
    and array_position(${sql.lit(`{${ladder.join(',')}}`)}::text[], domain.status) > array_position(${sql.lit(`{${ladder.join(',')}}`)}::text[], account.status)
  then domain.status else account.status end`

export type PersonRow = Person
export const toPerson = ({ id, kind, name, address, title, picture, status, isAdministrator }: PersonRow): Person => ({
  id,
  kind,
  name,
  address,
  title,
  picture,
  status,
  isAdministrator,
})

export const people = (db: Db | Tx) =>
  open(db)
    .selectFrom('account')
    .leftJoin('address', (join) => join.onRef('address.ownerId', '=', 'account.id').on('address.isPrimary', '=', true))
    .leftJoin('domain', 'domain.id', 'account.domainId')
    .select(['account.id', 'kind', 'account.name', 'address.address', 'title', 'pictureId as picture', 'isAdministrator', 'sortKey'])
    .select(statusThatHolds.as('status'))

export const uuids = (ids: readonly string[]) => sql<AccountId>`any(${ids}::uuid[])`

/** Those of them who exist, in no particular order. */
export async function peopleOf(db: Db | Tx, ids: readonly string[]): Promise<Person[]> {
  if (ids.length === 0) return []
  return (await peopleBy(open(db), { ids })).map(toPerson)
}
// Asked for wherever a name is shown.
const peopleBy = statement<{ ids: readonly string[] }, PersonRow>(
  ({ ids }) => sql`
    select account.id, kind, account.name, main.address, title, picture_id as picture, is_administrator, ${statusThatHolds} as status
    from account left join address as main on main.owner_id = account.id and main.is_primary left join domain on domain.id = account.domain_id
    where account.id = any(${ids}::uuid[])`,
)

export async function findPerson(db: Db | Tx, id: string): Promise<Person | undefined> {
  return (await peopleOf(db, [id]))[0]
}

/** Whose address it is: for a store that keeps something of accounts by their ids. */
export const accountAt = (address: string | RawBuilder<string>) =>
  sql<AccountId>`(select owner_id from address as one where one.address = ${address} and one.owner_kind = 'account')`

/** By the primary address or an alias. */
export async function findByAddress(db: Db | Tx, address: string): Promise<Person | undefined> {
  const row = await people(db).where('account.id', '=', accountAt(address)).executeTakeFirst()
  return row && toPerson(row)
}

/** DIR-11  Who can be written to. Nobody writes to a guest, or meets one elsewhere. */
export async function reachable(db: Db | Tx, ids: readonly string[]): Promise<AccountId[]> {
  const rows = await people(db).where('account.id', '=', uuids(ids)).where('kind', '<>', 'guest').where(holds(takesMessages)).execute()
  return rows.map(({ id }) => id)
}
export const holds = (statuses: readonly Person['status'][]) => sql<boolean>`${statusThatHolds} = any(${statuses}::text[])`

const standingOf = sql`account.id, account.status as own_status, is_administrator, joined_at, domain_id, ${statusThatHolds} as status`
type StandingRow = Omit<Standing, 'hasJoined'> & { joinedAt: Date | null }
const standing = statement<{ id: string }, StandingRow>(
  ({ id }) => sql`select ${standingOf} from account left join domain on domain.id = account.domain_id where account.id = ${id}`,
)
export async function findStanding(db: Db | Tx, id: string): Promise<Standing | undefined> {
  const [row] = await standing(open(db), { id })
  return row && toStanding(row)
}

/** DIR-1, `canAdminister`, as a statement that shows something says it. */
export const administersInSql = (
  id: AccountId,
) => sql<boolean>`exists (select from account left join domain on domain.id = account.domain_id
  where account.id = ${id} and is_administrator and ${holds(['active'])})`

/**
 * Locks the account: a sign-in and a lock at the same moment are decided one after the other. Who changes the domain as well holds
 * that first. Sent in one go: what is asked behind it, without waiting for its answer, is asked when it is held.
 */
export async function holdAccount(tx: Tx, id: string): Promise<Standing | undefined> {
  const [, standing] = await Promise.all([held(open(tx), { id }), findStanding(tx, id)])
  return standing
}
const held = statement<{ id: string }, unknown>(
  ({ id }) => sql`
    with held as materialized (select domain_id from account where id = ${id} for update)
    -- Shared: whoever shuts the domain waits for sign-ins that are under way, and ends them.
    select from domain where id = (select domain_id from held) for share`,
)

type Layered = { own: OwnValues; ofClass: OwnValues | null; caps: Partial<Values> | null }
const layers = sql`account.own_values as own, cos.own_values as of_class, domain.caps`
const withClass = sql`account left join domain on domain.id = account.domain_id
    left join cos on cos.id = coalesce(account.cos_id, domain.default_cos_id)`
const standingWithLayers = statement<{ id: string }, StandingRow & Layered>(
  ({ id }) => sql`select ${standingOf}, ${layers} from ${withClass} where account.id = ${id}`,
)
/** The same, with what its values are made of. */
export async function holdWithLayers(
  tx: Tx,
  id: string,
  settings: Partial<Values>,
): Promise<{ standing: Standing; layers: Layers } | undefined> {
  const [, [row]] = await Promise.all([held(open(tx), { id }), standingWithLayers(open(tx), { id })])
  if (!row) return undefined
  const { own, ofClass, caps, ...standing } = row
  return { standing: toStanding(standing), layers: layersFrom({ own, ofClass, caps }, settings) }
}

export interface Arriving {
  person: Person | undefined
  layers: Layers
  /** Where they are at home, and how people of that domain sign in. */
  home: DomainWays | null
}
type ArrivingRow = PersonRow & Layered & { domainId: DomainId | null; domainName: string } & Omit<DomainWays, 'id' | 'name'>
const arriving = statement<{ address: string }, ArrivingRow>(
  ({ address }) => sql`
    select account.id, kind, account.name, main.address, title, picture_id as picture, is_administrator, ${statusThatHolds} as status,
      ${layers}, domain.id as domain_id, domain.name as domain_name, allows_password, allows_passkey
    from ${withClass} left join address as main on main.owner_id = account.id and main.is_primary
    where account.id = ${accountAt(address)}`,
)
/** Who has this address, with all that signing in begins with: one statement, and as much of it for an address that nobody has. */
export async function findArriving(db: Db, address: string, settings: Partial<Values>): Promise<Arriving> {
  const [row] = await arriving(db, { address })
  if (!row) return { person: undefined, layers: layersFrom({ own: {}, ofClass: null, caps: null }, settings), home: null }
  const { domainId: id, domainName: name, allowsPassword, allowsPasskey } = row
  const home = id === null ? null : { id, name, allowsPassword, allowsPasskey }
  return { person: toPerson(row), layers: layersFrom(row, settings), home }
}
const toStanding = ({ joinedAt, ...row }: StandingRow): Standing => ({
  ...row,
  hasJoined: joinedAt !== null,
})

/** One at a time: whoever takes an administrator away waits for the others who do. */
export async function holdOrganisation(tx: Tx): Promise<void> {
  await open(tx).selectFrom('organisation').select('isOnly').forUpdate().execute()
}

export async function countOtherAdministrators(tx: Tx, id: string): Promise<number> {
  const { count } = await open(tx)
    .selectFrom('account')
    .leftJoin('domain', 'domain.id', 'account.domainId')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('isAdministrator', '=', true)
    .where(holds(['active']))
    .where('account.id', '<>', id as AccountId)
    .executeTakeFirstOrThrow()
  return count
}

/** Who could still administer if nobody of this domain can. */
export async function countAdministratorsOutside(tx: Tx, domainId: DomainId): Promise<number> {
  const { count } = await open(tx)
    .selectFrom('account')
    .leftJoin('domain', 'domain.id', 'account.domainId')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('isAdministrator', '=', true)
    .where(holds(['active']))
    .where((is) => is.or([is('account.domainId', 'is', null), is('account.domainId', '<>', domainId)]))
    .executeTakeFirstOrThrow()
  return count
}

export async function setAdministrator(tx: Tx, id: AccountId, isAdministrator: boolean): Promise<void> {
  await open(tx).updateTable('account').set({ isAdministrator }).where('id', '=', id).execute()
}

export interface NewAccount {
  id: AccountId
  domainId: DomainId
  name: string
  address: string
  title: string
  isAdministrator: boolean
  status: Person['status']
  ownValues: OwnValues
  at: Date
  joinedAt?: Date
  added?: { by: AccountId; clientId: string }
  more?: Partial<Pick<Insertable<DirectoryTables['account']>, 'given' | 'initials' | 'surname' | 'notes' | 'isHidden' | 'cosId'>>
}

/** False when the address is somebody's already, or a list's, or a resource's. */
export async function addAccount(tx: Tx, { id, name, address, at, added, joinedAt, more, ...rest }: NewAccount): Promise<boolean> {
  if (!(await takeAddress(tx, { address, ownerKind: 'account', ownerId: id, isPrimary: true }))) return false
  await open(tx)
    .insertInto('account')
    .values({
      ...rest,
      ...more,
      id,
      name,
      kind: 'person',
      pictureId: null,
      joinedAt: joinedAt ?? null,
      createdAt: at,
      addedBy: added?.by ?? null,
      clientId: added?.clientId ?? null,
      sortKey: fold(name),
      words: searchableWords(name, [address]),
      isExternal: isExternal(address),
    })
    .execute()
  return true
}
const isExternal = (address: string) =>
  sql<boolean>`not exists (select from domain where domain.name = ${address.slice(address.lastIndexOf('@') + 1)}::citext)`

/** One address, one owner. False when it is somebody's already. */
export async function takeAddress(tx: Tx, address: DirectoryTables['address']): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await open(tx)
    .insertInto('address')
    .values(address)
    .onConflict((taken) => taken.column('address').doNothing())
    .executeTakeFirst()
  return Boolean(numInsertedOrUpdatedRows)
}

/** A guest has a name and nothing else: no address, no password, no place in lists and searches. */
export async function addGuest(tx: Tx, { id, name, at }: { id: AccountId; name: string; at: Date }): Promise<void> {
  await open(tx)
    .insertInto('account')
    .values({
      ...{ id, kind: 'guest', name, title: '', pictureId: null, status: 'active', isAdministrator: false },
      ...{ joinedAt: at, createdAt: at, addedBy: null, clientId: null, sortKey: '', words: '' },
      domainId: sql<DomainId>`(${homeDomain})`,
    })
    .execute()
}

/** Guests of so long ago: what they said stays, without a name. */
export async function closeGuests(tx: Tx, before: Date): Promise<void> {
  await open(tx)
    .updateTable('account')
    .set({ name: '', status: 'deleted' })
    .where('kind', '=', 'guest')
    .where('status', '<>', 'deleted')
    .where('createdAt', '<', before)
    .execute()
}

/** The account that an earlier attempt with the same `clientId` made. */
export async function findAdded(tx: Tx, by: AccountId, clientId: string): Promise<Person | undefined> {
  const row = await people(tx).where('addedBy', '=', by).where('account.clientId', '=', clientId).executeTakeFirst()
  return row && toPerson(row)
}

export interface AccountChange {
  name?: string | undefined
  title?: string | undefined
  picture?: PictureId | null | undefined
  isAdministrator?: boolean | undefined
  status?: Person['status'] | undefined
  joinedAt?: Date | undefined
}

export async function changeAccount(tx: Tx, before: Person, { picture, ...change }: AccountChange): Promise<Person> {
  const given = Object.fromEntries(Object.entries({ ...change, pictureId: picture }).filter(([, value]) => value !== undefined))
  // Guests are in no list and no search.
  const named =
    change.name === undefined || before.kind === 'guest'
      ? {}
      : { sortKey: fold(change.name), words: searchableWords(change.name, await addressesOf(tx, before.id)) }
  if (Object.keys(given).length > 0)
    await open(tx)
      .updateTable('account')
      .set({ ...given, ...named })
      .where('id', '=', before.id)
      .execute()
  return (await findPerson(tx, before.id))!
}

/** All of somebody's, the primary first. */
export async function addressesOf(db: Db | Tx, id: string): Promise<string[]> {
  const rows = await open(db)
    .selectFrom('address')
    .select('address')
    .where('ownerId', '=', id)
    .orderBy('isPrimary', 'desc')
    .orderBy('address')
    .execute()
  return rows.map(({ address }) => address)
}

/** What stays of a deleted account is a row without a name, so that what was said has an author still. */
export async function closeAccount(tx: Tx, id: AccountId): Promise<Person> {
  await open(tx).deleteFrom('address').where('ownerId', '=', id).execute()
  await open(tx)
    .updateTable('account')
    .set({
      ...{ name: '', title: '', pictureId: null, status: 'deleted', isAdministrator: false, sortKey: '', words: '' },
      ...{
        given: '',
        initials: '',
        surname: '',
        notes: '',
        profile: {},
        ownValues: {},
        recoveryAddress: null,
        externalId: null,
        deletedAt: null,
      },
    })
    .where('id', '=', id)
    .execute()
  return (await findPerson(tx, id))!
}

export async function findOrganisation(db: Db | Tx): Promise<Organisation | undefined> {
  return open(db).selectFrom('organisation').select(['name', 'domain']).executeTakeFirst()
}

/** False when there is one already: of two set-ups at once, one is refused. */
export async function addOrganisation(tx: Tx, organisation: Organisation & { at: Date }): Promise<boolean> {
  const { at, ...rest } = organisation
  const { numInsertedOrUpdatedRows } = await open(tx)
    .insertInto('organisation')
    .values({ ...rest, isOnly: true, setUpAt: at })
    .onConflict((taken) => taken.column('isOnly').doNothing())
    .executeTakeFirst()
  return Boolean(numInsertedOrUpdatedRows)
}

export async function findDates(db: Db, id: AccountId): Promise<{ createdAt: Date; joinedAt: Date | null } | undefined> {
  return open(db).selectFrom('account').select(['createdAt', 'joinedAt']).where('id', '=', id).executeTakeFirst()
}

/** The administrators there are, the oldest account first. */
export async function listAdministrators(db: Db | Tx): Promise<Person[]> {
  const rows = await people(db)
    .where('isAdministrator', '=', true)
    .where('account.status', '<>', 'deleted')
    .orderBy('account.createdAt')
    .orderBy('account.id')
    .execute()
  return rows.map(toPerson)
}
