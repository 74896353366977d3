import type { Person } from '@atrium/protocol'
import type { Entry } from './connection.ts'

export type Preset = 'openldap' | 'zimbra' | 'activedirectory'
/** What an account may be because of its entry; `active` unless something there says otherwise. */
export type Said = Extract<Person['status'], 'active' | 'pending' | 'maintenance' | 'locked' | 'closed'>

/** How directories of a kind name what we ask for. Attributes are in the order in which the first that is there counts. */
export interface Words {
  /** Never changes and is never given again, whatever the entry is called. */
  id: string
  isBinaryId: boolean
  /** Grows with every change of the entry. */
  version: string
  accounts: string
  groups: string
  address: readonly string[]
  name: readonly string[]
  given: string
  initials: string
  surname: string
  title: string
  profile: Readonly<Record<string, string>>
  /** Of groups. */
  groupName: readonly string[]
  groupAddress: readonly string[]
  members: readonly string[]
  /** Groups that name their members by address instead of by entry. */
  memberAddresses: readonly string[]
  /** Groups of Unix machines name people by what they are called there, which is `userName` of their entry. */
  memberNames: readonly string[]
  userName: string
  /** Of a group of these classes: where its members are written. */
  writtenMembers: (classes: readonly string[]) => string
  /** Where the name of a group is written; undefined: it is what the entry is called. */
  writtenGroupName?: string
  status: (entry: Entry, now: Date) => Said
  statusAttributes: readonly string[]
  /** How a status is written; undefined: it cannot be. */
  writtenStatus?: (status: Said) => Record<string, string | null> | undefined
}

const profile = {
  phoneMobile: 'mobile',
  phoneWork: 'telephoneNumber',
  phoneHome: 'homePhone',
  company: 'o',
  department: 'ou',
  office: 'physicalDeliveryOfficeName',
  street: 'street',
  postalCode: 'postalCode',
  city: 'l',
  region: 'st',
  country: 'co',
} as const
const person = { given: 'givenName', initials: 'initials', surname: 'sn', title: 'title' } as const

/** What `pwdAccountLockedTime` says of an account that an administrator locked for good; another time is a lockout that ends by itself. */
const forGood = '000001010000Z'
const neverExpires = new Set(['0', '9223372036854775807'])
/** Windows counts tenths of microseconds since 1601. */
const windowsTime = (ticks: string): Date => new Date(Number(BigInt(ticks) / 10_000n) - 11_644_473_600_000)
const zimbraStatuses: Record<string, Said> = { maintenance: 'maintenance', locked: 'locked', closed: 'closed', pending: 'pending' }

export const presets: Record<Preset, Words> = {
  openldap: {
    ...person,
    id: 'entryUUID',
    isBinaryId: false,
    version: 'entryCSN',
    accounts: '(objectClass=inetOrgPerson)',
    groups: '(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))',
    address: ['mail'],
    name: ['displayName', 'cn'],
    // `co` and `company` are no attributes of its usual schema.
    profile: { ...profile, country: 'c' },
    groupName: ['cn'],
    groupAddress: ['mail', 'cn'],
    members: ['member', 'uniqueMember'],
    memberAddresses: [],
    memberNames: ['memberUid'],
    userName: 'uid',
    writtenMembers: (classes) =>
      classes.includes('groupofuniquenames') ? 'uniqueMember' : classes.includes('groupofnames') ? 'member' : 'memberUid',
    statusAttributes: ['pwdAccountLockedTime', 'nsAccountLock'],
    status: (entry) =>
      entry.one('pwdAccountLockedTime') === forGood || entry.one('nsAccountLock')?.toLowerCase() === 'true' ? 'locked' : 'active',
    writtenStatus: (status) => ({ pwdAccountLockedTime: status === 'active' ? null : forGood }),
  },
  zimbra: {
    ...person,
    id: 'zimbraId',
    isBinaryId: false,
    version: 'entryCSN',
    accounts:
      '(&(objectClass=zimbraAccount)(!(zimbraIsSystemAccount=TRUE))(!(zimbraIsSystemResource=TRUE))(!(objectClass=zimbraCalendarResource)))',
    groups: '(objectClass=zimbraDistributionList)',
    address: ['zimbraMailDeliveryAddress', 'mail'],
    name: ['displayName', 'cn'],
    profile: { ...profile, company: 'company' },
    groupName: ['displayName', 'cn'],
    groupAddress: ['mail'],
    members: [],
    memberAddresses: ['zimbraMailForwardingAddress'],
    memberNames: [],
    userName: 'uid',
    writtenMembers: () => 'zimbraMailForwardingAddress',
    writtenGroupName: 'displayName',
    statusAttributes: ['zimbraAccountStatus'],
    status: (entry) => zimbraStatuses[entry.one('zimbraAccountStatus')?.toLowerCase() ?? ''] ?? 'active',
    writtenStatus: (status) => ({ zimbraAccountStatus: status }),
  },
  activedirectory: {
    ...person,
    id: 'objectGUID',
    isBinaryId: true,
    version: 'uSNChanged',
    accounts: '(&(objectCategory=person)(objectClass=user))',
    groups: '(objectClass=group)',
    address: ['mail', 'userPrincipalName'],
    name: ['displayName', 'cn'],
    profile: { ...profile, company: 'company', department: 'department', street: 'streetAddress' },
    groupName: ['displayName', 'cn'],
    groupAddress: ['mail', 'sAMAccountName'],
    members: ['member'],
    memberAddresses: [],
    memberNames: [],
    userName: 'sAMAccountName',
    writtenMembers: () => 'member',
    writtenGroupName: 'displayName',
    statusAttributes: ['userAccountControl', 'accountExpires'],
    status: (entry, now) => {
      const expires = entry.one('accountExpires') ?? '0'
      const isOver = !neverExpires.has(expires) && /^\d+$/.test(expires) && windowsTime(expires) < now
      return isOver || (Number(entry.one('userAccountControl') ?? 0) & disabledFlag) !== 0 ? 'locked' : 'active'
    },
  },
}
const disabledFlag = 2
