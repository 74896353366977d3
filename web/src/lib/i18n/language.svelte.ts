import { locales, overwriteGetLocale, type Locale } from './paraglide/runtime.js'

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
// Every message asks for the language while it is drawn, so a change draws all of them anew.
overwriteGetLocale(() => current)
document.documentElement.lang = first

export const language = {
  get current(): Language {
    return current
  },
  /** For dates and numbers. */
  get region(): string {
    return regionOf(current)
  },
  /** What the profile says; null follows the browser. */
  use(chosen: Language | null): void {
    current = chosen ?? ofBrowser()
    document.documentElement.lang = current
    if (chosen) localStorage.setItem(key, chosen)
    else localStorage.removeItem(key)
  },
}
