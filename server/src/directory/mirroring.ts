import { sql } from 'kysely'
import type { Announce, Reading, Tx } from '@atrium/platform'
import type { AccountId, DomainId, Person, Profile } from '@atrium/protocol'
import { tell, tellCard } from './accounts.ts'
import { isShut, leavesNobody } from './rules.ts'
import { changeAccount, countOtherAdministrators, findPerson, holdAccount, holdOrganisation, peopleOf, uuids } from './store.ts'
import { open } from './tables.ts'
import { fold, searchableWords } from './words.ts'

/** Somebody as another directory has them. */
export interface Mirrored {
  id: AccountId
  externalId: string | null
  /** Null: it has none here, and keeps the one it had. */
  address: string | null
  name: string
  given: string
  initials: string
  surname: string
  title: string
  profile: Partial<Profile>
  /** With which it begins. */
  status: Person['status']
}
/** Whose an address is. */
export interface Owner {
  address: string
  ownerId: string
  ownerKind: 'account' | 'list' | 'resource'
  isPrimary: boolean
}
interface Deps {
  /** Ends all sessions and links: whoever calls it announces why. */
  endSessions: (tx: Tx, announce: Announce, accountId: AccountId) => Promise<void>
}

/** Of more cards that changed at once, pages ask when they show one. */
const mostCards = 200
const texts = (values: readonly string[]) => sql`any(${values}::citext[])`
const fields = sql`id uuid, external_id text, address citext, name text, given text, initials text, surname text, title text, profile jsonb, status text, sort_key text, words text`
const given = (people: readonly (Mirrored & { words: string })[]) =>
  sql`jsonb_to_recordset(${JSON.stringify(
    people.map(({ externalId, ...one }) => ({ ...one, external_id: externalId, sort_key: fold(one.name) })),
  )}::jsonb) as given(${fields})`

/** A new primary address. One that is an alias of theirs changes places with it; one that is somebody else's is not taken. */
async function rename(tx: Tx, id: AccountId, address: string): Promise<boolean> {
  const { rows } = await sql<{ ownerId: string }>`select owner_id from address where address = ${address}::citext`.execute(open(tx))
  if (rows[0] && rows[0].ownerId !== id) return false
  await sql`delete from address where owner_id = ${id} and is_primary`.execute(open(tx))
  await sql`
    insert into address (address, owner_kind, owner_id, is_primary) values (${address}, 'account', ${id}, true)
    on conflict (address) do update set is_primary = true where address.owner_id = ${id}`.execute(open(tx))
  return true
}

/** What another directory does here: many accounts in one statement, for there may be fifty thousand. */
export function mirroring({ endSessions }: Deps) {
  return {
    async ownersOf(at: Reading<any> | Tx, addresses: readonly string[]): Promise<Owner[]> {
      const { rows } = await sql<Owner>`
        select address::text as address, owner_id, owner_kind, is_primary from address where address = ${texts(addresses)}`.execute(
        open(at),
      )
      return rows
    },

    /** As it is here. */
    read: (at: Reading<any> | Tx, id: AccountId): Promise<Omit<Mirrored, 'id' | 'externalId' | 'address'> | undefined> =>
      open(at)
        .selectFrom('account')
        .select(['name', 'given', 'initials', 'surname', 'title', 'profile', 'status'])
        .where('id', '=', id)
        .executeTakeFirst(),

    /** Those of these accounts that are kept here, in this domain. `others`: but for administrators of the hub. */
    async unmirroredIn(tx: Reading<any> | Tx, domainId: DomainId, ids: readonly string[], which: 'all' | 'others'): Promise<Set<string>> {
      const { rows } = await sql<{ id: string }>`
        select id from account
        where id = ${uuids(ids)} and domain_id = ${domainId} and kind = 'person' and source = 'here' and status <> 'deleted'
          and (${which === 'all'} or not is_administrator)`.execute(open(tx))
      return new Set(rows.map(({ id }) => id))
    },

    /** How many accounts a domain may still get. Held until the unit ends, so that two who add do not both have the last one. */
    async roomFor(tx: Tx, domainId: DomainId): Promise<number> {
      await sql`select from domain where id = ${domainId} for update`.execute(open(tx))
      // Counted when it is held: one statement for both would count what was there before it waited.
      const { rows } = await sql<{ left: number | null }>`
        select (max_accounts - (select count(*) from account where domain_id = domain.id and kind <> 'guest' and status <> 'deleted'))::int as left
        from domain where id = ${domainId}`.execute(open(tx))
      return rows[0]?.left ?? Number.POSITIVE_INFINITY
    },

    /** Which of them are here now: an address that is somebody's already keeps its person out. */
    async add(
      tx: Tx,
      domainId: DomainId,
      people: readonly (Mirrored & { address: string })[],
      at: Date,
      source: 'here' | 'ldap' = 'ldap',
    ): Promise<Set<string>> {
      if (people.length === 0) return new Set()
      const rows = given(people.map((one) => ({ ...one, words: searchableWords(one.name, [one.address]) })))
      const { rows: added } = await sql<{ id: string }>`
        with given as (select * from ${rows}),
        took as (
          insert into address (address, owner_kind, owner_id, is_primary) select address, 'account', id, true from given
          on conflict (address) do nothing returning owner_id)
        insert into account (id, kind, name, title, status, is_administrator, joined_at, created_at, sort_key, words,
          domain_id, given, initials, surname, profile, source, external_id)
        select id, 'person', name, title, status, false, ${at}, ${at}, sort_key, words,
          ${domainId}::uuid, given, initials, surname, profile, ${source}::text, external_id
        from given where id in (select owner_id from took) returning id`.execute(open(tx))
      return new Set(added.map(({ id }) => id))
    },

    /** What the other directory says of them holds from now on; fields of the profile that it does not keep stay. */
    async change(tx: Tx, announce: Announce, people: readonly Mirrored[]): Promise<void> {
      if (people.length === 0) return
      const ids = people.map(({ id }) => id)
      const before = new Map((await peopleOf(tx, ids)).map((person) => [person.id, person]))
      for (const { id, address } of people) if (address !== null && before.get(id)?.address !== address) await rename(tx, id, address)
      const { rows: named } = await sql<{ ownerId: string; address: string }>`
        select owner_id, address::text as address from address where owner_id = ${uuids(ids)} order by is_primary desc`.execute(open(tx))
      const addressesOf = Map.groupBy(named, ({ ownerId }) => ownerId)
      const words = (one: Mirrored) =>
        searchableWords(
          one.name,
          (addressesOf.get(one.id) ?? []).map(({ address }) => address),
        )
      await sql`
        update account set name = given.name, title = given.title, given = given.given, initials = given.initials, surname = given.surname,
          profile = account.profile || given.profile, sort_key = given.sort_key, words = given.words,
          source = 'ldap', external_id = given.external_id, joined_at = coalesce(account.joined_at, account.created_at),
          status = case when account.status = 'invited' then 'active' else account.status end
        from ${given(people.map((one) => ({ ...one, words: words(one) })))} where account.id = given.id and account.status <> 'deleted'`.execute(
        open(tx),
      )
      for (const person of await peopleOf(tx, ids)) if (isNews(before.get(person.id), person)) tell(announce, person)
      if (ids.length <= mostCards) for (const id of ids) tellCard(announce, id)
    },

    /** New people are told where they are few: nobody has fifty thousand of them on a screen. */
    async greet(tx: Tx, announce: Announce, ids: readonly string[]): Promise<void> {
      for (const person of await peopleOf(tx, ids)) tell(announce, person)
    },

    /**
     * Opens or shuts an account because of what its entry says. False: it is not ours to change (an administrator here decided
     * otherwise, it is deleted), or it would leave the hub without anybody to administer it.
     */
    async setStatus(tx: Tx, announce: Announce, id: AccountId, from: readonly Person['status'][], to: Person['status']): Promise<boolean> {
      if (isShut(to)) await holdOrganisation(tx)
      const standing = await holdAccount(tx, id)
      const before = await findPerson(tx, id)
      if (!standing || !before || !from.includes(standing.ownStatus)) return false
      if (isShut(to) && leavesNobody(standing, { status: 'locked' }, await countOtherAdministrators(tx, id))) return false
      const person = await changeAccount(tx, before, { status: to })
      if (isShut(person.status)) {
        await endSessions(tx, announce, id)
        announce('revocations:all', 'directory.right.revoked', { kind: 'account', accountId: id, reason: 'locked' })
      }
      if (isNews(before, person)) tell(announce, person)
      return true
    },

    /** They are kept here from now on, as they are. */
    async release(tx: Tx, ids: readonly string[]): Promise<void> {
      await open(tx).updateTable('account').set({ source: 'here', externalId: null }).where('id', '=', uuids(ids)).execute()
    },
  }
}
export type Mirroring = ReturnType<typeof mirroring>

const isNews = (before: Person | undefined, after: Person) =>
  before?.name !== after.name || before.address !== after.address || before.title !== after.title || before.status !== after.status
