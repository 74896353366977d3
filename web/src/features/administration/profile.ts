import type { Profile } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'

export const profileNames: Record<keyof Profile, () => string> = {
  phoneMobile: m.admin_profile_phonemobile,
  phoneWork: m.admin_profile_phonework,
  phoneHome: m.admin_profile_phonehome,
  company: m.admin_profile_company,
  department: m.admin_profile_department,
  office: m.admin_profile_office,
  manager: m.admin_profile_manager,
  street: m.admin_profile_street,
  postalCode: m.admin_profile_postalcode,
  city: m.admin_profile_city,
  region: m.admin_profile_region,
  country: m.admin_profile_country,
}
