import { catalogue, rights as allRights, type AttributeKey, type Right } from '@atrium/protocol'
import { size } from '#features/files/words.ts'
import { count, language, m, zone } from '#lib/i18n/index.ts'
import { attributeNames } from '../names.ts'
import { statusNames } from '../naming.ts'
import { presetOf, rightNames } from '../presets.ts'
import { profileNames } from '../profile.ts'
import { valueText } from '../values.ts'

const isAttribute = (key: string): key is AttributeKey => Object.hasOwn(catalogue, key)

const fieldNames: Readonly<Record<string, () => string>> = {
  ...profileNames,
  accent: m.admin_look_accent,
  added: m.audit_field_added,
  accountIds: m.audit_field_accounts,
  address: m.admin_list_address,
  addresses: m.audit_field_addresses,
  aliases: m.admin_aliases,
  accountFilter: m.ldap_accounts,
  allowsIdpInitiated: m.idp_initiated,
  allowsPasskey: m.idp_passkeys,
  allowsPassword: m.idp_passwords,
  capacity: m.admin_capacity,
  classes: m.admin_allowed,
  clientSecret: m.idp_secret,
  clockSkewSeconds: m.idp_skew,
  cosId: m.admin_class,
  createsAccounts: m.idp_creates,
  days: m.admin_days,
  defaultCosId: m.admin_class_of_domain,
  deletedAt: m.audit_field_deleted_at,
  description: m.admin_description,
  domainId: m.admin_domain,
  entryPoint: m.idp_entry,
  from: m.audit_field_copy_of,
  given: m.admin_given,
  granteeName: m.audit_field_grantee,
  groupFilter: m.ldap_groups,
  initials: m.admin_initials,
  inviteTo: m.audit_field_invite_to,
  isAdministrator: m.audit_field_administrator,
  isDenied: m.admin_denied,
  isDryRun: m.audit_field_trial,
  isHidden: m.admin_hidden,
  isOn: m.audit_field_on,
  issuer: m.idp_issuer,
  joining: m.admin_joining,
  keepsAlias: m.audit_field_old_alias,
  kind: m.admin_kind,
  label: m.admin_list_name,
  leaving: m.admin_leaving,
  location: m.admin_location,
  logoDark: m.look_logo_dark,
  logoLight: m.look_logo_light,
  logoutUrl: m.idp_logout,
  managerIds: m.audit_field_managers,
  mapping: m.idp_mapping,
  maxAccounts: m.admin_max_accounts,
  accounts: m.admin_max_accounts,
  maxBytes: m.admin_max_bytes,
  authority: m.ldap_authority,
  baseDn: m.ldap_base,
  bindDn: m.ldap_bind,
  bindPassword: m.ldap_bind_password,
  bytes: m.admin_max_bytes,
  certificates: m.idp_certificates,
  mayGrant: m.admin_may_grant,
  mirrors: m.ldap_mirrors,
  mayWrite: m.admin_write_named,
  members: m.admin_members,
  minutes: m.audit_field_minutes,
  name: m.admin_shown,
  notes: m.admin_notes,
  notifiesMembers: m.admin_notify,
  notify: m.admin_notify_also,
  ownCosId: m.admin_class,
  ownerIds: m.admin_owners,
  ownValues: m.audit_field_ownvalues,
  password: m.admin_password,
  picture: m.look_picture,
  pollSeconds: m.ldap_poll,
  policy: m.admin_policy,
  preset: m.ldap_preset,
  providerId: m.audit_field_provider,
  purpose: m.audit_field_purpose,
  reason: m.admin_reason,
  recoveryAddress: m.admin_recovery,
  refusesRecurring: m.admin_recurring,
  removed: m.audit_field_removed,
  rights: m.admin_rights,
  rows: m.audit_field_rows,
  scopes: m.audit_field_scopes,
  search: m.admin_search,
  sessionIds: m.admin_sessions,
  status: m.admin_status,
  surname: m.admin_surname,
  targetName: m.admin_over,
  title: m.admin_title_field,
  to: m.audit_field_heir,
  toDomainId: m.admin_domain,
  startTls: m.audit_field_start_tls,
  url: m.audit_field_url,
  userName: m.admin_user_name,
  userNamePattern: m.admin_pattern,
  what: m.audit_field_what,
  whoMayWrite: m.admin_who_writes,
  writesBack: m.ldap_writes,
  withIt: m.audit_field_joined,
}
/** What a field is called; of one that has no word here, its name with blanks in it. */
export const fieldName = (key: string): string =>
  isAttribute(key)
    ? attributeNames[key]()
    : (fieldNames[key]?.() ?? key.replaceAll(/([a-z])([A-Z])/g, '$1 $2').replace(/^./, (sign) => sign.toUpperCase()))

const choices: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  status: statusNames,
  whoMayWrite: {
    everyone: m.admin_write_everyone,
    members: m.admin_write_members,
    internal: m.admin_write_internal,
    named: m.admin_write_named,
  },
  joining: { free: m.admin_policy_free, asked: m.admin_policy_asked, closed: m.admin_policy_closed },
  leaving: { free: m.admin_policy_free, asked: m.admin_policy_asked, closed: m.admin_policy_closed },
  kind: { room: m.admin_kind_room, equipment: m.admin_kind_equipment, application: m.admin_application, script: m.admin_tokens },
  policy: {
    automatic: m.admin_booking_automatic,
    manager: m.admin_booking_manager,
    always: m.admin_booking_always,
    never: m.admin_booking_never,
  },
  what: { totp: m.admin_totp, passkey: m.admin_passkey, application: m.admin_application },
}

export const isId = (value: unknown): value is string =>
  typeof value === 'string' && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value)
const isMoment = (value: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(value)
const isPicture = new Set(['logoDark', 'logoLight', 'picture'])
const mask = '•••'

/** A day and a time, as the reader writes them. */
export const moment = (at: string): string =>
  new Intl.DateTimeFormat(language.region, { dateStyle: 'medium', timeStyle: 'short', timeZone: zone.current }).format(new Date(at))

/** A value as a person reads it; ids are what they are called, as far as that is known. */
export function fieldText(key: string, value: unknown, names: ReadonlyMap<string, string>): string {
  if (value === mask) return m.audit_masked()
  if (isAttribute(key)) return value === undefined || value === null ? m.audit_inherited() : valueText(key, value as never)
  if (value === null && key === 'cosId') return m.admin_default_class()
  if (value === undefined || value === null || value === '') return '–'
  if (typeof value === 'boolean') return value ? m.audit_yes() : m.audit_no()
  if (typeof value === 'number') return key === 'maxBytes' || key === 'bytes' ? size(value) : count(value)
  if (typeof value === 'string') {
    if (isPicture.has(key)) return m.audit_picture()
    // Providers are known to those pages alone that set them up: whether one is still there nobody has said.
    if (isId(value)) return names.get(value) ?? (key === 'providerId' ? value.slice(0, 8) : m.audit_gone({ id: value.slice(0, 8) }))
    return choices[key]?.[value]?.() ?? (isMoment(value) ? moment(value) : value)
  }
  if (Array.isArray(value)) return manyText(key, value, names)
  const { count: many, isLong } = value as { count?: number; isLong?: boolean }
  if (typeof many === 'number') return m.audit_count({ count: count(many) })
  if (isLong) return m.audit_long()
  return Object.entries(value)
    .map(([inner, one]) => `${fieldName(inner)}: ${fieldText(inner, one, names)}`)
    .join(', ')
}
function manyText(key: string, values: readonly unknown[], names: ReadonlyMap<string, string>): string {
  if (values.length === 0) return '–'
  const rights = values.filter((one): one is Right => allRights.includes(one as Right))
  if (key === 'rights') return presetOf(rights) ?? rights.map((right) => rightNames[right]()).join(', ')
  return values.map((one) => fieldText(key, one, names)).join(', ')
}
