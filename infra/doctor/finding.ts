import { jsonLog, type Config } from '@atrium/platform'

export interface Finding {
  isGood: boolean
  what: string
  /** What to do, where it is not good. */
  advice?: string
}
/** What every check is given: the settings, and where the hub answers if it runs. */
export interface Patient {
  config: Config
  running: string | null
}
export type Check = (patient: Patient) => Promise<Finding[]>

/** What is looked at says nothing by itself. */
export const silence = jsonLog('silent')
