import { sql, type Kysely } from 'kysely'
import type { Tx } from '@atrium/platform'
import type { AccountId, DomainId, SessionId } from '@atrium/protocol'
import { shutSince } from '../directory/index.ts'

const open = (tx: Tx) => tx as unknown as Kysely<any>

/** AUTH-15: fifty thousand are out by one row. Theirs are ended by a job. */
const isHere = sql<boolean>`not ${shutSince(sql`session.account_id`, sql`session.opened_at`)}`
/** AUTH-13: who looks through somebody's eyes is out with their own session, from which they do it. */
export const stands = sql<boolean>`(${isHere} and (session.opened_from is null or exists (
  select from session as own where own.id = session.opened_from and own.ended_at is null
    and not ${shutSince(sql`own.account_id`, sql`own.opened_at`)})))`
export const isGood = sql<boolean>`(link.used_at is not null or not ${shutSince(sql`link.account_id`, sql`link.made_at`)})`

/** Of everybody who looks through another's eyes now. */
export async function listLooking(tx: Tx, now: Date): Promise<{ id: SessionId; accountId: AccountId; openedBy: AccountId }[]> {
  const { rows } = await sql<{ id: SessionId; accountId: AccountId; openedBy: AccountId }>`
    select id, account_id, opened_by from session where opened_by is not null and ended_at is null and expires_at > ${now}`.execute(
    open(tx),
  )
  return rows
}

/** AUTH-13: whoever looked from one of these is out with it. */
export async function endOpenedFrom(tx: Tx, ids: readonly SessionId[], at: Date): Promise<{ id: SessionId; accountId: AccountId }[]> {
  const { rows } = await sql<{ id: SessionId; accountId: AccountId }>`
    update session set ended_at = ${at} where opened_from = any(${ids}::uuid[]) and ended_at is null returning id, account_id`.execute(
    open(tx),
  )
  return rows
}
/** The same of those whose domain was shut. */
export async function endOpenedByShut(tx: Tx, at: Date): Promise<{ id: SessionId; accountId: AccountId }[]> {
  const { rows } = await sql<{ id: SessionId; accountId: AccountId }>`
    update session set ended_at = ${at} where opened_from is not null and ended_at is null and not ${stands} returning id, account_id`.execute(
    open(tx),
  )
  return rows
}

/** Of the next people of a domain, by their ids: what is over since it was shut. Answers the last of them; undefined: that was all. */
export async function endShut(
  tx: Tx,
  { domainId, after, at, most }: { domainId: DomainId; after: string; at: Date; most: number },
): Promise<AccountId | undefined> {
  const { rows } = await sql<{ id: AccountId }>`
    with those as materialized (
      select account.id, domain.shut_at from account join domain on domain.id = account.domain_id
      where account.domain_id = ${domainId} and account.id > ${after}::uuid and account.kind <> 'guest' order by account.id limit ${most}),
    ended as (update session set ended_at = ${at} from those
      where session.account_id = those.id and session.ended_at is null and session.opened_at <= those.shut_at),
    gone as (delete from link using those
      where link.account_id = those.id and link.used_at is null and link.made_at <= those.shut_at)
    select id from those order by id desc limit 1`.execute(open(tx))
  return rows[0]?.id
}

/** Before an account leaves its domain: what is over there is over for good, and what is not goes along, wherever that was shut before. */
export async function carryOver(tx: Tx, accountId: AccountId, at: Date): Promise<void> {
  await sql`update session set ended_at = ${at} where account_id = ${accountId} and ended_at is null and not ${stands}`.execute(open(tx))
  await sql`delete from link where account_id = ${accountId} and not ${isGood}`.execute(open(tx))
  await sql`update session set opened_at = clock_timestamp() where account_id = ${accountId} and ended_at is null`.execute(open(tx))
  await sql`update link set made_at = clock_timestamp() where account_id = ${accountId} and used_at is null`.execute(open(tx))
}
