/**
 * What may be granted, over what. Whoever administers everything has all of them. `see` is part of every other right over the
 * same kind of thing. A right over a domain holds for each account, list and resource in it.
 */
export const rights = [
  'domain.see',
  'domain.change', // description, default class, pattern of user names
  'domain.look', // name, logo, colours
  'domain.status',
  'domain.signIn', // identity providers, LDAP
  'domain.limits', // what nobody below may exceed; of global administrators only
  'account.see',
  'account.create',
  'account.change', // names, addresses, profile, notes
  'account.values', // class of service and single values
  'account.status',
  'account.security', // wipe the password, second factors, application passwords
  'account.sessions',
  'account.move',
  'account.delete',
  'account.openAs',
  'list.see',
  'list.create',
  'list.change',
  'list.delete',
  'resource.see',
  'resource.create',
  'resource.change',
  'resource.delete',
  'cos.see',
  'cos.create',
  'cos.change',
  'cos.delete',
  'grant.see',
  'grant.give',
  'audit.see',
] as const
export type Right = (typeof rights)[number]

/** Usual bundles. A grant keeps its rights one by one: changing a preset here changes nothing that was granted. */
const of = (...kinds: string[]) => rights.filter((right) => kinds.includes(right.split('.')[0]!) && right !== 'domain.limits')
export const presets = {
  domainAdministrator: [...of('domain', 'account', 'list', 'resource', 'grant', 'audit'), 'cos.see'],
  userManagement: [
    'domain.see',
    'account.see',
    'account.create',
    'account.change',
    'account.values',
    'account.status',
    'account.security',
    'account.sessions',
    'cos.see',
  ],
  groupManagement: ['domain.see', 'account.see', ...of('list')],
  helpDesk: ['domain.see', 'account.see', 'account.security', 'account.sessions'],
} as const satisfies Record<string, readonly Right[]>
export type Preset = keyof typeof presets
