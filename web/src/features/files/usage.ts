import { m } from '#lib/i18n/index.ts'
import { size } from './words.ts'

export interface Usage {
  bytes: number
  maxBytes: number
}
const levels = [100, 90, 80] as const
export type Level = (typeof levels)[number]

/** How full it is, in the steps in which the hub tells it; undefined: there is space enough. */
export const levelOf = ({ bytes, maxBytes }: Usage): Level | undefined => levels.find((percent) => bytes * 100 >= maxBytes * percent)

/** What that means, and what to do. */
export function sayingOf(usage: Usage): string | undefined {
  const left = size(Math.max(0, usage.maxBytes - usage.bytes))
  switch (levelOf(usage)) {
    case 100:
      return m.files_usage_full()
    case 90:
      return m.files_usage_almost({ left })
    case 80:
      return m.files_usage_getting({ left })
    default:
      return undefined
  }
}
