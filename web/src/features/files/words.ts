import { language } from '#lib/i18n/index.ts'

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** "184 kB", "2.4 MB": as file managers count, in thousands. */
export function size(bytes: number): string {
  const step = bytes < 1_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1_000 ** step
  return new Intl.NumberFormat(language.region, {
    style: 'unit',
    unit: units[step]!,
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: step === 0 || value >= 100 ? 0 : 1,
  }).format(value)
}

const collators = new Map<string, Intl.Collator>()
/** As people sort: "Plan 2" before "Plan 10", whatever the case. */
export function byName(one: string, other: string): number {
  const { region } = language
  let collator = collators.get(region)
  if (!collator) collators.set(region, (collator = new Intl.Collator(region, { numeric: true, sensitivity: 'base' })))
  return collator.compare(one, other)
}
