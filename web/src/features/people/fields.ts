import type { Profile } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'

/** What the fields of a profile are called. One without a name does not compile. */
export const fieldNames: Record<keyof Profile, () => string> = {
  phoneMobile: m.field_phone_mobile,
  phoneWork: m.field_phone_work,
  phoneHome: m.field_phone_home,
  company: m.field_company,
  department: m.field_department,
  office: m.field_office,
  manager: m.field_manager,
  street: m.field_street,
  postalCode: m.field_postal_code,
  city: m.field_city,
  region: m.field_region,
  country: m.field_country,
}
export const fields = Object.keys(fieldNames) as (keyof Profile)[]
export const isPhone = (field: keyof Profile): boolean => field.startsWith('phone')
