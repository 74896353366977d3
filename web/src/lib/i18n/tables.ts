import { getLocale, type Locale } from './paraglide/runtime.js'
import type { Part } from './parts.ts'

type Say = (inputs: object) => string
/** In a build: the messages of this file, and the number of the first. Elsewhere messages are imported by name. */
type File = { default?: readonly [first: number, messages: readonly Say[]] }

const files: Record<Locale, Record<'first' | Part, () => Promise<unknown>>> = {
  en: {
    first: () => import('./paraglide/messages/en.js'),
    refusals: () => import('./paraglide/messages/en.js?refusals'),
    about: () => import('./paraglide/messages/en.js?about'),
    me: () => import('./paraglide/messages/en.js?me'),
    people: () => import('./paraglide/messages/en.js?people'),
    meetings: () => import('./paraglide/messages/en.js?meetings'),
    files: () => import('./paraglide/messages/en.js?files'),
    documents: () => import('./paraglide/messages/en.js?documents'),
    administration: () => import('./paraglide/messages/en.js?administration'),
  },
  de: {
    first: () => import('./paraglide/messages/de.js'),
    refusals: () => import('./paraglide/messages/de.js?refusals'),
    about: () => import('./paraglide/messages/de.js?about'),
    me: () => import('./paraglide/messages/de.js?me'),
    people: () => import('./paraglide/messages/de.js?people'),
    meetings: () => import('./paraglide/messages/de.js?meetings'),
    files: () => import('./paraglide/messages/de.js?files'),
    documents: () => import('./paraglide/messages/de.js?documents'),
    administration: () => import('./paraglide/messages/de.js?administration'),
  },
}

/** What was loaded of what can be said. */
const table = () => ({ loaded: new Set<'first' | Part>(), messages: [] as Say[] })
const tables: Record<Locale, ReturnType<typeof table>> = { en: table(), de: table() }
const wanted = new Set<'first' | Part>(['first'])

/** In a build every message asks here, by its number (`scripts/one-language.ts`). */
export function say(message: number, inputs: object = {}): string {
  return tables[getLocale()].messages[message]!(inputs)
}

export const isLoaded = (one: Locale): boolean => [...wanted].every((part) => tables[one].loaded.has(part))

/** Whether there is this language now: without a network there may be none but the reader's own. */
export async function load(one: Locale): Promise<boolean> {
  try {
    await Promise.all([...wanted].map((part) => fetched(one, part)))
    return true
  } catch {
    return false
  }
}

/** From now on this part is said too, whatever the language. */
export function want(part: Part): void {
  wanted.add(part)
}

async function fetched(one: Locale, part: 'first' | Part) {
  const { loaded, messages } = tables[one]
  if (loaded.has(part)) return
  const [first, said] = ((await files[one][part]()) as File).default ?? [0, []]
  said.forEach((message, n) => (messages[first + n] = message))
  loaded.add(part)
}
