import { z } from 'zod'
import { command, fact, needs, query } from './kernel.ts'
import { AccountId, ClientId, DomainId, ListId, ResourceId } from './ids.ts'
import { UserName } from './accounts.ts'
import { Person } from './directory.ts'
import { Address, line, optionalLine, optionalText } from './text.ts'

/** A member: somebody here, a list in the list, or an address outside. */
export const ListMember = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('account'), accountId: AccountId, name: z.string(), address: z.string().nullable() }),
  z.object({ kind: z.literal('list'), listId: ListId, name: z.string(), address: z.string() }),
  z.object({ kind: z.literal('address'), address: z.string() }),
])
export type ListMember = z.output<typeof ListMember>
/** What is typed is an address: whose it is, the hub looks up. */
const Addresses = z.array(Address).max(5_000)

export const WhoMayWrite = z.enum(['everyone', 'members', 'internal', 'named'])
/** `free`: by themselves. `asked`: an owner agrees. `closed`: owners alone change who is in it. */
export const JoiningPolicy = z.enum(['free', 'asked', 'closed'])
/** RFC 4516: `ldap:///??sub?(department=Design)`; the filter (RFC 4515) is over the attributes of accounts. */
export const ListUrl = z.string().trim().min(1).max(4_000)

export const List = z.object({
  id: ListId,
  domainId: DomainId,
  name: z.string(),
  address: z.string(),
  aliases: z.array(z.string()),
  description: z.string(),
  notes: z.string(),
  isHidden: z.boolean(),
  /** Null: members are named one by one. */
  url: z.string().nullable(),
  whoMayWrite: WhoMayWrite,
  mayWrite: z.array(AccountId),
  notifiesMembers: z.boolean(),
  joining: JoiningPolicy,
  leaving: JoiningPolicy,
  owners: z.array(Person),
  members: z.int(),
  createdAt: z.iso.datetime(),
  /** `ldap`: the fields named are kept there, and read-only here; with `address`, its end too. */
  source: z.enum(['here', 'ldap']),
  readOnlyFields: z.array(z.string()),
})
export type List = z.output<typeof List>
export const ListRow = List.pick({
  id: true,
  domainId: true,
  name: true,
  address: true,
  description: true,
  members: true,
  isHidden: true,
  joining: true,
  leaving: true,
}).extend({
  isDynamic: z.boolean(),
})
export type ListRow = z.output<typeof ListRow>

const page = { after: z.string().max(400).optional(), limit: z.int().min(1).max(200).default(50), search: optionalLine(200).optional() }
const one = { clientId: ClientId, listId: ListId }
const natural = { repeat: 'natural' } as const
const settings = {
  name: line(200).optional(),
  description: optionalText(2_000).optional(),
  notes: optionalText(4_000).optional(),
  isHidden: z.boolean().optional(),
  url: ListUrl.optional(),
  whoMayWrite: WhoMayWrite.optional(),
  mayWrite: z.array(AccountId).max(500).optional(),
  notifiesMembers: z.boolean().optional(),
  joining: JoiningPolicy.optional(),
  leaving: JoiningPolicy.optional(),
  ownerIds: z.array(AccountId).max(200).optional(),
}

export const lists = {
  'lists.list': query(
    z.strictObject({ ...page, domainId: DomainId.optional() }),
    z.object({ lists: z.array(ListRow), next: z.string().nullable() }),
    needs('list.see', 'anything'),
  ),
  'lists.get': query(z.strictObject({ listId: ListId }), List, needs('list.see', 'listId')),
  /** The members it names, not those of lists in it; of a dynamic list, whom its URL finds. */
  'lists.members': query(
    z.strictObject({ ...page, listId: ListId }),
    z.object({ members: z.array(ListMember), next: z.string().nullable() }),
    needs('list.see', 'listId'),
  ),
  /** Whom a URL would find, before it is anybody's. */
  'lists.preview': query(
    z.strictObject({ domainId: DomainId, url: ListUrl }),
    z.object({ count: z.int(), first: z.array(Person) }),
    needs('list.create', 'domainId'),
  ),
  'lists.create': command(
    z.strictObject({
      clientId: ClientId,
      domainId: DomainId,
      userName: UserName,
      ...settings,
      name: line(200),
      members: Addresses.default([]),
    }),
    List,
    { ...needs('list.create', 'domainId'), ...natural },
  ),
  'lists.change': command(z.strictObject({ ...one, ...settings }), List, { ...needs('list.change', 'listId'), ...natural }),
  'lists.members.change': command(z.strictObject({ ...one, add: Addresses.default([]), remove: Addresses.default([]) }), List, {
    ...needs('list.change', 'listId'),
    ...natural,
  }),
  'lists.alias.add': command(z.strictObject({ ...one, domainId: DomainId, userName: UserName }), List, {
    ...needs('list.change', 'listId'),
    ...natural,
  }),
  'lists.alias.remove': command(z.strictObject({ ...one, address: Address }), List, { ...needs('list.change', 'listId'), ...natural }),
  'lists.delete': command(z.strictObject(one), z.object({}), needs('list.delete', 'listId')),
  /** The lists somebody is in: named in them, or by a list in the list ("via"). */
  'lists.of': query(
    z.strictObject({ accountId: AccountId }),
    z.array(z.object({ list: ListRow, isDirect: z.boolean(), via: z.array(z.string()) })),
    needs('account.see', 'accountId'),
  ),

  /** Lists of the address list, to write to or to bring into a room. */
  'lists.find': query(z.strictObject({ search: optionalLine(200) }), z.array(ListRow)),

  /** For everybody: lists one owns, is in, or may join; of those in `asked` an owner has not said yet whether one comes or goes. */
  'me.lists': query(
    z.strictObject({}),
    z.object({
      owned: z.array(ListRow),
      /** `via`: lists in the list by which one is in it. Who is not named there cannot leave by themselves. */
      member: z.array(ListRow.extend({ isDirect: z.boolean(), via: z.array(z.string()) })),
      open: z.array(ListRow),
      asked: z.array(ListId),
    }),
  ),
  'me.list.join': command(z.strictObject(one), z.object({ state: z.enum(['in', 'asked']) }), natural),
  'me.list.leave': command(z.strictObject(one), z.object({ state: z.enum(['out', 'asked']) }), natural),
  /** What owners do: the same as administrators of the list, but for its address, its URL and its end. */
  'me.list.get': query(z.strictObject({ listId: ListId }), List),
  'me.list.members': query(
    z.strictObject({ ...page, listId: ListId }),
    z.object({
      members: z.array(ListMember),
      next: z.string().nullable(),
      asked: z.array(Person.extend({ wish: z.enum(['join', 'leave']) })),
    }),
  ),
  'me.list.change': command(
    z.strictObject({
      ...one,
      name: settings.name,
      description: settings.description,
      whoMayWrite: settings.whoMayWrite,
      mayWrite: settings.mayWrite,
      notifiesMembers: settings.notifiesMembers,
      joining: settings.joining,
      leaving: settings.leaving,
      add: Addresses.default([]),
      remove: Addresses.default([]),
      /** Whose wish to come or to go is not granted. */
      refuse: z.array(AccountId).max(200).default([]),
    }),
    List,
    natural,
  ),

  /** Who is in a list changed, or what is said of it. */
  'list.changing': fact('account', z.object({ listId: ListId })),
}

/** `automatic`: accepted, conflicts refused. `manager`: somebody decides, conflicts refused. */
export const BookingPolicy = z.enum(['automatic', 'manager', 'always', 'never'])
export const Resource = z.object({
  id: ResourceId,
  domainId: DomainId,
  kind: z.enum(['room', 'equipment']),
  name: z.string(),
  address: z.string(),
  capacity: z.int().nullable(),
  location: z.string(),
  notes: z.string(),
  policy: BookingPolicy,
  refusesRecurring: z.boolean(),
  managerIds: z.array(AccountId),
  notify: z.array(z.string()),
  isHidden: z.boolean(),
  createdAt: z.iso.datetime(),
})
export type Resource = z.output<typeof Resource>
const resourceSettings = {
  kind: z.enum(['room', 'equipment']).optional(),
  name: line(200).optional(),
  capacity: z.int().min(0).max(100_000).nullable().optional(),
  location: optionalLine(400).optional(),
  notes: optionalText(4_000).optional(),
  policy: BookingPolicy.optional(),
  refusesRecurring: z.boolean().optional(),
  managerIds: z.array(AccountId).max(50).optional(),
  notify: z.array(Address).max(50).optional(),
  isHidden: z.boolean().optional(),
}
export const resources = {
  'resources.list': query(
    z.strictObject({ ...page, domainId: DomainId.optional() }),
    z.object({ resources: z.array(Resource), next: z.string().nullable() }),
    needs('resource.see', 'anything'),
  ),
  'resources.get': query(z.strictObject({ resourceId: ResourceId }), Resource, needs('resource.see', 'resourceId')),
  'resources.create': command(
    z.strictObject({ clientId: ClientId, domainId: DomainId, userName: UserName, ...resourceSettings, name: line(200) }),
    Resource,
    { ...needs('resource.create', 'domainId'), ...natural },
  ),
  'resources.change': command(z.strictObject({ clientId: ClientId, resourceId: ResourceId, ...resourceSettings }), Resource, {
    ...needs('resource.change', 'resourceId'),
    ...natural,
  }),
  'resources.delete': command(
    z.strictObject({ clientId: ClientId, resourceId: ResourceId }),
    z.object({}),
    needs('resource.delete', 'resourceId'),
  ),
}
