import { presets, type Preset, type Right } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'

export const rightNames: Record<Right, () => string> = {
  'domain.see': m.right_domain_see,
  'domain.change': m.right_domain_change,
  'domain.look': m.right_domain_look,
  'domain.status': m.right_domain_status,
  'domain.signIn': m.right_domain_sign_in,
  'domain.limits': m.right_domain_limits,
  'account.see': m.right_account_see,
  'account.create': m.right_account_create,
  'account.change': m.right_account_change,
  'account.values': m.right_account_values,
  'account.status': m.right_account_status,
  'account.security': m.right_account_security,
  'account.sessions': m.right_account_sessions,
  'account.move': m.right_account_move,
  'account.delete': m.right_account_delete,
  'account.openAs': m.right_account_open_as,
  'list.see': m.right_list_see,
  'list.create': m.right_list_create,
  'list.change': m.right_list_change,
  'list.delete': m.right_list_delete,
  'resource.see': m.right_resource_see,
  'resource.create': m.right_resource_create,
  'resource.change': m.right_resource_change,
  'resource.delete': m.right_resource_delete,
  'cos.see': m.right_cos_see,
  'cos.create': m.right_cos_create,
  'cos.change': m.right_cos_change,
  'cos.delete': m.right_cos_delete,
  'grant.see': m.right_grant_see,
  'grant.give': m.right_grant_give,
  'audit.see': m.right_audit_see,
}

export const presetNames: Record<Preset, () => string> = {
  domainAdministrator: m.admin_preset_domainadministrator,
  userManagement: m.admin_preset_usermanagement,
  groupManagement: m.admin_preset_groupmanagement,
  helpDesk: m.admin_preset_helpdesk,
}

/** The name of exactly these rights, if they have one. */
export function presetOf(rights: readonly Right[]): string | undefined {
  const given = [...rights].sort().join()
  const found = (Object.keys(presets) as Preset[]).find((name) => [...presets[name]].sort().join() === given)
  return found && presetNames[found]()
}
