import { fold, type AuditEntry } from '@atrium/protocol'
import { count, m } from '#lib/i18n/index.ts'

type Entry = Pick<AuditEntry, 'operation' | 'target' | 'before' | 'after' | 'outcome'>
type Say = (about: { name: string; entry: Entry }) => string

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const granteeOf = ({ before, after }: Entry) => text((after ?? before)?.['granteeName']) || m.audit_unnamed()

/** What an operation did, in a sentence. One without a sentence fails a test. */
export const sentences: Readonly<Record<string, Say>> = {
  'factors.totp.finish': m.audit_factors_totp_finish,
  'factors.passkey.finish': m.audit_factors_passkey_finish,
  'factors.scratch.renew': m.audit_factors_scratch_renew,
  'factors.remove': m.audit_factors_remove,
  'tokens.create': m.audit_tokens_create,
  'tokens.revoke': m.audit_tokens_revoke,
  'auth.phone.begin': m.audit_auth_phone_begin,
  'me.recovery': ({ entry: { after } }) => (after?.['address'] === null ? m.audit_me_recovery_none() : m.audit_me_recovery()),

  'accounts.list': m.audit_accounts_list,
  'accounts.create': m.audit_accounts_create,
  'accounts.change': m.audit_accounts_change,
  'accounts.values': m.audit_accounts_values,
  'accounts.status': m.audit_accounts_status,
  'accounts.lockout.lift': m.audit_accounts_lockout_lift,
  'accounts.alias.add': m.audit_accounts_alias_add,
  'accounts.alias.remove': m.audit_accounts_alias_remove,
  'accounts.move': m.audit_accounts_move,
  'accounts.administrator': ({ name, entry: { after } }) =>
    after?.['isAdministrator'] === false ? m.audit_accounts_administrator_none({ name }) : m.audit_accounts_administrator({ name }),
  'accounts.delete': m.audit_accounts_delete,
  'accounts.restore': m.audit_accounts_restore,
  'accounts.bulk': ({ entry: { after } }) => m.audit_accounts_bulk({ count: count(howMany(after?.['accountIds'])) }),
  'accounts.import': m.audit_accounts_import,
  'accounts.password.wipe': m.audit_accounts_password_wipe,
  'accounts.password.remove': m.audit_accounts_password_remove,
  'accounts.session.end': m.audit_accounts_session_end,
  'accounts.factors.remove': m.audit_accounts_factors_remove,
  'accounts.factors.reset': m.audit_accounts_factors_reset,
  'accounts.token.revoke': m.audit_accounts_token_revoke,
  'accounts.enrolment': m.audit_accounts_enrolment,
  'accounts.openAs': m.audit_accounts_openas,

  'grants.give': ({ name, entry }) =>
    (entry.after?.['isDenied'] === true ? m.audit_grants_deny : m.audit_grants_give)({ name, grantee: granteeOf(entry) }),
  'grants.revoke': ({ name, entry }) => m.audit_grants_revoke({ name, grantee: granteeOf(entry) }),
  'audit.list': m.audit_audit_list,

  'cos.create': m.audit_cos_create,
  'cos.copy': m.audit_cos_copy,
  'cos.change': m.audit_cos_change,
  'cos.delete': m.audit_cos_delete,

  'domains.create': m.audit_domains_create,
  'domains.change': m.audit_domains_change,
  'domains.status': m.audit_domains_status,
  'domains.limits': m.audit_domains_limits,
  'domains.look': m.audit_domains_look,
  'domains.delete': m.audit_domains_delete,
  'domains.ways': m.audit_domains_ways,
  'providers.set': m.audit_providers_set,
  'providers.remove': m.audit_providers_remove,
  'providers.test': m.audit_providers_test,
  'providers.mirror': m.audit_providers_mirror,
  'providers.answer': m.audit_providers_answer,

  'lists.create': m.audit_lists_create,
  'lists.change': m.audit_lists_change,
  'lists.members.change': m.audit_lists_members_change,
  'lists.alias.add': m.audit_lists_alias_add,
  'lists.alias.remove': m.audit_lists_alias_remove,
  'lists.delete': m.audit_lists_delete,

  'resources.create': m.audit_resources_create,
  'resources.change': m.audit_resources_change,
  'resources.delete': m.audit_resources_delete,
}

const howMany = (value: unknown): number =>
  Array.isArray(value) ? value.length : Number((value as { count?: number } | undefined)?.count ?? 0)
/** What was to be made has no name of its own yet where it was refused: its entry has what was asked for. */
const isMaking = /^(?:(?:accounts|lists|resources|domains|cos)\.(?:create|copy)|tokens\.create|factors\.passkey\.finish)$/
function nameOf({ operation, target, after }: Entry): string {
  const asked = isMaking.test(operation) && after ? text(after['name']) || madeOf(after) : ''
  return asked || target?.name || m.audit_unnamed()
}
const madeOf = (after: Record<string, unknown>) => [after['given'], after['surname']].map(text).join(' ').trim() || text(after['userName'])

/** What was done, or was not; of a newer hub the name of the operation. */
export function sentenceOf(entry: Entry): string {
  const what = sentences[entry.operation]?.({ name: nameOf(entry), entry }) ?? entry.operation
  return entry.outcome === 'refused' ? m.audit_not_done({ what }) : what
}

/** The operations whose sentence has a word, for each word of a search: the hub knows no other language than English. */
export function meantBy(search: string): { word: string; operations: string[] }[] {
  const words = [...new Set(fold(search).split(/\s+/))].filter((word) => word !== '').slice(0, 8)
  return words.map((word) => ({
    word,
    operations: Object.keys(sentences).filter((operation) => operation.toLowerCase() === word || saysOf(operation).includes(word)),
  }))
}
const variants = [{ after: null }, { after: { isAdministrator: false, isDenied: true, address: null } }]
const saysOf = (operation: string): string =>
  variants
    .map(({ after }) => fold(sentences[operation]!({ name: '', entry: { operation, target: null, before: null, after, outcome: 'done' } })))
    .join(' ')

/** What may be chosen of what was done: operations, or what their names begin with. */
export const groups = {
  accounts: {
    name: m.audit_group_accounts,
    operations: [
      'create',
      'change',
      'values',
      'status',
      'lockout',
      'alias',
      'move',
      'administrator',
      'delete',
      'restore',
      'bulk',
      'import',
    ].map((verb) => `accounts.${verb}`),
  },
  security: {
    name: m.audit_group_security,
    operations: [
      'factors',
      'tokens',
      'auth',
      'me',
      ...['password', 'factors', 'token', 'enrolment', 'session'].map((verb) => `accounts.${verb}`),
    ],
  },
  open: { name: m.audit_group_open, operations: ['accounts.openAs'] },
  rights: { name: m.admin_rights, operations: ['grants', 'accounts.administrator'] },
  lists: { name: m.audit_group_lists, operations: ['lists', 'resources'] },
  classes: { name: m.admin_classes, operations: ['cos'] },
  domains: { name: m.admin_domains, operations: ['domains'] },
  signIn: { name: m.audit_group_sign_in, operations: ['providers', 'domains.ways'] },
  export: { name: m.audit_group_export, operations: ['accounts.list', 'audit.list'] },
} as const satisfies Record<string, { name: () => string; operations: readonly string[] }>
export type Group = keyof typeof groups
