import type { Generated, Kysely } from 'kysely'
import type { Reading, Tx } from '@atrium/platform'
import type {
  AccountId,
  CosId,
  DomainId,
  DomainStatus,
  Limits,
  Look,
  OwnValues,
  Person,
  PictureId,
  Profile,
  Values,
} from '@atrium/protocol'

export interface DirectoryTables {
  organisation: { isOnly: boolean; name: string; domain: string; setUpAt: Date }
  cos: { id: CosId; name: string; description: string; ownValues: OwnValues; createdAt: Date }
  domain: {
    id: DomainId
    name: string
    description: string
    status: DomainStatus
    defaultCosId: CosId
    userNamePattern: string
    maxAccounts: number | null
    maxBytes: number | null
    caps: Partial<Values>
    classes: Limits['classes']
    look: Partial<Look>
    allowsPassword: boolean
    allowsPasskey: boolean
    createdAt: Date
  }
  account: {
    id: AccountId
    kind: Person['kind']
    name: string
    title: string
    pictureId: PictureId | null
    /** As it was set. What holds is the stricter of it and the domain's. */
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
    domainId: DomainId | null
    /** Null: the domain's default. */
    cosId: Generated<CosId | null>
    /** What differs from the class. */
    ownValues: Generated<OwnValues>
    given: Generated<string>
    initials: Generated<string>
    surname: Generated<string>
    profile: Generated<Partial<Profile>>
    notes: Generated<string>
    /** Not in the address list. */
    isHidden: Generated<boolean>
    /** Of one that is kept for a while: when it goes. */
    deletedAt: Generated<Date | null>
    source: Generated<'here' | 'ldap'>
    externalId: Generated<string | null>
    /** The address is in none of our domains. */
    isExternal: Generated<boolean>
    /** Coarse: to sort by. The beginning of 1970: never. */
    seenAt: Generated<Date>
    recoveryAddress: Generated<string | null>
    isRecoveryVerified: Generated<boolean>
  }
  /** What the people of a domain keep together in files: a view. */
  domainUsage: { domainId: DomainId; bytes: number }
  address: { address: string; ownerKind: 'account' | 'list' | 'resource'; ownerId: string; isPrimary: boolean }
}
export type Db = Reading<DirectoryTables>
export const open = (db: Db | Tx) => db as unknown as Kysely<DirectoryTables>
