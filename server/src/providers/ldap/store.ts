import { sql, type QueryExecutorProvider } from 'kysely'
import { statement } from '@atrium/platform'
import type { ProviderId } from '@atrium/protocol'
import { open, type Db, type MirroredRow, type ProviderRow, type Tx } from '../store.ts'

export type Known = Pick<MirroredRow, 'externalId' | 'ownerId' | 'version' | 'hash' | 'held' | 'isGone'>
type Kind = MirroredRow['kind']

export async function knownOf(db: Db, providerId: ProviderId, kind: Kind, externalIds: readonly string[]): Promise<Map<string, Known>> {
  const { rows } = await sql<Known>`
    select external_id, owner_id, version, hash, held, is_gone from mirrored
    where provider_id = ${providerId} and kind = ${kind} and external_id = any(${externalIds}::text[])`.execute(open(db))
  return new Map(rows.map((row) => [row.externalId, row]))
}

type Standing = Pick<MirroredRow, 'version' | 'dn' | 'hash' | 'isGone' | 'goneAt'>
/** All that is here of it, or these: to compare with what the server lists. */
export async function standing(db: Db, providerId: ProviderId, kind: Kind, ids?: readonly string[]): Promise<Map<string, Standing>> {
  const { rows } = await sql<Standing & { externalId: string }>`
    select external_id, version, dn, hash, is_gone, gone_at from mirrored where provider_id = ${providerId} and kind = ${kind} and (${ids ?? null}::text[] is null or external_id = any(${ids ?? null}::text[]))`.execute(
    open(db),
  )
  return new Map(rows.map(({ externalId, ...row }) => [externalId, row]))
}

/** How many were found gone since then. */
export async function countGone(db: Db, providerId: ProviderId, kind: Kind, since: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from mirrored where provider_id = ${providerId} and kind = ${kind} and gone_at > ${since}`.execute(
    open(db),
  )
  return rows[0]!.count
}

/** As the server has them now, by what they are known for good. */
export async function saveMirrored(tx: Tx, rows: readonly MirroredRow[]): Promise<void> {
  if (rows.length === 0) return
  const given = rows.map((row) => ({
    ...{ provider_id: row.providerId, kind: row.kind, external_id: row.externalId, owner_id: row.ownerId },
    ...{ dn: row.dn, version: row.version, hash: row.hash, held: row.held, is_gone: row.isGone, gone_at: row.goneAt },
  }))
  await sql`
    insert into mirrored (provider_id, kind, external_id, owner_id, dn, version, hash, held, is_gone, gone_at)
    select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb)
      as given(provider_id uuid, kind text, external_id text, owner_id uuid, dn text, version text, hash text, held text, is_gone boolean, gone_at timestamptz)
    on conflict (provider_id, kind, external_id) do update set owner_id = excluded.owner_id, dn = excluded.dn, version = excluded.version,
      hash = excluded.hash, held = excluded.held, is_gone = excluded.is_gone, gone_at = excluded.gone_at`.execute(open(tx))
}

/** Who of a provider an account or a list is, if it is mirrored at all. */
export async function mirroredAs(db: Db, kind: Kind, ownerId: string): Promise<MirroredRow | undefined> {
  return open(db)
    .selectFrom('mirrored')
    .select(['providerId', 'kind', 'externalId', 'ownerId', 'dn', 'version', 'hash', 'held', 'isGone', 'goneAt'])
    .where('ownerId', '=', ownerId)
    .where('kind', '=', kind)
    .executeTakeFirst()
}

export interface Keeper {
  row: ProviderRow | undefined
  mirrored: { externalId: string } | undefined
}
const keeping = statement<{ address: string }, Partial<ProviderRow> & { externalId: string | null }>(
  ({ address }) => sql`
    select provider.id, provider.domain_id, provider.kind, provider.is_on, provider.settings, provider.sealed_secret,
      provider.may_go_inside, provider.client_id, provider.created_at, theirs.external_id
    from (select ${address}::text as address) as asked
    left join address as given on given.address = asked.address and given.owner_kind = 'account'
    left join account on account.id = given.owner_id
    left join domain as named on account.id is null and named.name::text = split_part(asked.address, '@', 2)
    left join provider on provider.domain_id = coalesce(account.domain_id, named.id) and provider.kind = 'ldap' and provider.is_on
    left join mirrored as theirs on theirs.owner_id = account.id and theirs.kind = 'account'`,
)
/**
 * The LDAP server that is on in the domain of who has this address, and as whom it has them. Of nobody's address: the one that is on
 * in the domain that it names. One statement, for either.
 */
export async function findKeeper(db: QueryExecutorProvider, address: string): Promise<Keeper> {
  const [found] = await keeping(db, { address })
  if (!found) return { row: undefined, mirrored: undefined }
  const { externalId, ...row } = found
  return { row: row.id ? (row as ProviderRow) : undefined, mirrored: externalId === null ? undefined : { externalId } }
}

/** As what the server knows them, for each of these who is mirrored and there. */
export async function mirroredAmong(
  db: Db,
  providerId: ProviderId,
  ownerIds: readonly string[],
): Promise<Map<string, Pick<MirroredRow, 'kind' | 'externalId'>>> {
  const { rows } = await sql<Pick<MirroredRow, 'kind' | 'externalId' | 'ownerId'>>`
    select owner_id, kind, external_id from mirrored
    where provider_id = ${providerId} and owner_id = any(${ownerIds}::uuid[]) and not is_gone`.execute(open(db))
  return new Map(rows.map(({ ownerId, ...row }) => [ownerId, row]))
}

export async function ownersOfDns(
  db: Db,
  providerId: ProviderId,
  dns: readonly string[],
): Promise<Map<string, { kind: Kind; ownerId: string }>> {
  const { rows } = await sql<{ dn: string; kind: Kind; ownerId: string }>`
    select lower(dn) as dn, kind, owner_id from mirrored
    where provider_id = ${providerId} and lower(dn) = any(${dns}::text[]) and not is_gone`.execute(open(db))
  return new Map(rows.map(({ dn, ...row }) => [dn, row]))
}

/** By what somebody or a list is called in a sentence. */
export async function addressOf(db: Db, ownerId: string): Promise<string> {
  const { rows } = await sql<{ address: string }>`
    select address::text as address from address where owner_id = ${ownerId} and is_primary`.execute(open(db))
  return rows[0]?.address ?? ''
}

export async function mirroredOwners(db: Db, providerId: ProviderId, kind: Kind): Promise<string[]> {
  const { rows } = await sql<{ ownerId: string }>`
    select owner_id from mirrored where provider_id = ${providerId} and kind = ${kind}`.execute(open(db))
  return rows.map(({ ownerId }) => ownerId)
}

/** Whose these addresses are among those who are mirrored. */
export async function ownersOfAddresses(
  db: Db,
  providerId: ProviderId,
  addresses: readonly string[],
): Promise<Map<string, { kind: Kind; ownerId: string }>> {
  const { rows } = await sql<{ address: string; kind: Kind; ownerId: string }>`
    select address.address::text as address, kind, mirrored.owner_id from address join mirrored on mirrored.owner_id = address.owner_id
    where provider_id = ${providerId} and address.address = any(${addresses}::citext[]) and not is_gone`.execute(open(db))
  return new Map(rows.map(({ address, ...row }) => [address.toLowerCase(), row]))
}

export async function dropMirrored(tx: Tx, providerId: ProviderId, kind: Kind, externalId: string): Promise<void> {
  await open(tx)
    .deleteFrom('mirrored')
    .where('providerId', '=', providerId)
    .where('kind', '=', kind)
    .where('externalId', '=', externalId)
    .execute()
}

export async function setMirrored(
  tx: Tx,
  { providerId, kind, externalId }: Pick<MirroredRow, 'providerId' | 'kind' | 'externalId'>,
  change: Partial<Pick<MirroredRow, 'hash' | 'held' | 'version' | 'isGone' | 'goneAt'>>,
): Promise<void> {
  await open(tx)
    .updateTable('mirrored')
    .set(change)
    .where('providerId', '=', providerId)
    .where('kind', '=', kind)
    .where('externalId', '=', externalId)
    .execute()
}
