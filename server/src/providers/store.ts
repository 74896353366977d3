import { sql, type Generated, type Kysely } from 'kysely'
import type { Reading, Tx as UnderWay } from '@atrium/platform'
import type { AccountId, DomainId, Provider, ProviderId, ProviderSettings, SessionId, SignInTrouble } from '@atrium/protocol'

export interface ProviderRow {
  id: ProviderId
  domainId: DomainId
  kind: ProviderSettings['kind']
  isOn: boolean
  /** Without the secret. */
  settings: ProviderSettings
  sealedSecret: Buffer | null
  /** An administrator of the whole hub set it: it may lead to addresses that are not public. */
  mayGoInside: boolean
  /** Which command wrote it last. */
  clientId: string
  createdAt: Date
}
export interface MirrorRow {
  providerId: ProviderId
  state: NonNullable<Provider['mirror']>['state']
  at: Date | null
  /** What the server said of itself when all was read that had changed. */
  seen: string | null
  /** What it had said of itself when we last knew of all that was deleted. */
  settled: string | null
  /** When all ids were last compared. */
  listedAt: Date | null
  vanished: number
  vanishedLists: number
  /** An administrator's answer, for the next look: so many accounts, and so many lists, really left. */
  acceptedAccounts: number | null
  acceptedLists: number | null
  problem: NonNullable<Provider['mirror']>['problem']
}
export interface MirroredRow {
  providerId: ProviderId
  kind: 'account' | 'list'
  externalId: string
  ownerId: string
  dn: string
  version: string
  hash: string
  held: string | null
  isGone: boolean
  /** When it was found gone, unless an administrator said that it is. */
  goneAt: Date | null
}
export interface ProviderTables {
  provider: ProviderRow
  providerKey: { providerId: ProviderId; sealedKey: Buffer; certificate: string }
  providerTrouble: { providerId: ProviderId; about: 'metadata' | 'signIn'; what: SignInTrouble; at: Date }
  mirror: MirrorRow
  mirrored: MirroredRow
  identity: { providerId: ProviderId; subject: string; accountId: AccountId; linkedAt: Date; usedAt: Date | null }
  providerVisit: {
    id: Buffer
    providerId: ProviderId
    browser: Buffer | null
    kept: unknown
    arrived: Generated<unknown>
    expiresAt: Date
  }
  providerSpent: { providerId: ProviderId; id: string; until: Date }
  providerSession: {
    sessionId: SessionId
    providerId: ProviderId
    accountId: AccountId
    subject: string
    index: string | null
    kept: unknown
    beganAt: Date
  }
}
export type Db = Reading<ProviderTables> | UnderWay
export type Tx = UnderWay
export const open = (db: Db) => db as unknown as Kysely<ProviderTables>

const columns = ['id', 'domainId', 'kind', 'isOn', 'settings', 'sealedSecret', 'mayGoInside', 'clientId', 'createdAt'] as const

export const listProviders = (db: Db, domainId: DomainId): Promise<ProviderRow[]> =>
  open(db).selectFrom('provider').select(columns).where('domainId', '=', domainId).orderBy('createdAt').orderBy('id').execute()

export const findProvider = (db: Db, id: string): Promise<ProviderRow | undefined> =>
  open(db)
    .selectFrom('provider')
    .select(columns)
    .where('id', '=', id as ProviderId)
    .executeTakeFirst()

export const findAdded = (db: Db, domainId: DomainId, clientId: string): Promise<ProviderRow | undefined> =>
  open(db).selectFrom('provider').select(columns).where('domainId', '=', domainId).where('clientId', '=', clientId).executeTakeFirst()

/** Those that say of themselves where to go, in whatever domain. */
export const listOpenId = (db: Db): Promise<ProviderRow[]> =>
  open(db).selectFrom('provider').select(columns).where('kind', '=', 'oidc').where('isOn', '=', true).orderBy('id').execute()

/** Those that are followed, in whatever domain. */
export const listMirroring = (db: Db): Promise<ProviderRow[]> =>
  open(db)
    .selectFrom('provider')
    .select(columns)
    .where('kind', '=', 'ldap')
    .where('isOn', '=', true)
    .where(sql<boolean>`(settings->>'mirrors')::boolean`)
    .execute()

/** False: the domain has an LDAP server already. */
export async function saveProvider(tx: Tx, { settings, ...row }: ProviderRow): Promise<boolean> {
  const values = { ...row, settings: JSON.stringify(settings) as never }
  const { isOn, sealedSecret, mayGoInside, clientId } = row
  const { numInsertedOrUpdatedRows } = await open(tx)
    .insertInto('provider')
    .values(values)
    .onConflict((clash) => clash.column('id').doUpdateSet({ isOn, settings: values.settings, sealedSecret, mayGoInside, clientId }))
    .executeTakeFirst()
  return Boolean(numInsertedOrUpdatedRows)
}

export async function dropProvider(tx: Tx, id: ProviderId): Promise<void> {
  await open(tx).deleteFrom('provider').where('id', '=', id).execute()
}

const mirrorColumns = [
  ...(['providerId', 'state', 'at', 'seen', 'settled', 'listedAt', 'vanished', 'vanishedLists'] as const),
  ...(['acceptedAccounts', 'acceptedLists', 'problem'] as const),
] as const
export const findMirror = (db: Db, id: ProviderId): Promise<MirrorRow | undefined> =>
  open(db).selectFrom('mirror').select(mirrorColumns).where('providerId', '=', id).executeTakeFirst()

export async function countMirrored(db: Db, id: ProviderId): Promise<{ accounts: number; lists: number }> {
  const { rows } = await sql<{ accounts: number; lists: number }>`
    select count(*) filter (where kind = 'account')::int as accounts, count(*) filter (where kind = 'list')::int as lists
    from mirrored where provider_id = ${id} and not is_gone`.execute(open(db))
  return rows[0]!
}

/** What is kept as the hash of a group whose members are not all here: it is looked at again with the next round. */
export const unfinished = ''
/** The lists that are not what their groups are: those are gone, or not all who are in them are here. */
export async function listsThatDiffer(db: Db, id: ProviderId): Promise<string[]> {
  const { rows } = await sql<{ ownerId: string }>`
    select owner_id from mirrored where provider_id = ${id} and kind = 'list' and (is_gone or hash = ${unfinished})`.execute(open(db))
  return rows.map(({ ownerId }) => ownerId)
}

/** What is said of a mirror; what is not said stays. */
export async function noteMirror(tx: Tx, providerId: ProviderId, change: Partial<Omit<MirrorRow, 'providerId'>>): Promise<void> {
  const fresh = {
    ...({ state: 'idle', at: null, seen: null, settled: null, listedAt: null, problem: null } as const),
    ...{ vanished: 0, vanishedLists: 0, acceptedAccounts: null, acceptedLists: null },
  }
  await open(tx)
    .insertInto('mirror')
    .values({ ...fresh, ...change, providerId })
    .onConflict((known) => known.column('providerId').doUpdateSet(change))
    .execute()
}

/** Who of which provider an account is: by an identity, or because LDAP has it. */
export async function listIdentities(
  db: Db,
  accountId: AccountId,
): Promise<{ providerId: ProviderId; label: string; subject: string; usedAt: Date | null }[]> {
  const { rows } = await sql<{ providerId: ProviderId; label: string; subject: string; usedAt: Date | null }>`
    select provider.id as provider_id, provider.settings->>'label' as label, theirs.subject, theirs.used_at
    from (
      select provider_id, subject, used_at from identity where account_id = ${accountId}
      union all select provider_id, dn, null from mirrored where owner_id = ${accountId} and kind = 'account') as theirs
    join provider on provider.id = theirs.provider_id order by provider.created_at, provider.id`.execute(open(db))
  return rows
}
