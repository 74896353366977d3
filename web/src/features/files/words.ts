import { language } from '#lib/i18n/index.ts'

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** "184 kB", "2.4 MB": in steps of 1,024, as space is given out: who has ten of them reads 10, not 10.7. */
export function size(bytes: number): string {
  const step = bytes < 1_024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1_024 ** step
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
