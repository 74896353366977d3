import { sql, type Kysely } from 'kysely'
import type { Reading, Tx } from '@atrium/platform'
import type { AccountId, Language, Organisation, Person, PictureId } from '@atrium/protocol'
import type { Standing } from './rules.ts'
import { fold, patternsOf, searchableWords } from './words.ts'

export interface DirectoryTables {
  organisation: { isOnly: boolean; name: string; domain: string; setUpAt: Date }
  account: {
    id: AccountId
    kind: Person['kind']
    name: string
    title: string
    pictureId: PictureId | null
    language: Language | null
    status: Person['status']
    isAdministrator: boolean
    /** When a password was first chosen. */
    joinedAt: Date | null
    createdAt: Date
    /** Who added it, by which command: the row is the receipt. */
    addedBy: AccountId | null
    clientId: string | null
    sortKey: string
    words: string
  }
  address: { address: string; ownerKind: 'account'; ownerId: AccountId; isPrimary: boolean }
}
type Db = Reading<DirectoryTables>
const open = (db: Db | Tx) => db as unknown as Kysely<DirectoryTables>

type PersonRow = Person & { sortKey: string }
const toPerson = ({ id, kind, name, address, title, picture, status, isAdministrator }: PersonRow): Person => ({
  id,
  kind,
  name,
  address,
  title,
  picture,
  status,
  isAdministrator,
})

const people = (db: Db | Tx) =>
  open(db)
    .selectFrom('account')
    .leftJoin('address', (join) => join.onRef('address.ownerId', '=', 'account.id').on('address.isPrimary', '=', true))
    .select(['id', 'kind', 'name', 'address.address', 'title', 'pictureId as picture', 'status', 'isAdministrator', 'sortKey'])

const uuids = (ids: readonly string[]) => sql<AccountId>`any(${ids}::uuid[])`

/** Those of them who exist, in no particular order. */
export async function peopleOf(db: Db | Tx, ids: readonly string[]): Promise<Person[]> {
  if (ids.length === 0) return []
  const rows = await people(db).where('id', '=', uuids(ids)).execute()
  return rows.map(toPerson)
}

export async function findPerson(db: Db | Tx, id: string): Promise<Person | undefined> {
  return (await peopleOf(db, [id]))[0]
}

export async function findByAddress(db: Db | Tx, address: string): Promise<Person | undefined> {
  const row = await people(db).where('address.address', '=', address).executeTakeFirst()
  return row && toPerson(row)
}

/** Who can be written to: active, or invited and soon here. Nobody writes to a guest, or meets one elsewhere. */
export async function activeAccounts(db: Db | Tx, ids: readonly string[]): Promise<AccountId[]> {
  const rows = await open(db)
    .selectFrom('account')
    .select('id')
    .where('id', '=', uuids(ids))
    .where('kind', '<>', 'guest')
    .where('status', 'in', ['active', 'invited'])
    .execute()
  return rows.map(({ id }) => id)
}

export async function listPeople(
  db: Db,
  {
    search,
    after,
    limit,
    include,
  }: { search?: string | undefined; after?: string | undefined; limit: number; include: 'active' | 'everyone' },
): Promise<Person[]> {
  let page = people(db).where('kind', '=', 'person').where('status', '<>', 'deleted').orderBy('sortKey').orderBy('id').limit(limit)
  if (include === 'active') page = page.where('status', '<>', 'locked')
  for (const pattern of patternsOf(search ?? '')) page = page.where('words', 'like', pattern)
  if (after !== undefined)
    page = page.where(sql<boolean>`(sort_key, id) > (select last.sort_key, last.id from account as last where last.id = ${after})`)
  return (await page.execute()).map(toPerson)
}

export async function findStanding(db: Db | Tx, id: string): Promise<Standing | undefined> {
  const row = await open(db)
    .selectFrom('account')
    .select(['id', 'status', 'isAdministrator', 'joinedAt'])
    .where('id', '=', id as AccountId)
    .executeTakeFirst()
  return row && toStanding(row)
}

/** Locks the account: a sign-in and a lock at the same moment are decided one after the other. */
export async function holdAccount(tx: Tx, id: string): Promise<Standing | undefined> {
  const row = await open(tx)
    .selectFrom('account')
    .select(['id', 'status', 'isAdministrator', 'joinedAt'])
    .where('id', '=', id as AccountId)
    .forUpdate()
    .executeTakeFirst()
  return row && toStanding(row)
}
const toStanding = ({
  joinedAt,
  ...row
}: Pick<DirectoryTables['account'], 'id' | 'status' | 'isAdministrator' | 'joinedAt'>): Standing => ({
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
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('isAdministrator', '=', true)
    .where('status', '=', 'active')
    .where('id', '<>', id as AccountId)
    .executeTakeFirstOrThrow()
  return count
}

export interface NewAccount {
  id: AccountId
  name: string
  address: string
  title: string
  isAdministrator: boolean
  status: 'active' | 'invited'
  language: Language | null
  at: Date
  added?: { by: AccountId; clientId: string }
}

/** False when the address is somebody's already. */
export async function addAccount(tx: Tx, { id, name, address, at, added, status, ...rest }: NewAccount): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await open(tx)
    .insertInto('address')
    .values({ address, ownerKind: 'account', ownerId: id, isPrimary: true })
    .onConflict((taken) => taken.column('address').doNothing())
    .executeTakeFirst()
  if (!numInsertedOrUpdatedRows) return false
  await open(tx)
    .insertInto('account')
    .values({
      ...rest,
      id,
      name,
      status,
      kind: 'person',
      pictureId: null,
      joinedAt: status === 'active' ? at : null,
      createdAt: at,
      addedBy: added?.by ?? null,
      clientId: added?.clientId ?? null,
      sortKey: fold(name),
      words: searchableWords(name, address),
    })
    .execute()
  return true
}

/** A guest has a name and nothing else: no address, no password, no place in lists and searches. */
export async function addGuest(tx: Tx, { id, name, at }: { id: AccountId; name: string; at: Date }): Promise<void> {
  await open(tx)
    .insertInto('account')
    .values({
      ...{ id, kind: 'guest', name, title: '', pictureId: null, language: null, status: 'active', isAdministrator: false },
      ...{ joinedAt: at, createdAt: at, addedBy: null, clientId: null, sortKey: '', words: '' },
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
  const row = await people(tx).where('addedBy', '=', by).where('clientId', '=', clientId).executeTakeFirst()
  return row && toPerson(row)
}

export interface AccountChange {
  name?: string | undefined
  title?: string | undefined
  picture?: PictureId | null | undefined
  language?: Language | undefined
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
      : { sortKey: fold(change.name), words: searchableWords(change.name, before.address) }
  if (Object.keys(given).length > 0)
    await open(tx)
      .updateTable('account')
      .set({ ...given, ...named })
      .where('id', '=', before.id)
      .execute()
  return (await findPerson(tx, before.id))!
}

/** What stays of a deleted account is a row without a name, so that what was said has an author still. */
export async function closeAccount(tx: Tx, id: AccountId): Promise<Person> {
  await open(tx).deleteFrom('address').where('ownerId', '=', id).execute()
  await open(tx)
    .updateTable('account')
    .set({ name: '', title: '', pictureId: null, language: null, status: 'deleted', isAdministrator: false, sortKey: '', words: '' })
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

export async function findLanguage(db: Db | Tx, id: AccountId): Promise<Language | null> {
  const row = await open(db).selectFrom('account').select('language').where('id', '=', id).executeTakeFirst()
  return row?.language ?? null
}

export async function findDates(db: Db, id: AccountId): Promise<{ createdAt: Date; joinedAt: Date | null } | undefined> {
  return open(db).selectFrom('account').select(['createdAt', 'joinedAt']).where('id', '=', id).executeTakeFirst()
}

/** The administrators there are, the oldest account first. */
export async function listAdministrators(db: Db | Tx): Promise<Person[]> {
  const rows = await people(db)
    .where('isAdministrator', '=', true)
    .where('status', '<>', 'deleted')
    .orderBy('createdAt')
    .orderBy('id')
    .execute()
  return rows.map(toPerson)
}
