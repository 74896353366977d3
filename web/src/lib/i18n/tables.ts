import { getLocale, type Locale } from './paraglide/runtime.js'

const files: Record<Locale, () => Promise<unknown>> = {
  en: () => import('./paraglide/messages/en.js'),
  de: () => import('./paraglide/messages/de.js'),
}

/** What was loaded of what can be said. */
export const tables: Partial<Record<Locale, unknown>> = {}

/** In a build every message asks here, by its number (`scripts/one-language.ts`). */
export function say(message: number, inputs: object = {}): string {
  const { default: table } = tables[getLocale()] as { default: ((inputs: object) => string)[] }
  return table[message]!(inputs)
}

/** Whether there is this language now: without a network there may be none but the reader's own. */
export async function load(one: Locale): Promise<boolean> {
  try {
    tables[one] ??= await files[one]()
    return true
  } catch {
    return false
  }
}
