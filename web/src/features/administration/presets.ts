import { presets, type Preset, type Right } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'

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
