import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'

const folder = new URL('../src/lib/i18n/', import.meta.url)
const namesIn = (code: string) => [...code.matchAll(/^export const (\w+) = /gm)].map(([, name]) => name!)

const allNames = () => namesIn(readFileSync(new URL('paraglide/messages/_index.js', folder), 'utf8'))
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
      const [, language] = /\/i18n\/paraglide\/messages\/([a-z]+)\.js$/.exec(id) ?? []
      if (language) {
        const [all, here] = [allNames(), new Set(namesIn(code))]
        const missing = all.filter((name) => !here.has(name))
        if (missing.length > 0) throw new Error(`${id} does not say: ${missing.join(', ')}`)
        return { code: `${code.replaceAll(/^export const /gm, 'const ')}\nexport default [${all.join(', ')}]`, map: null }
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
