import { attributeKeys, catalogue, unlimited, type Attribute, type AttributeKey, type Values } from '@atrium/protocol'
import { size } from '#features/files/words.ts'
import { m } from '#lib/i18n/index.ts'
import { duration } from './durations.ts'
import { choiceNames } from './names.ts'

export const attributeOf = (key: AttributeKey): Attribute => catalogue[key]
export const keysOfGroup = (group: Attribute['group']): AttributeKey[] =>
  (Object.keys(catalogue) as AttributeKey[]).filter((key) => catalogue[key].group === group)

/** How somebody gets in, and what happens when they do not: beside their password and factors. */
const securityGroups: readonly Attribute['group'][] = ['password', 'lockout', 'secondFactor', 'recovery', 'sessions']
const isSecurity = (key: AttributeKey) => securityGroups.includes(catalogue[key].group)
export const securityKeys = attributeKeys.filter(isSecurity)
export const settingKeys = attributeKeys.filter((key) => !isSecurity(key))

/** Of the space that is given out: what `size` says with the same letters. */
export const GB = 2 ** 30

/** So many of a unit, with no more digits than it takes to mean this value and no other. */
export function inUnits(value: number, unit: number): number {
  for (let digits = 1; digits < 15; digits++) {
    const short = Number((value / unit).toPrecision(digits))
    if (Math.round(short * unit) === value) return short
  }
  return value / unit
}

/** What a limit says that limits nothing. */
export function uncapped(key: AttributeKey): Values[AttributeKey] {
  const attribute = attributeOf(key)
  if (attribute.type === 'boolean') return true
  return (attribute.type === 'choices' ? [...attribute.choices] : unlimited) as Values[AttributeKey]
}

/** A value as a person reads it. */
export function valueText(key: AttributeKey, value: Values[AttributeKey]): string {
  const attribute = attributeOf(key)
  if (value === unlimited) return m.admin_unlimited()
  switch (attribute.type) {
    case 'boolean':
      return value ? m.admin_on() : m.admin_off()
    case 'bytes':
      return size(Number(value))
    case 'days':
      return duration(Number(value) * 86_400, 'day')
    case 'seconds':
      return duration(Number(value))
    case 'choices':
      return (value as string[]).map((one) => choiceNames[one]?.() ?? one).join(', ') || '–'
    default:
      return choiceNames[String(value)]?.() ?? (String(value) || '–')
  }
}
