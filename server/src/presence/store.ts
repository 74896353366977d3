import { sql, type Kysely } from 'kysely'
import type { Reading, Tx } from '@atrium/platform'
import type { AccountId, PresenceChoice } from '@atrium/protocol'
import { livesMs, type Screens } from './rules.ts'

export interface PresenceTables {
  /** Unlogged: what processes say of the screens connected to them. */
  presenceScreen: { accountId: AccountId; process: string; isActive: boolean; until: Date }
  presenceChoice: { accountId: AccountId; choice: PresenceChoice }
}
type Db = Reading<PresenceTables> | Kysely<PresenceTables>

export interface Seen extends Screens {
  accountId: AccountId
  choice: PresenceChoice
}

const until = sql`now() + make_interval(secs => ${livesMs / 1_000})`

export async function findSeen(db: Db, accountIds: readonly AccountId[]): Promise<Seen[]> {
  const { rows } = await sql<Seen>`
    select asked.account_id,
      count(screen.process) > 0 as is_open,
      coalesce(bool_or(screen.is_active), false) as is_active,
      coalesce(min(chosen.choice), 'auto') as choice
    from unnest(${accountIds}::uuid[]) as asked (account_id)
    left join presence_screen as screen on screen.account_id = asked.account_id and screen.until > now()
    left join presence_choice as chosen on chosen.account_id = asked.account_id
    group by asked.account_id`.execute(db as Kysely<PresenceTables>)
  return rows
}

/** Of these, those with a page open on some process, whatever they chose to show. */
export async function haveScreens(db: Db, accountIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ accountId: string }>`
    select distinct account_id from presence_screen where account_id = any(${accountIds}::uuid[]) and until > now()`.execute(
    db as Kysely<PresenceTables>,
  )
  return new Set(rows.map(({ accountId }) => accountId))
}

export async function findChoice(db: Db, accountId: AccountId): Promise<PresenceChoice> {
  const row = await (db as Kysely<PresenceTables>)
    .selectFrom('presenceChoice')
    .select('choice')
    .where('accountId', '=', accountId)
    .executeTakeFirst()
  return row?.choice ?? 'auto'
}

export async function saveChoice(tx: Tx<PresenceTables>, accountId: AccountId, choice: PresenceChoice): Promise<void> {
  await tx
    .insertInto('presenceChoice')
    .values({ accountId, choice })
    .onConflict((already) => already.column('accountId').doUpdateSet({ choice }))
    .execute()
}

/** Sorted by account, so that two processes never wait for each other. */
export async function saveScreens(
  tx: Tx<PresenceTables>,
  process: string,
  open: readonly { accountId: AccountId; isActive: boolean }[],
  closed: readonly AccountId[],
): Promise<void> {
  if (open.length > 0)
    await sql`
      insert into presence_screen (account_id, process, is_active, until)
      select account_id, ${process}, is_active, ${until}
      from unnest(${open.map(({ accountId }) => accountId)}::uuid[], ${open.map(({ isActive }) => isActive)}::bool[])
        as open (account_id, is_active) order by account_id
      on conflict (account_id, process) do update set is_active = excluded.is_active, until = excluded.until`.execute(tx)
  if (closed.length > 0)
    await sql`delete from presence_screen where process = ${process} and account_id = any(${closed}::uuid[])`.execute(tx)
}

/** Resolves to how many rows this process has: fewer than it has screens after a crash of the database, which forgets them. */
export async function renewScreens(tx: Tx<PresenceTables>, process: string): Promise<number> {
  const { numAffectedRows } = await sql`update presence_screen set until = ${until} where process = ${process}`.execute(tx)
  return Number(numAffectedRows ?? 0)
}

/** Whose screens belonged to processes that died. */
export async function forgetExpired(tx: Tx<PresenceTables>): Promise<AccountId[]> {
  const { rows } = await sql<{ accountId: AccountId }>`delete from presence_screen where until < now() returning account_id`.execute(tx)
  return rows.map(({ accountId }) => accountId)
}

export async function forgetProcess(tx: Tx<PresenceTables>, process: string): Promise<void> {
  await sql`delete from presence_screen where process = ${process}`.execute(tx)
}
