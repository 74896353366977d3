import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

const shelf = new URL('../src/lib/ui/index.ts', import.meta.url)
/** What something in a file is called there. */
interface Place {
  exported: string
  file: string
}
const imports = /import\s*\{([^}]*)\}\s*from\s*["']([^"']*lib\/ui\/)index\.ts["'];?/g

/**
 * An import from `lib/ui` names the file behind it. A module that hands on all of them would be one dependency of everybody, and whoever
 * needs a button would have every dialog come along: the bundler keeps dependencies together.
 */
export function unshelved(): Plugin {
  let places = new Map<string, Place>()
  return {
    name: 'atrium-unshelved',
    apply: 'build',
    enforce: 'post',
    buildStart() {
      places = placesIn(readFileSync(shelf, 'utf8'))
    },
    transform(code, id) {
      if (!code.includes('lib/ui/index.ts')) return undefined
      const direct = ({ theirs, ours }: { theirs: string; ours: string }, folder: string) => {
        const place = places.get(theirs)
        if (!place) throw new Error(`${id} imports ${theirs} from lib/ui, which exports no such thing`)
        return `import { ${place.exported} as ${ours} } from '${folder}${place.file}';`
      }
      const all = (_: string, list: string, folder: string) =>
        namesIn(list)
          .map((name) => direct(name, folder))
          .join(' ')
      return { code: code.replace(imports, all), map: null }
    },
  }
}

/** Behind each name that is handed on. */
function placesIn(source: string): Map<string, Place> {
  const handedOn = [...source.matchAll(/export\s*\{([^}]*)\}\s*from\s*'\.\/([^']+)'/g)]
  return new Map(
    handedOn.flatMap(([, list, file]) => namesIn(list!).map(({ theirs, ours }) => [ours, { exported: theirs, file: file! }] as const)),
  )
}

/** `a, b as c`. */
const namesIn = (list: string): { theirs: string; ours: string }[] =>
  list
    .split(',')
    .map((one) => one.trim().split(/\s+as\s+/))
    .flatMap(([theirs, ours = theirs]) => (theirs && ours ? [{ theirs, ours }] : []))
