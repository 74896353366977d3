import { language } from '#lib/i18n/index.ts'

/** The longest first: a time is said in the first of them that it is a whole number of. */
export const unitsOfTime = { day: 86_400, hour: 3_600, minute: 60, second: 1 } as const
export type UnitOfTime = keyof typeof unitsOfTime
const units = Object.keys(unitsOfTime) as UnitOfTime[]

export const wholeUnit = (seconds: number): UnitOfTime =>
  seconds === 0 ? 'minute' : (units.find((unit) => seconds % unitsOfTime[unit] === 0) ?? 'second')

const format = (unit: UnitOfTime) => new Intl.NumberFormat(language.region, { style: 'unit', unit, unitDisplay: 'long' })

/** "14 days", "1 hour", "90 minutes". */
export const duration = (seconds: number, unit = wholeUnit(seconds)): string => format(unit).format(seconds / unitsOfTime[unit])

/** The word alone, as it stands after a number: "days". */
export const unitName = (unit: UnitOfTime, count = 2): string =>
  format(unit)
    .formatToParts(count)
    .find(({ type }) => type === 'unit')?.value ?? unit
