import { locales, overwriteGetLocale, type Locale } from './paraglide/runtime.js'
import type { Part } from './parts.ts'
import { speakAlso } from './sentence.ts'
import { isLoaded, load, want } from './tables.ts'

export type Language = Locale
export const languages: readonly Language[] = locales
/** Each in its own words, so that everybody finds theirs. */
export const languageNames: Record<Language, string> = { en: 'English', de: 'Deutsch' }

const key = 'atrium.language'
const isLanguage = (text: string | null | undefined): text is Language => languages.includes(text as Language)
const ofBrowser = (): Language => navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en'
const kept = (): Language | undefined => {
  const text = localStorage.getItem(key)
  return isLanguage(text) ? text : undefined
}

/** The reader's own kind of a language: "en-GB" writes 14:05 where "en" alone says 2:05 PM. */
const regionOf = (one: Language): string => navigator.languages.find((tag) => tag.toLowerCase().startsWith(`${one}-`)) ?? one

const first = kept() ?? ofBrowser()
let current = $state<Language>(first)
let wanted = first
// Every message asks for the language while it is drawn, so a change draws all of them anew.
overwriteGetLocale(() => current)
document.documentElement.lang = first

function show(one: Language): void {
  current = one
  document.documentElement.lang = one
}

/** Rather another language than none at all. */
async function begin(): Promise<void> {
  for (const one of [first, ...languages]) if (await load(one)) return show(one)
}

export const language = {
  /** Nothing can be said before. */
  ready: begin(),
  get current(): Language {
    return current
  },
  /** For pages that say more than the first one does: asked for before they are shown. */
  async also(part: Part): Promise<void> {
    want(part)
    want('refusals')
    const [isThere, { spokenLater }] = await Promise.all([load(current), import('./sentence.later.ts')])
    speakAlso(spokenLater)
    if (!isThere) throw new Error(`The sentences of ${part} could not be fetched`)
  },
  /** For dates and numbers. */
  get region(): string {
    return regionOf(current)
  },
  /** What the profile says; null follows the browser. Until the language has been loaded the page keeps the one it has. */
  async use(chosen: Language | null): Promise<void> {
    const one = (wanted = chosen ?? ofBrowser())
    if (chosen) localStorage.setItem(key, chosen)
    else localStorage.removeItem(key)
    if (isLoaded(one) || ((await load(one)) && wanted === one)) show(one)
  },
}
