import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { parts } from '../src/lib/i18n/parts.ts'

const folder = new URL('../src/lib/i18n/', import.meta.url)
const namesIn = (code: string) => [...code.matchAll(/^export const (\w+) = /gm)].map(([, name]) => name!)

/** The names of what only some pages say, by part; the first page has the rest. */
const later = new Map(
  parts.flatMap((part) => {
    const file = new URL(`../messages/${part}.en.json`, import.meta.url)
    if (!existsSync(file)) return []
    return Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object).map((name) => [name, part] as const)
  }),
)

/** All messages in the order of their numbers: each part's are together. */
function allNames(): string[] {
  const names = namesIn(readFileSync(new URL('paraglide/messages/_index.js', folder), 'utf8'))
  return [undefined, ...parts].flatMap((part) => names.filter((name) => later.get(name) === part))
}
const takesMessages = /import [^;]*\bm\b[^;]*from\s*['"][^'"]*(i18n|paraglide)/

/**
 * Nobody reads two languages at once, so only one travels: a message is asked for in the table that `tables.ts` has
 * loaded. Code and table agree by number, so that four hundred names need not travel either. Tests read the messages as
 * they were compiled.
 */
export function oneLanguage(): Plugin {
  return {
    name: 'atrium-one-language',
    apply: 'build',
    enforce: 'post',
    applyToEnvironment: ({ name }) => name === 'client',
    transform(code, id) {
      const [, language, part] = /\/i18n\/paraglide\/messages\/([a-z]+)\.js(?:\?(\w+))?$/.exec(id) ?? []
      if (language) {
        const [all, here] = [allNames(), new Set(namesIn(code))]
        const missing = all.filter((name) => !here.has(name))
        if (missing.length > 0) throw new Error(`${id} does not say: ${missing.join(', ')}`)
        const mine = all.filter((name) => later.get(name) === part)
        const table = `[${mine[0] === undefined ? 0 : all.indexOf(mine[0])}, [${mine.join(', ')}]]`
        return { code: `${code.replaceAll(/^export const /gm, 'const ')}\nexport default ${table}`, map: null }
      }
      if (id.endsWith('/i18n/paraglide/messages/_index.js')) return { code: 'export {}', map: null }
      if (!id.includes('/web/src/') || id.includes('/paraglide/') || !takesMessages.test(code)) return undefined
      const numbers = new Map(allNames().map((name, n) => [name, n]))
      const asking = code.replaceAll(/(?<![\w$.])m\.(\w+)(\(\)|\()?/g, (whole, name: string, call?: string) => {
        const n = numbers.get(name)
        if (n === undefined) throw new Error(`${id}: there is no message ${whole}`)
        if (call === undefined) return `((inputs) => sayInOneLanguage(${n}, inputs))`
        return call === '()' ? `sayInOneLanguage(${n})` : `sayInOneLanguage(${n}, `
      })
      const tables = JSON.stringify(fileURLToPath(new URL('tables.ts', folder)))
      return { code: `import { say as sayInOneLanguage } from ${tables}\n${asking}`, map: null }
    },
  }
}
