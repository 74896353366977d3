import { catalogue, unlimited, type Attribute, type AttributeKey, type Values } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'
import { choiceNames } from './names.ts'

export const attributeOf = (key: AttributeKey): Attribute => catalogue[key]
export const keysOfGroup = (group: Attribute['group']): AttributeKey[] =>
  (Object.keys(catalogue) as AttributeKey[]).filter((key) => catalogue[key].group === group)

export const GiB = 2 ** 30

/** A value as a person reads it. */
export function valueText(key: AttributeKey, value: Values[AttributeKey]): string {
  const attribute = attributeOf(key)
  if (value === unlimited) return m.admin_unlimited()
  switch (attribute.type) {
    case 'boolean':
      return value ? m.admin_on() : m.admin_off()
    case 'bytes':
      return `${(Number(value) / GiB).toLocaleString(undefined, { maximumFractionDigits: 2 })} GiB`
    case 'days':
      return m.admin_days_count({ count: String(value) })
    case 'seconds':
      return m.admin_seconds_count({ count: String(value) })
    case 'choices':
      return (value as string[]).map((one) => choiceNames[one]?.() ?? one).join(', ') || '–'
    default:
      return choiceNames[String(value)]?.() ?? (String(value) || '–')
  }
}
