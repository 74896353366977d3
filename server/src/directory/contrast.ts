/** The pages behind everything, in the light and in the dark theme (`web/src/lib/ui/tokens.css`). */
const pages = { light: '#fefdfc', dark: '#191817' }
/** WCAG 1.4.11: what is no text, and yet has to be seen. */
export const leastContrast = 3

function brightness(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

export function contrastOf(one: string, other: string): number {
  const [lighter, darker] = [brightness(one), brightness(other)].toSorted((a, b) => b - a) as [number, number]
  return (lighter + 0.05) / (darker + 0.05)
}

/** In the theme where it is worse. */
export const contrastOnPages = (accent: string): number => Math.min(contrastOf(accent, pages.light), contrastOf(accent, pages.dark))
