/** What of a colour becomes the accent: the tokens derive lightness by themselves, so that everything written in it can be read. */
export interface Accent {
  hue: number
  chroma: number
}
const [leastChroma, mostChroma] = [0.03, 0.14]
/** The pages behind everything, light and dark, as the hub knows them when it checks a colour. */
const pages = ['#fefdfc', '#191817']
export const leastContrast = 3

const partsOf = (colour: string): [number, number, number] =>
  [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]

/** OKLCH, by Björn Ottosson's matrices. */
function oklchOf(colour: string): { lightness: number; chroma: number; hue: number } {
  const [r, g, b] = partsOf(colour)
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s
  const hue = (Math.atan2(bb, a) * 180) / Math.PI
  return {
    lightness: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    chroma: Math.hypot(a, bb),
    hue: hue < 0 ? hue + 360 : hue,
  }
}
function hexOf({ lightness, chroma, hue }: { lightness: number; chroma: number; hue: number }): string {
  const [a, b] = [chroma * Math.cos((hue * Math.PI) / 180), chroma * Math.sin((hue * Math.PI) / 180)]
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  const rgb = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ]
  const encoded = rgb.map((part) => {
    const value = part <= 0.0031308 ? 12.92 * part : 1.055 * part ** (1 / 2.4) - 0.055
    return Math.round(Math.min(1, Math.max(0, value)) * 255)
      .toString(16)
      .padStart(2, '0')
  })
  return `#${encoded.join('')}`
}

export function accentOf(colour: string): Accent {
  const { chroma, hue } = oklchOf(colour)
  return { hue: Math.round(hue * 10) / 10, chroma: Math.round(Math.min(mostChroma, Math.max(leastChroma, chroma)) * 1_000) / 1_000 }
}
/** As the style of an element from which on it holds. */
export const styleOf = ({ hue, chroma }: Accent): string => `--accent-h:${hue};--accent-c:${chroma}`

const brightnessOf = (colour: string): number => {
  const [r, g, b] = partsOf(colour)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
/** WCAG's ratio, on the page where it is worse. */
export const contrastOf = (colour: string): number =>
  Math.min(
    ...pages.map((page) => {
      const [darker, lighter] = [brightnessOf(colour), brightnessOf(page)].sort((one, other) => one - other) as [number, number]
      return (lighter + 0.05) / (darker + 0.05)
    }),
  )

/** The same colour, lighter or darker by as little as makes it seen on both pages. */
export function nearestSeen(colour: string): string {
  if (contrastOf(colour) >= leastContrast) return colour
  const { lightness, ...rest } = oklchOf(colour)
  for (let step = 1; step <= 60; step++)
    for (const towards of [-1, 1]) {
      const candidate = hexOf({ ...rest, lightness: lightness + (towards * step) / 100 })
      if (contrastOf(candidate) >= leastContrast) return candidate
    }
  return '#2f6f6b'
}
