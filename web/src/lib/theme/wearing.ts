import { accentOf, styleOf } from './accent.ts'

/** Read again in `app.html`, before the first paint of the next page. */
const key = 'atrium.accent'

/** The accent of all of this page, and of the next one from its first moment. */
export function wearAccent(colour: string | null): void {
  const style = colour === null ? '' : styleOf(accentOf(colour))
  document.documentElement.style.cssText = style
  if (style) localStorage.setItem(key, style)
  else localStorage.removeItem(key)
}
