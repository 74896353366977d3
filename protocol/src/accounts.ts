import { z } from 'zod'
import { attributeKeys, OwnChange, OwnValues, Values, ValuesChange } from './catalogue.ts'
import { Invitation, Me, Person } from './directory.ts'
import { command, fact, needs, perAccount, query } from './kernel.ts'
import { AccountId, ClientId, CosId, DomainId, ListId, SessionId } from './ids.ts'
import { Address, line, name, optionalLine, optionalText, Password } from './text.ts'

/** `external`: the address is in none of the domains, and signs in with what the hub keeps. */
export const AccountType = z.enum(['normal', 'delegated', 'administrator', 'system', 'external', 'guest'])
export type AccountType = z.output<typeof AccountType>
/** What an administrator may choose. `invited` follows by itself, and so does the lockout. */
export const ChosenStatus = z.enum(['active', 'maintenance', 'locked', 'closed', 'pending'])
export type ChosenStatus = z.output<typeof ChosenStatus>
export const UserName = z
  .string()
  .trim()
  .max(64)
  .regex(/^[a-z0-9](?:[a-z0-9._+-]*[a-z0-9])?$/i)

const [phone, postalCode, entry] = [optionalLine(60), optionalLine(40), optionalLine(200)]
/** Phones, company, address, as the global address list shows them. */
export const Profile = z.strictObject({
  phoneMobile: phone.default(''),
  phoneWork: phone.default(''),
  phoneHome: phone.default(''),
  company: entry.default(''),
  department: entry.default(''),
  office: entry.default(''),
  manager: entry.default(''),
  street: entry.default(''),
  postalCode: postalCode.default(''),
  city: entry.default(''),
  region: entry.default(''),
  country: entry.default(''),
})
export type Profile = z.output<typeof Profile>
const ProfileChange = z
  .strictObject({
    phoneMobile: phone,
    phoneWork: phone,
    phoneHome: phone,
    company: entry,
    department: entry,
    office: entry,
    manager: entry,
    street: entry,
    postalCode,
    city: entry,
    region: entry,
    country: entry,
  })
  .partial()

export const AccountRow = z.object({
  id: AccountId,
  name: z.string(),
  address: z.string().nullable(),
  aliases: z.array(z.string()),
  domainId: DomainId,
  cosId: CosId,
  type: AccountType,
  status: Person.shape.status,
  /** The stricter of it and the domain's. */
  effectiveStatus: Person.shape.status,
  lockedOutUntil: z.iso.datetime().nullable(),
  seenAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
  picture: Person.shape.picture,
})
export type AccountRow = z.output<typeof AccountRow>

export const Account = AccountRow.extend({
  given: z.string(),
  initials: z.string(),
  surname: z.string(),
  title: z.string(),
  notes: z.string(),
  /** Not in the address list. */
  isHidden: z.boolean(),
  profile: Profile,
  /** Set here; what is not there comes from the class. */
  values: OwnValues,
  /** What the account would have without its own. */
  inherited: Values,
  effective: Values,
  /** Those of the effective values that the domain's cap decides. */
  capped: z.array(z.enum(attributeKeys)),
  /** Whether the class is the account's own choice, or the domain's default. */
  hasOwnCos: z.boolean(),
  bytes: z.int(),
  /** `ldap`: the fields named are kept there, and read-only here. */
  source: z.enum(['here', 'ldap']),
  readOnlyFields: z.array(z.string()),
  hasPassword: z.boolean(),
  mustChangePassword: z.boolean(),
  recovery: z.object({ address: z.string(), isVerified: z.boolean() }).nullable(),
  /** Gone after this date. */
  deletedAt: z.iso.datetime().nullable(),
})
export type Account = z.output<typeof Account>

export const AccountFilter = z.strictObject({
  search: optionalLine(200).optional(),
  domainId: DomainId.optional(),
  cosId: CosId.optional(),
  types: z.array(AccountType).max(6).optional(),
  statuses: z.array(Person.shape.status).max(8).optional(),
  /** After too many wrong passwords. */
  isLockedOut: z.boolean().optional(),
})

const NewAccount = z.strictObject({
  domainId: DomainId,
  userName: UserName,
  given: optionalLine(200).default(''),
  initials: optionalLine(20).default(''),
  surname: optionalLine(200).default(''),
  /** As it is shown. Empty: made of the three. */
  name: optionalLine(1_200).default(''),
  title: optionalLine(200).default(''),
  status: ChosenStatus.default('active'),
  /** Null: the domain's default. */
  cosId: CosId.nullable().default(null),
  isHidden: z.boolean().default(false),
  notes: optionalText(4_000).default(''),
  /** For the first sign-in only: it must be changed there. Left out: a link to choose one is made. */
  password: Password.optional(),
  /** Where the link goes, besides being shown. Left out: it is only shown. */
  inviteTo: Address.optional(),
})
const session = z.object({
  id: SessionId,
  device: z.string(),
  source: z.string(),
  kind: z.enum(['browser', 'phone', 'program']),
  startedAt: z.iso.datetime(),
  seenAt: z.iso.datetime(),
})
const one = { clientId: ClientId, accountId: AccountId }
const natural = { repeat: 'natural' } as const

const OwnValuesThatHold = z.object({
  effective: Values,
  own: OwnValues,
  /** What would hold without one's own. */
  inherited: Values,
  cosId: CosId,
  domainId: DomainId,
})

export const accounts = {
  /** `after` is the `next` of the page before, and belongs to its sorting. */
  'accounts.list': query(
    AccountFilter.extend({
      sort: z.enum(['name', 'address', 'createdAt', 'seenAt']).default('name'),
      isDescending: z.boolean().default(false),
      after: z.string().max(400).optional(),
      limit: z.int().min(1).max(500).default(50),
      /** Said with the first page of what is saved elsewhere: then it is noted in the audit log that somebody did. */
      isExport: z.boolean().default(false),
    }),
    z.object({ accounts: z.array(AccountRow), next: z.string().nullable() }),
    { ...needs('account.see', 'anything'), saysWhoMay: true },
  ),
  'accounts.count': query(AccountFilter, z.object({ count: z.int() }), needs('account.see', 'anything')),
  'accounts.get': query(z.strictObject({ accountId: AccountId }), Account, needs('account.see', 'accountId')),
  /** The user name that the domain's pattern makes of a name, with a number where it is taken. Null: some letter has no mapping. */
  'accounts.userName': query(
    z.strictObject({ domainId: DomainId, given: optionalLine(200), initials: optionalLine(20), surname: optionalLine(200) }),
    z.object({ userName: z.string().nullable() }),
    needs('account.create', 'domainId'),
  ),
  'accounts.create': command(NewAccount.extend({ clientId: ClientId }), z.object({ account: Account, invitation: Invitation.nullable() }), {
    ...needs('account.create', 'domainId'),
    limit: perAccount(600, '1 min'),
    ...natural,
  }),
  'accounts.change': command(
    z.strictObject({
      ...one,
      given: optionalLine(200).optional(),
      initials: optionalLine(20).optional(),
      surname: optionalLine(200).optional(),
      name: name.optional(),
      title: optionalLine(200).optional(),
      notes: optionalText(4_000).optional(),
      isHidden: z.boolean().optional(),
      profile: ProfileChange.optional(),
      recoveryAddress: Address.nullable().optional(),
      /** The part before the @. */
      userName: UserName.optional(),
    }),
    Account,
    { ...needs('account.change', 'accountId'), ...natural },
  ),
  /** The class, and values that differ from it. `cosId` null: the domain's default. */
  'accounts.values': command(z.strictObject({ ...one, cosId: CosId.nullable().optional(), values: ValuesChange.optional() }), Account, {
    ...needs('account.values', 'accountId'),
    ...natural,
  }),
  'accounts.status': command(z.strictObject({ ...one, status: ChosenStatus }), Account, {
    ...needs('account.status', 'accountId'),
    ...natural,
  }),
  'accounts.lockout.lift': command(z.strictObject(one), Account, { ...needs('account.status', 'accountId'), ...natural }),

  'accounts.alias.add': command(z.strictObject({ ...one, domainId: DomainId, userName: UserName }), Account, {
    ...needs('account.change', 'accountId'),
    ...natural,
  }),
  'accounts.alias.remove': command(z.strictObject({ ...one, address: Address }), Account, {
    ...needs('account.change', 'accountId'),
    ...natural,
  }),

  /** Keeps id, rooms, files and shares. The caller needs `account.create` in the other domain, too. */
  'accounts.move': command(
    z.strictObject({ ...one, toDomainId: DomainId, userName: UserName.optional(), keepsAlias: z.boolean().default(true) }),
    Account,
    {
      ...needs('account.move', 'accountId'),
      ...natural,
    },
  ),
  'accounts.administrator': command(z.strictObject({ ...one, isAdministrator: z.boolean() }), Account, {
    ...needs('domain.limits', 'everything'),
    confirmed: true,
    ...natural,
  }),
  /** What they own goes to somebody, and the account at once; or all of it stays for some days, and comes back by `accounts.restore`. */
  'accounts.delete': command(
    z.strictObject({
      ...one,
      then: z.discriminatedUnion('do', [
        z.strictObject({ do: z.literal('transfer'), to: AccountId }),
        z.strictObject({ do: z.literal('keep'), days: z.int().min(0).max(365) }),
      ]),
    }),
    z.object({}),
    { ...needs('account.delete', 'accountId'), confirmed: true },
  ),
  'accounts.restore': command(z.strictObject(one), Account, { ...needs('account.delete', 'accountId'), ...natural }),

  /** The password is gone, and with it all sessions; the link lets its person choose another. */
  'accounts.password.wipe': command(z.strictObject(one), Invitation, { ...needs('account.security', 'accountId'), ...natural }),
  /** Only outside ways to sign in stay. */
  'accounts.password.remove': command(z.strictObject(one), Account, { ...needs('account.security', 'accountId'), ...natural }),
  'accounts.sessions': query(z.strictObject({ accountId: AccountId }), z.array(session), needs('account.sessions', 'accountId')),
  'accounts.session.end': command(
    z.strictObject({ ...one, sessionIds: z.union([z.literal('all'), z.array(SessionId).min(1).max(200)]) }),
    z.object({}),
    {
      ...needs('account.sessions', 'accountId'),
      ...natural,
    },
  ),
  /** Their hub, as they see it, for a while: written into the audit log with the reason, and shown on screen. */
  'accounts.openAs': command(
    z.strictObject({ ...one, reason: line(500), minutes: z.int().min(1).max(60).default(15) }),
    z.object({ accountId: AccountId }),
    {
      ...needs('account.openAs', 'accountId'),
      door: 'http',
      confirmed: true,
      ...natural,
    },
  ),

  /** One thing for many, each on its own: what is refused is said, the others are done. */
  'accounts.bulk': command(
    z.strictObject({
      clientId: ClientId,
      accountIds: z.array(AccountId).min(1).max(500),
      action: z.discriminatedUnion('do', [
        z.strictObject({ do: z.literal('status'), status: ChosenStatus }),
        z.strictObject({ do: z.literal('cos'), cosId: CosId.nullable() }),
        z.strictObject({ do: z.literal('hide'), isHidden: z.boolean() }),
        z.strictObject({ do: z.literal('endSessions') }),
        z.strictObject({ do: z.literal('addToList'), listId: ListId }),
      ]),
    }),
    z.object({ done: z.int(), refused: z.array(z.object({ accountId: AccountId, key: z.string() })) }),
    { ...needs('account.see', 'accountIds'), ...natural },
  ),
  /** Rows of a CSV file, its columns named as in `accounts.create`. A dry run says what would come of each. */
  'accounts.import': command(
    z.strictObject({
      clientId: ClientId,
      domainId: DomainId,
      rows: z
        .array(z.record(z.string().max(60), z.string().max(4_000)))
        .min(1)
        .max(500),
      isDryRun: z.boolean(),
    }),
    z.object({
      rows: z.array(
        z.object({
          state: z.enum(['would', 'created', 'exists', 'refused']),
          address: z.string().nullable(),
          field: z.string().nullable(),
          key: z.string().nullable(),
          invitation: Invitation.nullable(),
        }),
      ),
    }),
    { ...needs('account.create', 'domainId'), ...natural },
  ),

  /** One's own: what holds for me, and where it is from. */
  'me.values': query(z.strictObject({}), OwnValuesThatHold),
  'me.preferences': command(z.strictObject({ clientId: ClientId, values: OwnChange }), OwnValuesThatHold, natural),
  'me.profile': query(z.strictObject({}), z.object({ profile: Profile, editable: z.array(z.string()), me: Me })),
  'me.profile.change': command(z.strictObject({ clientId: ClientId, profile: ProfileChange }), Profile, natural),
  /** The card that others see. */
  'people.card': query(
    z.strictObject({ accountId: AccountId }),
    z.object({ person: Person, profile: Profile, lists: z.array(z.object({ id: ListId, name: z.string() })) }),
  ),

  /** What the card of somebody says below the name is another: whoever shows it asks again. */
  'people.card.changed': fact('directory', z.object({ accountId: AccountId })),
  /** Something about these accounts changed that a list of accounts shows; who may see it asks again. */
  'account.changing': fact('account', z.object({ accountId: AccountId })),
  /** What holds for me changed: by me elsewhere, my administrator, my class or my domain. */
  'me.values.changed': fact('account', z.object({ effective: Values })),
}
