import { m } from '#lib/i18n/index.ts'

const own = new Intl.DateTimeFormat().resolvedOptions().timeZone

/** All time zones the browser knows, the browser's own first, each with how far it is from Greenwich now. */
export function zones(): { value: string; label: string }[] {
  const known = Intl.supportedValuesOf('timeZone')
  const all = known.includes('UTC') ? known : ['UTC', ...known]
  return [
    { value: 'auto', label: m.own_zone_auto({ zone: nameOf(own) }) },
    ...all.map((value) => ({ value, label: `${nameOf(value)} (${distance(value)})` })),
  ]
}

const nameOf = (zone: string) => zone.replaceAll('_', ' ').replaceAll('/', ' / ')
const now = new Date()
const distance = (timeZone: string) =>
  new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'shortOffset' }).formatToParts(now).find(({ type }) => type === 'timeZoneName')
    ?.value ?? ''
