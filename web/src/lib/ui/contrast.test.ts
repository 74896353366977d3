import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** Reads the tokens as a browser would: `light-dark()` by theme, accent by hue, washes laid over their ground. */
type Colour = [l: number, c: number, h: number, alpha: number]
const css = readFileSync(`${import.meta.dirname}/tokens.css`, 'utf8')
const tokens = new Map(
  [...css.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [
    name!,
    value!.replaceAll(/\s+/g, ' ').replaceAll('( ', '(').replaceAll(' )', ')').trim(),
  ]),
)

function colourOf(name: string, theme: 'light' | 'dark', accent: { h: number; c: number }): Colour {
  let text = tokens.get(name)!
  const both = /^light-dark\((.*)\)$/.exec(text)?.[1]
  if (both) {
    const middle = [...both.matchAll(/,/g)].map((comma) => comma.index).find((at) => depth(both.slice(0, at)) === 0)!
    text = (theme === 'light' ? both.slice(0, middle) : both.slice(middle + 1)).trim()
  }
  text = text.replaceAll('var(--accent-h)', String(accent.h)).replaceAll('var(--accent-c)', String(accent.c))
  const inner = /^oklch\((.*)\)$/.exec(text)![1]!.replace(/calc\(([\d.]+) \* ([\d.]+)\)/, (_, a, b) => String(Number(a) * Number(b)))
  const [values, alpha] = inner.split('/')
  const [l, c, h] = values!.trim().split(/\s+/).map(Number)
  return [l!, c!, h!, alpha ? Number(alpha) : 1]
}
const depth = (text: string) => text.split('(').length - text.split(')').length

function linear([l, c, h]: Colour): [number, number, number] {
  const [a, b] = [c * Math.cos((h * Math.PI) / 180), c * Math.sin((h * Math.PI) / 180)]
  const [x, y, z] = [
    (l + 0.3963377774 * a + 0.2158037573 * b) ** 3,
    (l - 0.1055613458 * a - 0.0638541728 * b) ** 3,
    (l - 0.0894841775 * a - 1.291485548 * b) ** 3,
  ]
  const within = (value: number) => Math.min(1, Math.max(0, value))
  return [
    within(4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z),
    within(-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z),
    within(-0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z),
  ]
}
const luminance = (colour: Colour) => {
  const [r, g, b] = linear(colour)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
const contrast = (one: Colour, other: Colour) => {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

const texts = [
  ...['text', 'text-2', 'text-3'].flatMap((text) =>
    ['ground-0', 'ground-1', 'ground-2', 'ground-3', 'float'].map((ground) => [text, ground] as const),
  ),
  ...['ground-0', 'ground-1', 'accent-soft', 'accent-soft-2', 'float'].map((ground) => ['accent-text', ground] as const),
  ['accent-on', 'accent'] as const,
  ['accent-on', 'accent-hover'] as const,
  ['bad-on', 'bad-solid'] as const,
  ...['good', 'warn', 'bad'].flatMap((kind) => [[`${kind}-text`, `${kind}-soft`] as const, [`${kind}-text`, 'ground-0'] as const]),
  ['text', 'mark-on'] as const,
]
const controls = [['line-strong', 'ground-0'] as const, ['accent', 'ground-0'] as const, ['accent', 'ground-1'] as const]
const accents = [
  { h: 222, c: 0.095 },
  ...Array.from({ length: 24 }, (_, index) => index * 15).flatMap((h) => [0.03, 0.085, 0.14].map((c) => ({ h, c }))),
]

for (const theme of ['light', 'dark'] as const) {
  test(`${theme}: text is readable and controls are visible, with any accent`, () => {
    for (const accent of accents) {
      const between = ([one, other]: readonly [string, string]) => contrast(colourOf(one, theme, accent), colourOf(other, theme, accent))
      for (const pair of texts)
        expect(between(pair), `${pair.join(' on ')}, hue ${accent.h}, chroma ${accent.c}`).toBeGreaterThanOrEqual(4.5)
      for (const pair of controls)
        expect(between(pair), `${pair.join(' on ')}, hue ${accent.h}, chroma ${accent.c}`).toBeGreaterThanOrEqual(3)
    }
  })
}
