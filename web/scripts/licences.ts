import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

/** What the About page lists: everything that is shipped, the browser's part and the server's. */
export interface Licensed {
  name: string
  version: string
  licence: string
}
interface Manifest {
  name: string
  version: string
  license?: string | { type: string }
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

const root = new URL('../../', import.meta.url)
/** Run or shipped, though `web` lists them as tools of its build. */
const shippedByWeb = ['svelte', '@sveltejs/kit', '@lucide/svelte', 'marked', 'emojibase-data', 'tailwindcss']

const read = (folder: URL): Manifest | undefined => {
  try {
    return JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as Manifest
  } catch {
    return undefined // Optional for another system: not installed here, so not shipped from here.
  }
}

/** From every workspace along its dependencies, as Node would find them. */
export function licensed(): Licensed[] {
  const found = new Map<string, Licensed>()
  const look = (name: string, from: URL): void => {
    for (let folder = from; ; folder = new URL('../', folder)) {
      const place = new URL(`node_modules/${name}/`, folder)
      const manifest = read(place)
      if (manifest) return take(manifest, place)
      if (folder.href === root.href) return
    }
  }
  const take = (manifest: Manifest, place: URL): void => {
    const key = `${manifest.name}@${manifest.version}`
    if (found.has(key)) return
    if (!manifest.name.startsWith('@atrium/')) {
      const licence = typeof manifest.license === 'object' ? manifest.license.type : (manifest.license ?? 'see its files')
      found.set(key, { name: manifest.name, version: manifest.version, licence })
    }
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) look(name, place)
  }

  const workspaces = (JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { workspaces: string[] }).workspaces
  for (const workspace of workspaces.filter((name) => name !== 'test' && name !== 'infra')) {
    const folder = new URL(`${workspace}/`, root)
    const manifest = read(folder)
    if (!manifest) continue
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      if (!name.startsWith('@atrium/')) look(name, folder)
    }
    if (workspace === 'web') for (const name of shippedByWeb) look(name, folder)
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name, 'en') || a.version.localeCompare(b.version, 'en'))
}

const id = 'virtual:licences'
/** `import { licensed } from 'virtual:licences'`. */
export const licences = (): Plugin => ({
  name: 'atrium-licences',
  resolveId: (asked) => (asked === id ? `\0${id}` : undefined),
  load: (asked) => (asked === `\0${id}` ? `export const licensed = ${JSON.stringify(licensed())}` : undefined),
})
